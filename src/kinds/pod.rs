//! Pod: containers that run together on a node.

use super::shell;
use crate::model::{Column, Kind, Lesson, ObjectRef, Row, RowKey, State};
use status::Verdict;

mod status;

pub(super) static KIND: Kind = Kind {
    kind: "Pod",
    group: "",
    version: "v1",
    plural: "pods",
    aliases: &["po"],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[
        Column { title: "Ready", width: 6 },
        Column { title: "Status", width: 20 },
        Column { title: "Restarts", width: 8 },
        Column { title: "Node", width: 20 },
    ],
    decode,
    lesson,
};

/// The reasons of a container that does not run and will not recover by itself.
const FAILURES: &[&str] = &[
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "OOMKilled",
    "Error",
    "ContainerCannotRun",
    "Evicted",
    "NodeLost",
    "UnexpectedAdmissionError",
];

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    let pod: status::Pod = serde_json::from_slice(bytes)?;
    let Verdict { status, ready, total, restarts } = pod.verdict();
    let tail = status.rsplit_once("Init:").map_or(status.as_str(), |(_, tail)| tail);
    let failed = &*pod.status.phase == "Failed"
        || FAILURES.contains(&tail)
        || tail.starts_with("ExitCode:")
        || tail.starts_with("Signal:");
    let state = if pod.metadata.deletion_timestamp.is_some() {
        State::Progressing
    } else if failed {
        State::Failed
    } else if &*pod.status.phase == "Succeeded" || (status == "Running" && ready == total && pod.is_ready()) {
        State::Ready
    } else if pod.unschedulable().is_some() {
        State::Waiting
    } else {
        State::Progressing
    };
    let note = pod.note(&status, restarts).map(Box::new);
    let message = if state == State::Ready { String::new() } else { pod.message() };
    let since = if state == State::Ready { None } else { pod.unready_since().or(pod.metadata.creation_timestamp) };
    Ok(Row {
        state,
        message: message.into(),
        created: pod.metadata.creation_timestamp,
        cells: [format!("{ready}/{total}"), status, restarts.to_string(), pod.spec.node_name.into()]
            .map(Into::into)
            .into(),
        note,
        labels: pod.metadata.labels,
        since,
        flux: None,
        key: RowKey { namespace: pod.metadata.namespace, name: pod.metadata.name },
    })
}

fn lesson(context: &str, object: Option<&ObjectRef>) -> Lesson {
    Lesson {
        shell: shell::kubectl("pods", context, object),
        place: String::new(),
        why: "A pod is what runs: its status and its events say why it does not.".to_owned(),
        look_for:
            "STATUS Running and READY n/n; RESTARTS that grow mean that it crashes: look at the log before the crash."
                .to_owned(),
        docs: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/".into(),
    }
}

#[cfg(test)]
mod tests;
