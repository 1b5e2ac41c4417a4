//! A volume cannot be bound to the claim that waits for it.

use super::for_long;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "persistent-volume-not-free", title: "A volume is not free for the claim that waits for it", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let waits =
        |claim: &LiveObject<'_>| claim.text("/status/phase") == "Pending" && graph.is_past(claim.created(), 120);
    let claims: Vec<LiveObject<'_>> = graph.all("", "PersistentVolumeClaim").filter(waits).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let volumes = graph.all("", "PersistentVolume").filter(|volume| !volume.is_deleting());
    let left = volumes.filter(|volume| matches!(volume.text("/status/phase"), "Released" | "Failed"));
    left.filter_map(|volume| {
        let claim = claims.iter().find(|claim| is_for(claim, &volume))?;
        Some(diagnosis(graph, &volume, claim))
    })
    .collect()
}

/// Tells whether a claim can have no other volume: it names it, or had it before and asks for no class.
fn is_for(claim: &LiveObject<'_>, volume: &LiveObject<'_>) -> bool {
    let named = claim.text("/spec/volumeName");
    let had = volume.text("/spec/claimRef/name") == claim.object.name
        && volume.text("/spec/claimRef/namespace") == claim.object.namespace;
    let is_static = claim.value.pointer("/spec/storageClassName").is_some_and(|class| class == "");
    named == volume.object.name || (named.is_empty() && had && is_static)
}

fn diagnosis(graph: &LiveGraph, volume: &LiveObject<'_>, claim: &LiveObject<'_>) -> Diagnosis {
    let phase = volume.text("/status/phase");
    let since = volume.time("/status/lastPhaseTransitionTime");
    let before = format!("{}/{}", volume.text("/spec/claimRef/namespace"), volume.text("/spec/claimRef/name"));
    let why = match short(volume.text("/status/message")) {
        said if said.is_empty() => format!("it still belongs to an older claim {before}"),
        said => said,
    };
    let message = format!(
        "{} {}, so {} waits for it: {why}",
        volume.object.told(),
        for_long(graph.now, since, [&format!("is {phase}"), &format!("has been {phase} for")]),
        claim.object.told()
    );
    let found = Diagnosis::new(CAUSE.id, volume.object, message)
        .warning()
        .seen(format!("status.phase: {phase}, spec.claimRef: {before}"), since, volume.object.told())
        .seen("status.phase: Pending", claim.created(), claim.object.told())
        .explaining([claim.object.clone()])
        .look_at(graph.describe(volume.object))
        .look_at(graph.describe(claim.object))
        .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming");
    if phase == "Failed" {
        return found.mended_by(Remedy::change(
            "Mend what its message names: the reclaim failed in the storage, and the volume is given to nobody until then.",
            "the volume is gone, or Available",
        ));
    }
    found.mended_by(Remedy::new(
        graph.shell("kubectl patch persistentvolume {} --type=json -p {}", &[
            &volume.object.name,
            r#"[{"op": "remove", "path": "/spec/claimRef"}]"#,
        ]),
        "The volume keeps its data and the name of its old claim, and is given to nobody: without claimRef the new claim gets it, data included.",
        "the claim is Bound",
    ))
}
