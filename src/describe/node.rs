//! Where things are: Node and Namespace.

use serde_json::Value;

use super::generic::field;
use super::writer::{Writer, at, conditions, list, map, marks};

/// Describes a Node; what runs on it is a list of its own (`p`, filtered by the node).
pub(super) fn node(value: &Value, writer: &mut Writer) {
    let roles: Vec<&str> = value
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    writer.field("Roles", roles.join(","));
    marks(value, writer);
    writer.field("CreationTimestamp", at(value, "/metadata/creationTimestamp"));
    let taints: Vec<String> = list(value, "/spec/taints")
        .map(|taint| {
            let (key, value) = (at(taint, "/key"), at(taint, "/value"));
            let pair = if value.is_empty() { key } else { format!("{key}={value}") };
            format!("{pair}:{}", at(taint, "/effect"))
        })
        .collect();
    writer.many("Taints", &taints);
    writer.field("Unschedulable", if at(value, "/spec/unschedulable") == "True" { "true" } else { "false" });
    conditions(value, writer);
    if list(value, "/status/addresses").next().is_some() {
        writer.heading("Addresses");
        writer.block(|writer| {
            for address in list(value, "/status/addresses") {
                writer.field(&at(address, "/type"), at(address, "/address"));
            }
        });
    }
    map(value, "/status/capacity", "Capacity", writer);
    map(value, "/status/allocatable", "Allocatable", writer);
    if let Some(info) = value.pointer("/status/nodeInfo") {
        field("System Info", info, writer);
    }
    writer.some("PodCIDR", at(value, "/spec/podCIDR"));
    writer.some("ProviderID", at(value, "/spec/providerID"));
}

/// Describes a Namespace.
pub(super) fn namespace(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.field("Status", at(value, "/status/phase"));
    conditions(value, writer);
}
