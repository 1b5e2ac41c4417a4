//! The words for a pod's status, as in `kubectl get pods`: <https://github.com/kubernetes/kubernetes> `printers.go`,
//! `printPod`.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{CellNote, Labels};

/// The indexes of the status and of the restarts among the cells.
const STATUS: usize = 1;
const RESTARTS: usize = 2;

#[derive(Deserialize)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) spec: Spec,
    #[serde(default)]
    pub(super) status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: Box<str>,
    #[serde(default)]
    pub(super) namespace: Box<str>,
    #[serde(default)]
    pub(super) creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(super) deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(super) labels: Labels,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub(super) node_name: Box<str>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: Box<str>,
    #[serde(default)]
    restart_policy: Option<Box<str>>,
}

impl Container {
    /// Tells whether an init container is a sidecar, which keeps running.
    fn is_sidecar(&self) -> bool {
        self.restart_policy.as_deref() == Some("Always")
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) phase: Box<str>,
    reason: Box<str>,
    message: Box<str>,
    conditions: Vec<PodCondition>,
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodCondition {
    #[serde(rename = "type")]
    kind: Box<str>,
    status: Box<str>,
    #[serde(default)]
    reason: Box<str>,
    #[serde(default)]
    message: Box<str>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: Box<str>,
    ready: bool,
    started: Option<bool>,
    restart_count: u32,
    state: ContainerState,
    last_state: ContainerState,
}

impl ContainerStatus {
    /// Returns the last end of a container in back-off, because the back-off itself shows no cause.
    fn last_end(&self) -> Option<String> {
        self.state.waiting.as_ref().filter(|waiting| &*waiting.reason == "CrashLoopBackOff")?;
        let ended = self.last_state.terminated.as_ref()?;
        let reason = Some(&*ended.reason).filter(|reason| !matches!(*reason, "" | "Error"));
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let at = ended.finished_at.map(|at| format!(" at {}", at.strftime("%H:%M:%SZ"))).unwrap_or_default();
        let said = Some(ended.message.trim()).filter(|said| !said.is_empty());
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        Some(format!("{}: ended with exit code {}{reason}{at}{said}", self.name, ended.exit_code))
    }
}

impl Terminated {
    /// Describes the end in a few words: `exit 137, OOMKilled`.
    fn brief(&self) -> String {
        let reason = Some(&*self.reason).filter(|reason| !matches!(*reason, "" | "Error" | "Completed"));
        let end = if self.signal > 0 { format!("signal {}", self.signal) } else { format!("exit {}", self.exit_code) };
        reason.map_or_else(|| end.clone(), |reason| format!("{end}, {reason}"))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Waiting>,
    running: Option<serde::de::IgnoredAny>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Waiting {
    reason: Box<str>,
    message: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: i32,
    signal: i32,
    reason: Box<str>,
    message: Box<str>,
    #[serde(deserialize_with = "crate::model::clock::lenient")]
    finished_at: Option<Timestamp>,
}

impl Terminated {
    fn word(&self) -> String {
        match (&*self.reason, self.signal) {
            ("", 0) => format!("ExitCode:{}", self.exit_code),
            ("", signal) => format!("Signal:{signal}"),
            (reason, _) => reason.to_owned(),
        }
    }
}

/// Holds kubectl's words for a pod.
pub(super) struct Verdict {
    pub(super) status: String,
    pub(super) ready: usize,
    pub(super) total: usize,
    pub(super) restarts: u32,
}

/// Holds the progress of the init containers.
struct Init {
    /// The status, while they run.
    status: Option<String>,
    ready: usize,
    restarts: u32,
    sidecar_restarts: u32,
}

impl Pod {
    /// Returns kubectl's words for the pod.
    pub(super) fn verdict(&self) -> Verdict {
        let status = &self.status;
        let mut word = if status.reason.is_empty() { &status.phase } else { &status.reason }.to_string();
        if self.condition("PodScheduled").is_some_and(|scheduled| &*scheduled.reason == "SchedulingGated") {
            "SchedulingGated".clone_into(&mut word);
        }
        let sidecars = self.spec.init_containers.iter().filter(|container| container.is_sidecar()).count();
        let init = self.init();
        let mut ready = init.ready;
        let mut restarts = init.restarts;
        let initialized = self.condition("Initialized").is_some_and(|condition| &*condition.status == "True");
        if init.status.is_none() || initialized {
            restarts = init.sidecar_restarts;
            let mut running = false;
            for container in status.container_statuses.iter().rev() {
                restarts += container.restart_count;
                match &container.state {
                    ContainerState { waiting: Some(waiting), .. } if !waiting.reason.is_empty() => {
                        word = waiting.reason.to_string();
                    }
                    ContainerState { terminated: Some(terminated), .. } => word = terminated.word(),
                    ContainerState { running: Some(_), .. } if container.ready => {
                        running = true;
                        ready += 1;
                    }
                    _ => {}
                }
            }
            if word == "Completed" && running {
                let all = self.condition("Ready").is_some_and(|condition| &*condition.status == "True");
                if all { "Running" } else { "NotReady" }.clone_into(&mut word);
            }
        } else if let Some(status) = init.status {
            word = status;
        }
        if self.metadata.deletion_timestamp.is_some() {
            if &*status.reason == "NodeLost" {
                "Unknown".clone_into(&mut word);
            } else if !matches!(&*status.phase, "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut word);
            }
        }
        Verdict { status: word, ready, total: self.spec.containers.len() + sidecars, restarts }
    }

    fn init(&self) -> Init {
        let mut init = Init { status: None, ready: 0, restarts: 0, sidecar_restarts: 0 };
        for (index, container) in self.status.init_container_statuses.iter().enumerate() {
            let spec = self.spec.init_containers.iter().find(|spec| spec.name == container.name);
            let sidecar = spec.is_some_and(Container::is_sidecar);
            init.restarts += container.restart_count;
            if sidecar {
                init.sidecar_restarts += container.restart_count;
            }
            match &container.state {
                ContainerState { terminated: Some(terminated), .. } if terminated.exit_code == 0 => {}
                _ if sidecar && container.started == Some(true) => init.ready += usize::from(container.ready),
                ContainerState { terminated: Some(terminated), .. } => {
                    init.status = Some(format!("Init:{}", terminated.word()));
                    break;
                }
                ContainerState { waiting: Some(waiting), .. }
                    if !matches!(&*waiting.reason, "" | "PodInitializing") =>
                {
                    init.status = Some(format!("Init:{}", waiting.reason));
                    break;
                }
                _ => {
                    init.status = Some(format!("Init:{index}/{}", self.spec.init_containers.len()));
                    break;
                }
            }
        }
        init
    }

    /// Returns why the scheduler finds no node for it, where that is so.
    pub(super) fn unschedulable(&self) -> Option<&str> {
        self.condition("PodScheduled").filter(|scheduled| &*scheduled.status == "False").map(|it| &*it.message)
    }

    /// Returns the message nearest to the cause of its not being ready.
    pub(super) fn message(&self) -> String {
        if let Some(why) = self.unschedulable() {
            return why.to_owned();
        }
        if !self.status.message.is_empty() {
            return self.status.message.to_string();
        }
        let containers = self.status.init_container_statuses.iter().chain(&self.status.container_statuses);
        if let Some(ended) = containers.clone().find_map(ContainerStatus::last_end) {
            return ended;
        }
        let said = containers.filter_map(|container| {
            let ContainerState { waiting, terminated, .. } = &container.state;
            let waiting = waiting.as_ref().map(|waiting| &waiting.message);
            let ended = terminated.as_ref().filter(|it| it.exit_code != 0).map(|terminated| &terminated.message);
            let message = waiting.or(ended).filter(|message| !message.is_empty())?;
            Some(format!("{}: {message}", container.name))
        });
        said.into_iter().next().or_else(|| self.unready()).unwrap_or_default()
    }

    /// Returns the note about a container's last end: behind the status while it is not restarted, else behind the
    /// number of restarts.
    pub(super) fn note(&self, status: &str, restarts: u32) -> Option<CellNote> {
        let containers = self.status.init_container_statuses.iter().chain(&self.status.container_statuses);
        let waits = |container: &&ContainerStatus| {
            container.state.waiting.as_ref().is_some_and(|waiting| status.ends_with(&*waiting.reason))
        };
        let ended =
            |container: &ContainerStatus| container.last_state.terminated.as_ref().map(|ended| ended.finished_at);
        if let Some(loops) = containers.clone().filter(waits).find(|container| ended(container).is_some()) {
            let last = loops.last_state.terminated.as_ref()?;
            return Some(CellNote { column: STATUS, words: last.brief().into(), at: last.finished_at });
        }
        let stopped = containers.clone().filter_map(|container| container.state.terminated.as_ref());
        if let Some(stopped) =
            stopped.filter(|ended| ended.exit_code != 0).find(|ended| status.ends_with(&ended.word()))
        {
            return Some(CellNote { column: STATUS, words: stopped.brief().into(), at: stopped.finished_at });
        }
        let last = containers.filter_map(|container| container.last_state.terminated.as_ref());
        let last = last.max_by_key(|ended| ended.finished_at).filter(|_| restarts > 0)?;
        let words = if &*last.reason == "OOMKilled" { "OOMKilled" } else { "" };
        (last.finished_at.is_some() || !words.is_empty()).then(|| CellNote {
            column: RESTARTS,
            words: words.into(),
            at: last.finished_at,
        })
    }

    /// Tells whether it is ready by its condition: for a pod on an unreachable node it is False while the containers
    /// seem to run.
    pub(super) fn is_ready(&self) -> bool {
        self.condition("Ready").is_none_or(|ready| &*ready.status == "True")
    }

    /// Returns since when it is not ready, by its condition; a pod that no node has taken has none yet.
    pub(super) fn unready_since(&self) -> Option<Timestamp> {
        let ready = self.condition("Ready").filter(|ready| &*ready.status != "True");
        ready
            .or_else(|| self.condition("PodScheduled").filter(|scheduled| &*scheduled.status != "True"))?
            .last_transition_time
    }

    /// Returns why it is not ready although its containers are.
    fn unready(&self) -> Option<String> {
        let ready = self.condition("Ready").filter(|ready| &*ready.status != "True")?;
        let run = &self.status.container_statuses;
        if run.is_empty() || run.iter().any(|container| !container.ready) {
            return None;
        }
        Some(match (&*ready.message, &*self.spec.node_name) {
            ("", node) => format!("its containers were ready, and it is not: does node {node} answer?"),
            (said, _) => said.to_owned(),
        })
    }

    fn condition(&self, kind: &str) -> Option<&PodCondition> {
        self.status.conditions.iter().find(|condition| &*condition.kind == kind)
    }
}
