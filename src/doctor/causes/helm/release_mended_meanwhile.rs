//! What a release lacked is there now, and its controller has not looked again yet.

use super::failure::{WhyFailed, failures};
use super::release_crd_missing::came_meanwhile;
use super::values_reference_missing::{has, named};
use super::{MANUAL, again, failing, source_of, with};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Condition, ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "release-mended-meanwhile", title: "What a release lacked is there now", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let sources = failing(graph, "SourceNotReady").filter_map(|(live, ready)| {
        let source = match live.text("/status/helmChart").split_once('/') {
            Some((namespace, name)) if live.text("/spec/chartRef/name").is_empty() => {
                kinds::HELM_CHART.object(namespace, name)
            }
            _ => source_of(graph, live.object)?.clone(),
        };
        is_ready(graph, &source).then(|| diagnosis(graph, &live, &ready, &[source]))
    });
    let values = failing(graph, "ValuesError").filter_map(|(live, ready)| {
        let (object, key) = named(&live, &ready).filter(|_| ready.message.ends_with("not found"))?;
        let found = graph.get(&object).found()?;
        has(&found, key).then(|| diagnosis(graph, &live, &ready, &[object]))
    });
    // Where the retries are exhausted, another cause says what is to be done.
    let kinds = failures(graph, WhyFailed::CustomResource).filter_map(|failure| {
        let is_given_up = failure.live.present_condition("Stalled", "True").is_some();
        let kind = came_meanwhile(graph, &failure).filter(|_| !is_given_up)?;
        let message = format!(
            "{}: the cluster did not know kind {kind}, and serves it now: helm-controller has not tried again",
            failure.cannot()
        );
        let found = Diagnosis::new(CAUSE.id, failure.live.object, message).warning().unless_deeper();
        let found = found.seen_all(failure.evidence()).look_at(graph.describe(failure.live.object));
        Some(with(found, again(graph, failure.live.object)))
    });
    sources.chain(values).chain(kinds).collect()
}

fn is_ready(graph: &LiveGraph, object: &ObjectRef) -> bool {
    graph.get(object).found().is_some() && graph.row(object).is_some_and(|row| row.state == State::Ready)
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition, on: &[ObjectRef]) -> Diagnosis {
    let names: Vec<String> = on.iter().map(ObjectRef::told).collect();
    let since = ready.last_transition_time.map(|at| format!(" {} ago", age(graph.now, at))).unwrap_or_default();
    let message = format!(
        "{} began to wait{since} for {}, which is there and ready now: helm-controller has not looked again",
        live.object.told(),
        names.join(", ")
    );
    let diagnosis = Diagnosis::new(CAUSE.id, live.object, message)
        .warning()
        .unless_deeper()
        .seen_all([live.condition_evidence(ready)])
        .look_at(graph.describe(live.object))
        .documented(&format!("{MANUAL}#values-references"));
    with(diagnosis, again(graph, live.object))
}
