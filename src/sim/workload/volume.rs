//! Volumes for a single node: a pod waits as long as another one holds its volume on a lost node.

use serde_json::Value;

use super::is_leaving;
use super::pull::wait;
use crate::model::ObjectRef;
use crate::sim::flux::report::event_from;
use crate::sim::json::{list, sha256, text};
use crate::sim::kinds;
use crate::sim::world::SimulatedCluster;

/// Makes a pod wait for a volume that another holds; tells whether it does.
pub(super) fn hold(world: &mut SimulatedCluster, key: &ObjectRef, pod: &Value) -> bool {
    let node = text(pod, "/spec/nodeName");
    let claims = claims(pod);
    let Some(served) = kinds::by_kind("", "Pod").filter(|_| !claims.is_empty()) else { return false };
    let holder = world.store.list(served, &key.namespace).find_map(|(other, object)| {
        let elsewhere = other != key && is_leaving(object) && text(object, "/spec/nodeName") != node;
        let claim = self::claims(object).into_iter().find(|claim| claims.contains(claim)).filter(|_| elsewhere)?;
        let live = world.store.get(&ObjectRef::new("PersistentVolumeClaim", "", &key.namespace, &claim))?;
        let single = list(live, "/spec/accessModes").iter().any(|mode| mode == "ReadWriteOnce");
        single.then(|| (other.name.clone(), volume(live, &claim)))
    });
    let Some((holder, volume)) = holder else { return false };
    let message = format!("Multi-Attach error for volume \"{volume}\" Volume is already used by pod(s) {holder}");
    event_from(world, pod, "attachdetach-controller", "Warning", "FailedAttachVolume", &message);
    wait(world, key, pod, "ContainerCreating", "");
    true
}

fn claims(pod: &Value) -> Vec<String> {
    let volumes = list(pod, "/spec/volumes").iter();
    volumes
        .map(|one| text(one, "/persistentVolumeClaim/claimName").to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn volume(claim: &Value, name: &str) -> String {
    match text(claim, "/spec/volumeName") {
        "" => format!("pvc-{}", crate::sim::json::head(&sha256(name), 8)),
        named => named.to_owned(),
    }
}
