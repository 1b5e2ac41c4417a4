//! The newest revision of a release failed, while its Ready condition tells of an older generation.

use super::{MANUAL, again, unwell, with};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::{age, go_duration};

pub(super) const CAUSE: Cause =
    Cause { id: "release-last-failed", title: "The newest revision failed, and Ready is of an older generation", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    unwell(graph).filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let generation = live.number("/metadata/generation");
    let ready = live.condition("Ready").filter(|ready| crate::model::health::is_old(ready, generation))?;
    let newest = live.items("/status/history").first().filter(|past| text(past, "/status") == "failed")?;
    let at: jiff::Timestamp = text(newest, "/lastDeployed").parse().ok()?;
    let limit = go_duration(live.text("/spec/timeout")).map_or(300, |limit| limit.as_secs());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_mul(2).saturating_add(60);
    // A new attempt may be on its way.
    let since = ready.last_transition_time.into_iter().chain([at]).max()?;
    if graph.now.duration_since(since).as_secs() <= limit {
        return None;
    }
    let object = live.object;
    let message = format!(
        "{}: its newest revision ({}@{}, {} ago) failed; Ready says {} of generation {}, and the spec is at {}",
        object.told(),
        text(newest, "/chartName"),
        text(newest, "/chartVersion"),
        age(graph.now, at),
        ready.status,
        ready.observed_generation.unwrap_or_default(),
        generation.unwrap_or_default(),
    );
    let released = live.condition("Released").filter(|released| released.status == "False");
    let diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .unless_deeper()
        .seen("status.history[0].status: failed", Some(at), object.told())
        .seen_all([live.condition_evidence(&ready)])
        .seen_all(released.iter().map(|released| live.condition_evidence(released)))
        .look_at(graph.describe(object))
        .look_at(graph.shell("kubectl get pods -A -l app=helm-controller", &[]))
        .documented(&format!("{MANUAL}#history"));
    let why = "helm-controller has not taken the newest spec up: see that it runs, then let it look again.".to_owned();
    Some(with(diagnosis, again(graph, object).map(|again| Remedy { why, ..again })))
}
