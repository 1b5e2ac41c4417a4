//! Node and Namespace.

use serde_json::Value;

use super::generic::field;
use super::writer::{Writer, at, conditions, list, map, marks};

/// Describes a Node; its pods follow in a section of their own.
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
    transitions(value, writer);
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

/// Writes the conditions with their times: the time of a change tells which events belong to it.
fn transitions(value: &Value, writer: &mut Writer) {
    let pointers = ["/type", "/status", "/lastHeartbeatTime", "/lastTransitionTime", "/reason", "/message"];
    let titles = ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let cells = |condition: &Value| pointers.map(|pointer| at(condition, pointer)).to_vec();
    rows.extend(list(value, "/status/conditions").map(cells));
    if rows.len() > 1 {
        writer.heading("Conditions");
        writer.table(&rows);
    }
}

/// Describes a Namespace.
pub(super) fn namespace(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.field("Status", at(value, "/status/phase"));
    conditions(value, writer);
}
