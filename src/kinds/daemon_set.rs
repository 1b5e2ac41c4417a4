//! `DaemonSet`: a pod on every node that fits.

use serde::Deserialize;

use super::shell;
use super::workload::{Counted, Workload, row};
use crate::model::{Column, Kind, Lesson, ObjectRef, Row};

pub(super) static KIND: Kind = Kind {
    kind: "DaemonSet",
    group: "apps",
    version: "v1",
    plural: "daemonsets",
    aliases: &["ds"],
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
    update_strategy: Strategy,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Strategy {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: Option<i64>,
    desired_number_scheduled: u32,
    number_ready: u32,
    number_available: u32,
    updated_number_scheduled: u32,
}

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let Workload { metadata, spec, status } = serde_json::from_slice::<Workload<'_, Spec, Status>>(bytes)?;
    let wanted = status.desired_number_scheduled;
    let is_updated = spec.update_strategy.kind == "OnDelete" || status.updated_number_scheduled >= wanted;
    let counted = Counted {
        wanted,
        ready: status.number_ready,
        is_complete: is_updated && status.number_available >= wanted,
        observed: status.observed_generation,
    };
    Ok(row(metadata, &counted, vec![status.updated_number_scheduled.to_string()]))
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("daemonsets", context, object),
        place: String::new(),
        why: "A DaemonSet runs one pod on every node that its selector and tolerations allow.".to_owned(),
        look_for: "READY as many as nodes that fit; one that is missing names its node: look at that node first."
            .to_owned(),
        docs: "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::model::State;

    #[test]
    fn it_is_ready_when_every_node_that_fits_has_its_pod() {
        let row = |status: &str| {
            let json = format!(
                r#"{{"metadata": {{"name": "agent", "namespace": "web", "generation": 1}}, "spec": {{}}, "status": {status}}}"#
            );
            decode(json.as_bytes()).unwrap()
        };
        let all = r#"{"observedGeneration": 1, "desiredNumberScheduled": 3, "numberReady": 3, "numberAvailable": 3, "updatedNumberScheduled": 3}"#;
        assert_eq!((row(all).state, &*row(all).cells[0]), (State::Ready, "3/3"));
        let lost =
            all.replace(r#""numberReady": 3, "numberAvailable": 3"#, r#""numberReady": 2, "numberAvailable": 2"#);
        assert_eq!((row(&lost).state, &*row(&lost).cells[0]), (State::Progressing, "2/3"));
    }
}
