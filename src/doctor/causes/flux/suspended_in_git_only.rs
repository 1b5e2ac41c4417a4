//! Git suspends an object, and somebody resumed it by hand.

use super::failure::flux_objects;
use super::suspension::{against_git, declared_evidence};
use crate::doctor::Cause;
use crate::doctor::by_hand::reconciled;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "suspended-in-git-only", title: "Resumed by hand, against Git", find };

/// The next run of the Kustomization that applies it suspends it again.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let flux = flux_objects(graph).map(|(live, ..)| live);
    let live = flux.chain(graph.all("batch", "CronJob")).filter(|live| !live.is_true("/spec/suspend"));
    live.filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let (declared, writer) = against_git(graph, live)?;
    let ago = writer.at.map(|at| format!(", {} ago", age(graph.now, at))).unwrap_or_default();
    let message = format!(
        "{} was resumed by hand{}{ago}, and Git says suspend: true: the next run of {} suspends it again",
        live.object.told(),
        writer.told(),
        declared.applier.told(),
    );
    let suspend = if live.value.pointer("/spec/suspend").is_some() { "false" } else { "not set" };
    let mut field = live.field_evidence("spec.suspend", suspend);
    field.at = writer.at;
    let mut found = Diagnosis::new(CAUSE.id, live.object, message)
        .warning()
        .seen_all([field])
        .seen_all(declared_evidence(graph, live))
        .look_at(graph.yaml(live.object))
        .mended_by(Remedy::change(
            format!("If it is to run, take suspend: true out of {} and push.", declared.file),
            "the file says what is live",
        ))
        .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend");
    for remedy in reconciled(graph, declared, "it is suspended, as Git says") {
        found = found.mended_by(remedy);
    }
    Some(found)
}
