//! The workloads: Deployment, `ReplicaSet`, `StatefulSet`, `DaemonSet`.

use serde_json::Value;

use super::pod::template;
use super::writer::{Writer, at, conditions, controlled_by, marks, pairs};

fn head(value: &Value, writer: &mut Writer) {
    writer.field("CreationTimestamp", at(value, "/metadata/creationTimestamp"));
    marks(value, writer);
    let mut selector = pairs(value, "/spec/selector/matchLabels", "=");
    selector.extend(value.pointer("/spec/selector/matchExpressions").map(ToString::to_string));
    writer.field("Selector", selector.join(","));
    controlled_by(value, writer);
}

fn count(value: &Value, pointer: &str) -> String {
    let text = at(value, pointer);
    if text.is_empty() { "0".to_owned() } else { text }
}

/// Describes a Deployment.
pub(super) fn deployment(value: &Value, writer: &mut Writer) {
    head(value, writer);
    let of = |name: &str| count(value, &format!("/status/{name}"));
    writer.field(
        "Replicas",
        format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            count(value, "/spec/replicas"),
            of("updatedReplicas"),
            of("replicas"),
            of("availableReplicas"),
            of("unavailableReplicas")
        ),
    );
    writer.field("StrategyType", at(value, "/spec/strategy/type"));
    writer.field("MinReadySeconds", count(value, "/spec/minReadySeconds"));
    let surge = at(value, "/spec/strategy/rollingUpdate/maxSurge");
    if !surge.is_empty() {
        let unavailable = at(value, "/spec/strategy/rollingUpdate/maxUnavailable");
        writer.field("RollingUpdateStrategy", format!("{unavailable} max unavailable, {surge} max surge"));
    }
    template(value, "/spec/template", writer);
    conditions(value, writer);
}

/// Describes a `ReplicaSet`.
pub(super) fn replica_set(value: &Value, writer: &mut Writer) {
    head(value, writer);
    writer.field(
        "Replicas",
        format!("{} current / {} desired", count(value, "/status/replicas"), count(value, "/spec/replicas")),
    );
    writer.field("Ready", count(value, "/status/readyReplicas"));
    template(value, "/spec/template", writer);
    conditions(value, writer);
}

/// Describes a `StatefulSet`.
pub(super) fn stateful_set(value: &Value, writer: &mut Writer) {
    head(value, writer);
    writer.field(
        "Replicas",
        format!("{} desired | {} total", count(value, "/spec/replicas"), count(value, "/status/replicas")),
    );
    writer.field("Ready", count(value, "/status/readyReplicas"));
    writer.field("Update Strategy", at(value, "/spec/updateStrategy/type"));
    writer.some("Partition", at(value, "/spec/updateStrategy/rollingUpdate/partition"));
    template(value, "/spec/template", writer);
    let claims: Vec<String> = super::writer::list(value, "/spec/volumeClaimTemplates")
        .map(|claim| {
            let size = at(claim, "/spec/resources/requests/storage");
            format!("{}  {size}  {}", at(claim, "/metadata/name"), at(claim, "/spec/storageClassName"))
        })
        .collect();
    writer.many("Volume Claims", &claims);
    conditions(value, writer);
}

/// Describes a `DaemonSet`.
pub(super) fn daemon_set(value: &Value, writer: &mut Writer) {
    head(value, writer);
    for (label, name) in [
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        writer.field(label, count(value, &format!("/status/{name}")));
    }
    template(value, "/spec/template", writer);
    conditions(value, writer);
}
