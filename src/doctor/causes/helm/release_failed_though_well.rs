//! A release counts as failed although all that it installed is ready.

use super::failure::{FailedRelease, WhyFailed, failures};
use super::owned::{is_ready, unready, workloads};
use super::{MANUAL, again, with};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "release-failed-though-well", title: "A release counts as failed although it is well", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::TimedOut).filter_map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<Diagnosis> {
    let live = &failure.live;
    let newest = live.items("/status/history").first()?;
    let (chart, version) = (text(newest, "/chartName"), text(newest, "/chartVersion"));
    if failure.remediated().is_some()
        || text(newest, "/status") != "failed"
        || failure.chart != format!("{chart}@{version}")
    {
        return None;
    }
    let workloads = workloads(graph, live.object);
    // helm writes the chart's version into a label with `_` for `+`.
    let wanted = format!("{chart}-{}", version.replace('+', "_"));
    let is_wanted = |label: &str| label.is_empty() || label == wanted;
    let are_well = workloads.iter().all(|one| is_ready(graph, one) && is_wanted(one.label("helm.sh/chart")));
    if workloads.is_empty() || !are_well || !unready(graph, live.object).is_empty() {
        return None;
    }
    let names: Vec<String> = workloads.iter().map(|one| one.object.told()).take(3).collect();
    let ago =
        failure.condition.last_transition_time.map(|at| format!(" {} ago", age(graph.now, at))).unwrap_or_default();
    let rest = if failure.is_stalled() {
        "helm-controller does not look again by itself"
    } else {
        "helm-controller tries again"
    };
    let message = format!(
        "{} counts as failed since its time ran out{ago}, but what it installs from {} is ready now ({}); {rest}",
        live.object.told(),
        failure.chart,
        names.join(", ")
    );
    let diagnosis = Diagnosis::new(CAUSE.id, live.object, message)
        .warning()
        .seen_all(failure.evidence())
        .seen_all(workloads.iter().take(5).map(|one| one.field_evidence("status.readyReplicas", &ready(one))))
        .look_at(graph.describe(live.object))
        .documented(&format!("{MANUAL}#timeout"));
    Some(if failure.is_stalled() { diagnosis } else { with(diagnosis, again(graph, live.object)) })
}

fn ready(live: &crate::doctor::LiveObject<'_>) -> String {
    let count = live.number("/status/readyReplicas").or_else(|| live.number("/status/numberReady"));
    count.unwrap_or(0).to_string()
}
