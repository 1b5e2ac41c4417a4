//! Node: a machine that pods run on.

use serde::Deserialize;

use super::flux::Metadata;
use super::shell;
use crate::model::health::find;
use crate::model::{Column, Condition, Kind, Lesson, ObjectRef, Row, RowKey, State};

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
    columns: &[Column { title: "Version", width: 16 }, Column { title: "Architecture", width: 12 }],
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

/// Reads a node. Every condition but `Ready` is good where it is not True: `NetworkUnavailable False` is as it should be.
fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let ready = find(&status.conditions, "Ready");
    let pressure = status.conditions.iter().find(|condition| condition.kind != "Ready" && condition.status == "True");
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
    Ok(Row {
        state,
        message: message.into(),
        created: metadata.creation_timestamp,
        cells: [status.node_info.kubelet_version, status.node_info.architecture].map(Into::into).into(),
        flux: None,
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
    })
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("nodes", context, object),
        why: "A node runs pods; when its kubelet falls silent, its pods count as not ready, and after five minutes they are made anew elsewhere.".to_owned(),
        look_for: "Ready True and the other conditions False; taints, and what its pods ask for against what it has.".to_owned(),
        docs: "https://kubernetes.io/docs/concepts/architecture/nodes/",
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
        let full = r#"[{"type": "DiskPressure", "status": "True", "message": "disk is full"}, {"type": "Ready", "status": "True"}]"#;
        assert_eq!(
            (node("{}", full).state, &*node("{}", full).message),
            (State::Waiting, "DiskPressure: disk is full")
        );
        let lost = r#"[{"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}]"#;
        assert_eq!(node("{}", lost).state, State::Failed);
        assert_eq!(node("{}", "[]").state, State::Unknown);
    }
}
