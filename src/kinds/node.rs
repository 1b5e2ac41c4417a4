//! Node: a machine that pods run on.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::flux::Metadata;
use super::shell;
use crate::model::health::find;
use crate::model::{Column, Condition, Kind, Labels, Lesson, ObjectRef, Row, RowKey, State};

pub(super) static KIND: Kind = Kind {
    kind: "Node",
    group: "",
    version: "v1",
    plural: "nodes",
    aliases: &["no"],
    namespaced: false,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[
        Column { title: "Status", width: 27 },
        Column { title: "Roles", width: 20 },
        Column { title: "Version", width: 16 },
        Column { title: "Architecture", width: 12 },
    ],
    decode,
    lesson,
};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    unschedulable: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    conditions: Vec<Condition>,
    node_info: Info,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    kubelet_version: String,
    architecture: String,
}

/// The conditions that are good when they are True: K3s and RKE2 say by the second that a node is a member of etcd.
const GOOD_WHEN_TRUE: &[&str] = &["Ready", "EtcdIsVoter"];

/// Decodes a node. Every other condition is good unless it is True: `NetworkUnavailable False` is the normal state.
fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let ready = find(&status.conditions, "Ready");
    let is_bad = |one: &&Condition| one.status == "True" && !GOOD_WHEN_TRUE.contains(&one.kind.as_str());
    let pressure = status.conditions.iter().find(is_bad);
    let (state, message) = match ready {
        Some(ready) if ready.status == "True" => match pressure {
            Some(pressure) => (State::Waiting, format!("{}: {}", pressure.kind, pressure.message)),
            None if spec.unschedulable => (State::Suspended, "cordoned: no pod is placed here".to_owned()),
            None => (State::Ready, String::new()),
        },
        Some(ready) if ready.status == "False" => (State::Failed, ready.message.clone()),
        Some(ready) => (State::Failed, format!("its kubelet does not answer: {}", ready.message)),
        None => (State::Unknown, "its kubelet has not said anything yet".to_owned()),
    };
    let Info { kubelet_version, architecture } = status.node_info;
    let cells = [status_word(ready, spec.unschedulable), roles(&metadata.labels), kubelet_version, architecture];
    Ok(Row {
        state,
        message: message.into(),
        created: metadata.creation_timestamp,
        cells: cells.map(Into::into).into(),
        note: None,
        labels: metadata.labels,
        since: None,
        flux: None,
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
    })
}

/// Returns the status as `kubectl get nodes` prints it.
fn status_word(ready: Option<&Condition>, unschedulable: bool) -> String {
    let word = match ready {
        Some(ready) if ready.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    format!("{word}{}", if unschedulable { ",SchedulingDisabled" } else { "" })
}

/// Returns the roles as `kubectl get nodes` prints them: `node-role.kubernetes.io/ROLE`, and the older `kubernetes.io/role=ROLE`.
fn roles(labels: &Labels) -> String {
    let role = |(key, value): (&'_ str, &'_ str)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None => (key == "kubernetes.io/role").then(|| value.to_owned()),
    };
    let roles: BTreeSet<String> = labels.iter().filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("nodes", context, object),
        place: String::new(),
        why: "A node runs pods; when its kubelet falls silent, its pods count as not ready, and after five minutes they are made anew elsewhere.".to_owned(),
        look_for: "Ready True and the other conditions False; taints, and what its pods ask for against what it has.".to_owned(),
        docs: "https://kubernetes.io/docs/concepts/architecture/nodes/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::model::State;

    #[test]
    fn a_node_is_ready_by_its_condition_and_every_other_one_is_good_when_it_is_not_true() {
        let node = |spec: &str, conditions: &str| {
            let json = format!(
                r#"{{"metadata": {{"name": "node-1"}}, "spec": {spec}, "status": {{"conditions": {conditions}}}}}"#
            );
            decode(json.as_bytes()).unwrap()
        };
        let good = r#"[{"type": "NetworkUnavailable", "status": "False"}, {"type": "Ready", "status": "True"}]"#;
        assert_eq!(node("{}", good).state, State::Ready);
        assert_eq!(node(r#"{"unschedulable": true}"#, good).state, State::Suspended);
        // K3s 1.32 on a server with embedded etcd.
        let voter = r#"[{"type": "EtcdIsVoter", "status": "True"}, {"type": "Ready", "status": "True"}]"#;
        assert_eq!(node("{}", voter).state, State::Ready);
        let full = r#"[{"type": "DiskPressure", "status": "True", "message": "disk is full"}, {"type": "Ready", "status": "True"}]"#;
        assert_eq!(
            (node("{}", full).state, &*node("{}", full).message),
            (State::Waiting, "DiskPressure: disk is full")
        );
        let lost = r#"[{"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}]"#;
        assert_eq!(node("{}", lost).state, State::Failed);
        assert_eq!(node("{}", "[]").state, State::Unknown);
    }
    #[test]
    fn status_and_roles_are_those_of_kubectl() {
        let cells = |labels: &str, spec: &str, status: &str| {
            let json = format!(
                r#"{{"metadata": {{"name": "a", "labels": {labels}}}, "spec": {spec}, "status": {{"conditions": {status}}}}}"#
            );
            let row = decode(json.as_bytes()).unwrap();
            row.cells.iter().take(2).map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let good = r#"[{"type": "Ready", "status": "True"}]"#;
        let labels =
            r#"{"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "true", "a": "b"}"#;
        assert_eq!(cells(labels, "{}", good), "Ready control-plane,worker");
        assert_eq!(
            cells(r#"{"kubernetes.io/role": "node"}"#, r#"{"unschedulable": true}"#, good),
            "Ready,SchedulingDisabled node"
        );
        assert_eq!(cells("{}", "{}", r#"[{"type": "Ready", "status": "Unknown"}]"#), "NotReady <none>");
        assert_eq!(cells("{}", "{}", "[]"), "Unknown <none>");
    }
}
