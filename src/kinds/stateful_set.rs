//! `StatefulSet`: pods with names and volumes of their own, kept at a number.

use serde::Deserialize;

use super::shell;
use super::workload::{Counted, Workload, row};
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "StatefulSet",
    group: "apps",
    version: "v1",
    plural: "statefulsets",
    aliases: &["sts"],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[Column { title: "Ready", width: 7 }, Column { title: "Updated", width: 8 }],
    decode,
    lesson,
};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<u32>,
    update_strategy: Strategy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Strategy {
    #[serde(rename = "type")]
    kind: String,
    rolling_update: Partition,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Partition {
    partition: u32,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    ready_replicas: u32,
    updated_replicas: u32,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Workload { metadata, spec, status } = serde_json::from_slice::<Workload<'_, Spec, Status>>(bytes)?;
    let wanted = spec.replicas.unwrap_or(1);
    // Pods below the partition, and all of `OnDelete`, keep their revision by design.
    let to_update = match spec.update_strategy.kind.as_str() {
        "OnDelete" => 0,
        _ => wanted.saturating_sub(spec.update_strategy.rolling_update.partition),
    };
    let counted = Counted {
        wanted,
        ready: status.ready_replicas,
        is_complete: status.updated_replicas >= to_update && status.ready_replicas >= wanted,
        observed: status.observed_generation,
    };
    Ok(row(metadata, &counted, vec![status.updated_replicas.to_string()]))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("statefulsets", context, object),
        place: String::new(),
        why: "A StatefulSet keeps pods that have names and volumes of their own; it makes and replaces them one after the other.".to_owned(),
        look_for: "READY n/n; else the first pod that is not ready: those after it wait for it.".to_owned(),
        docs: "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::model::State;

    #[test]
    fn it_is_ready_when_every_pod_that_is_to_change_has_changed() {
        let row = |spec: &str, status: &str| {
            let json = format!(
                r#"{{"metadata": {{"name": "db", "namespace": "web", "generation": 2}}, "spec": {spec}, "status": {status}}}"#
            );
            decode(json.as_bytes()).unwrap()
        };
        let whole = r#"{"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 3}"#;
        assert_eq!(row(r#"{"replicas": 3}"#, whole).state, State::Ready);
        assert_eq!(&*row(r#"{"replicas": 3}"#, whole).cells[0], "3/3");
        let rolling = r#"{"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 1}"#;
        assert_eq!(row(r#"{"replicas": 3}"#, rolling).state, State::Progressing);
        assert_eq!(row(r#"{"replicas": 3, "updateStrategy": {"type": "OnDelete"}}"#, rolling).state, State::Ready);
        let part = r#"{"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}"#;
        assert_eq!(row(part, rolling).state, State::Ready);
        assert_eq!(row(r#"{"replicas": 0}"#, r#"{"observedGeneration": 2}"#).state, State::Ready);
        assert_eq!(row("{}", r#"{"observedGeneration": 1}"#).state, State::Progressing);
    }
}
