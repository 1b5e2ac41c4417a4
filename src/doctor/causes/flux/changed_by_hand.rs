//! An object is well, and people changed it against Git.

use super::failure::flux_objects;
use crate::doctor::Cause;
use crate::doctor::by_hand::{CHANGED_BY_HAND, HandChange, evidence, hand_changes, remedies};
use crate::doctor::causes::workloads::autoscalers::is_autoscaled;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: CHANGED_BY_HAND, title: "Changed by hand, against Git", find };

const REPLICAS: &str = "spec.replicas";

/// It sums up: where something is wrong with the object, the change is evidence of that.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let workloads = kinds::WORKLOADS.iter().flat_map(|kind| graph.all(kind.group, kind.kind));
    let flux = flux_objects(graph).map(|(live, ..)| live);
    workloads.chain(flux).chain(graph.all("batch", "CronJob")).filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let is_told_here = |change: &HandChange| {
        // Fewer pods have a cause of their own, and an autoscaler counts by itself.
        change.path != REPLICAS || (change.is_more() && is_autoscaled(graph, live) == Some(false))
    };
    let changes: Vec<HandChange> = hand_changes(graph, live).into_iter().filter(is_told_here).collect();
    let first = changes.first()?;
    let declared = graph.declared(live)?;
    let more = match changes.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let fate = if changes.iter().all(HandChange::is_taken_back) {
        format!("the next run of {} takes it back", declared.applier.told())
    } else {
        "no run of Flux takes all of it back".to_owned()
    };
    let message = format!("{} is not as Git declares it: {}{more}; {fate}", live.object.told(), first.told(graph.now));
    let found = Diagnosis::new(CAUSE.id, live.object, message)
        .warning()
        .unless_other()
        .seen_all(evidence(graph, live, &changes))
        .look_at(
            graph.shell(
                "flux diff kustomization {} -n {} --path .",
                &[&declared.applier.name, &declared.applier.namespace],
            ),
        )
        .documented(
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources",
        );
    Some(remedies(graph, live, &changes, declared).into_iter().fold(found, Diagnosis::mended_by))
}
