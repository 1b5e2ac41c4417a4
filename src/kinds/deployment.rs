//! Deployment: pods that are alike, kept at a number.

use serde::Deserialize;

use super::flux::Metadata;
use super::shell;
use crate::model::health::find;
use crate::model::{Column, Condition, Kind, Lesson, ObjectRef, Row, RowKey, State};

pub(super) static KIND: Kind = Kind {
    kind: "Deployment",
    group: "apps",
    version: "v1",
    plural: "deployments",
    aliases: &["deploy"],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[
        Column { title: "Ready", width: 7 },
        Column { title: "Updated", width: 8 },
        Column { title: "Available", width: 9 },
    ],
    decode,
    lesson,
};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    replicas: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    replicas: u32,
    ready_replicas: u32,
    updated_replicas: u32,
    available_replicas: u32,
    conditions: Vec<Condition>,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Object { metadata, spec, status } = serde_json::from_slice(bytes)?;
    let wanted = spec.replicas.unwrap_or(1);
    let current = status.observed_generation.is_some() && status.observed_generation == metadata.generation;
    let failing = ["ReplicaFailure", "Progressing"].into_iter().find_map(|kind| {
        find(&status.conditions, kind).filter(|condition| {
            (kind == "ReplicaFailure" && condition.status == "True") || condition.reason == "ProgressDeadlineExceeded"
        })
    });
    let complete = current
        && status.updated_replicas >= wanted
        && status.replicas <= status.updated_replicas
        && status.available_replicas >= wanted;
    let state = match failing {
        Some(_) => State::Failed,
        None if complete && metadata.deletion_timestamp.is_none() => State::Ready,
        None => State::Progressing,
    };
    let message = match (failing, state) {
        (Some(condition), _) => condition.message.as_str(),
        (None, State::Ready) if wanted == 0 => "scaled to 0",
        (None, State::Progressing) => find(&status.conditions, "Progressing").map_or("", |it| it.message.as_str()),
        _ => "",
    };
    Ok(Row {
        state,
        message: message.into(),
        created: metadata.creation_timestamp,
        cells: [
            format!("{}/{wanted}", status.ready_replicas),
            status.updated_replicas.to_string(),
            status.available_replicas.to_string(),
        ]
        .map(Into::into)
        .into(),
        note: None,
        labels: metadata.labels,
        since: None,
        flux: None,
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
    })
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("deployments", context, object),
        place: String::new(),
        why: "A Deployment keeps a number of equal pods, and replaces them step by step when its template changes."
            .to_owned(),
        look_for: "READY n/n; else the conditions, and the events of its ReplicaSet and pods.".to_owned(),
        docs: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::model::State;

    fn deployment(spec: &str, status: &str) -> crate::model::Row {
        let json = format!(
            r#"{{"metadata":{{"name":"web","namespace":"apps","generation":2}},"spec":{spec},"status":{status}}}"#
        );
        decode(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_rollout_is_ready_when_every_pod_is_new_and_available() {
        let done = deployment(
            r#"{"replicas":2}"#,
            r#"{"observedGeneration":2,"replicas":2,"readyReplicas":2,"updatedReplicas":2,"availableReplicas":2}"#,
        );
        assert_eq!((done.state, &*done.cells[0]), (State::Ready, "2/2"));
        let old_left = deployment(
            r#"{"replicas":2}"#,
            r#"{"observedGeneration":2,"replicas":3,"readyReplicas":3,"updatedReplicas":2,"availableReplicas":3}"#,
        );
        assert_eq!(old_left.state, State::Progressing);
        let unseen =
            deployment("{}", r#"{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"availableReplicas":1}"#);
        assert_eq!(unseen.state, State::Progressing);
        let stuck = deployment(
            "{}",
            r#"{"observedGeneration":2,"conditions":[{"type":"Progressing","status":"False",
                "reason":"ProgressDeadlineExceeded","message":"timed out"}]}"#,
        );
        assert_eq!((stuck.state, &*stuck.message), (State::Failed, "timed out"));
        assert_eq!(deployment(r#"{"replicas":0}"#, r#"{"observedGeneration":2}"#).state, State::Ready);
    }
}
