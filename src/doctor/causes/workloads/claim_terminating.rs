//! A claim was deleted while pods use it: it goes, with its data, as soon as they end.

use serde_json::Value;

use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;
use crate::model::clock::age;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause = Cause { id: "claim-terminating", title: "A claim was deleted and is still used", find };

/// The finalizer that keeps a claim while a pod uses it (kube-controller-manager, `pvc-protection`).
const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Pods that end take the claim with them within this time.
const SECONDS: i64 = 120;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let ending = graph.all("", "PersistentVolumeClaim").filter(LiveObject::is_deleting);
    ending.filter_map(|claim| diagnosis(graph, &claim)).collect()
}

fn diagnosis(graph: &LiveGraph, claim: &LiveObject<'_>) -> Option<Diagnosis> {
    let object = claim.object;
    let since = claim.time("/metadata/deletionTimestamp")?;
    let is_kept = claim.items("/metadata/finalizers").iter().filter_map(Value::as_str).any(|one| one == PROTECTION);
    if !is_kept || !graph.is_past(Some(since), SECONDS) || is_namespace_ending(graph, &object.namespace) {
        return None;
    }
    let uses = |pod: &LiveObject<'_>| {
        let is_over = matches!(pod.text("/status/phase"), "Succeeded" | "Failed");
        !is_over
            && pod
                .items("/spec/volumes")
                .iter()
                .any(|volume| text(volume, "/persistentVolumeClaim/claimName") == object.name)
    };
    let pods: Vec<String> =
        graph.labelled("", "Pod", &object.namespace, "").filter(uses).map(|pod| pod.object.told()).collect();
    if pods.is_empty() {
        return None;
    }
    let volume = claim.text("/spec/volumeName");
    let kept = graph.get(&ObjectRef::new("PersistentVolume", "", "", volume)).found();
    let is_retained = kept.is_some_and(|live| live.text("/spec/persistentVolumeReclaimPolicy") == "Retain");
    let fate = if is_retained { "its volume is retained" } else { "its data goes with it" };
    let message = format!(
        "{} was deleted {} ago and waits for {} alone: as soon as these end it is gone, and {fate}",
        object.told(),
        age(graph.now, since),
        some_of(&pods, ", ")
    );
    let mut seen = claim.field_evidence("metadata.deletionTimestamp", claim.text("/metadata/deletionTimestamp"));
    seen.at = Some(since);
    let found = Diagnosis::new(CAUSE.id, object, message)
        .warning()
        .seen_all([seen, claim.field_evidence("metadata.finalizers", PROTECTION)])
        .look_at(graph.describe(object))
        .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection");
    let found = if is_retained || volume.is_empty() {
        found
    } else {
        let line = graph.shell(
            "kubectl patch pv {} --type=merge -p '{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Retain\"}}'",
            &[volume],
        );
        found.mended_by(Remedy::new(
            line,
            "A deletion cannot be taken back. This keeps the volume with its data when the claim goes; back the data up before any of the pods ends.",
            "RECLAIM POLICY Retain",
        ))
    };
    Some(found.mended_by(Remedy::change(
        "Then end the pods, let Flux make the claim anew, and give it the volume (spec.volumeName, after spec.claimRef of the volume is taken away) or the data of the backup.",
        "a new claim is Bound",
    )))
}

fn is_namespace_ending(graph: &LiveGraph, name: &str) -> bool {
    graph.get(&ObjectRef::new("Namespace", "", "", name)).found().is_some_and(|live| live.is_deleting())
}
