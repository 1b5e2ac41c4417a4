//! Volumes and the claims to them.

use serde_json::Value;

use super::generic::field;
use super::writer::{Writer, at, conditions, marks};

/// Describes a `PersistentVolumeClaim`.
pub(super) fn claim(value: &Value, writer: &mut Writer) {
    writer.field("StorageClass", at(value, "/spec/storageClassName"));
    writer.field("Status", at(value, "/status/phase"));
    writer.field("Volume", at(value, "/spec/volumeName"));
    marks(value, writer);
    writer.field("Finalizers", at(value, "/metadata/finalizers"));
    writer.field("Capacity", at(value, "/status/capacity/storage"));
    writer.field("Requested", at(value, "/spec/resources/requests/storage"));
    writer.field("Access Modes", at(value, "/spec/accessModes"));
    writer.field("VolumeMode", at(value, "/spec/volumeMode"));
    conditions(value, writer);
}

/// Describes a `PersistentVolume`.
pub(super) fn volume(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.field("Finalizers", at(value, "/metadata/finalizers"));
    writer.field("StorageClass", at(value, "/spec/storageClassName"));
    writer.field("Status", at(value, "/status/phase"));
    let claim = format!("{}/{}", at(value, "/spec/claimRef/namespace"), at(value, "/spec/claimRef/name"));
    writer.field("Claim", if claim == "/" { "" } else { &claim });
    writer.field("Reclaim Policy", at(value, "/spec/persistentVolumeReclaimPolicy"));
    writer.field("Access Modes", at(value, "/spec/accessModes"));
    writer.field("VolumeMode", at(value, "/spec/volumeMode"));
    writer.field("Capacity", at(value, "/spec/capacity/storage"));
    writer.some("Message", at(value, "/status/message"));
    let common =
        ["capacity", "accessModes", "persistentVolumeReclaimPolicy", "storageClassName", "claimRef", "volumeMode"];
    for (key, source) in value.pointer("/spec").and_then(Value::as_object).into_iter().flatten() {
        if !common.contains(&key.as_str()) {
            field(key, source, writer);
        }
    }
}
