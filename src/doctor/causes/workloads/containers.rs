//! What is wrong with a container: from its state, its last end, the events of its pod and its log.

use jiff::Timestamp;
use serde_json::Value;

use super::config;
use super::images;
use super::pods::{PodFault, event};
use super::probes;
use crate::doctor::live::text;
use crate::doctor::{Evidence, LiveGraph, LiveObject};
use crate::model::ObjectRef;

static NOTHING: Value = Value::Null;

/// Reads a container of a pod: what is wanted of it, and what the kubelet says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container<'a> {
    pub(super) spec: &'a Value,
    pub(super) status: &'a Value,
    /// Whether it has to end before the others start; a sidecar runs on.
    pub(super) is_init: bool,
}

impl<'a> Container<'a> {
    /// The container of a fault of the whole pod.
    pub(super) const NONE: Self = Self { spec: &NOTHING, status: &NOTHING, is_init: false };

    pub(super) fn name(&self) -> &'a str {
        text(self.spec, "/name")
    }

    /// Returns the image as the pod names it.
    pub(super) fn image(&self) -> &'a str {
        text(self.spec, "/image")
    }

    pub(super) fn restarts(&self) -> i64 {
        self.number("/restartCount")
    }

    /// Returns the end of the last run: of the present state, else of the one before.
    pub(super) fn last_end(&self) -> Option<End<'a>> {
        let now = self.status.pointer("/state/terminated").map(|value| End { value, is_present: true });
        now.or_else(|| self.status.pointer("/lastState/terminated").map(|value| End { value, is_present: false }))
    }

    fn number(&self, pointer: &str) -> i64 {
        self.status.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }
}

/// Reads how a container ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    value: &'a Value,
    /// Whether it is the container's present state, so that its log is not yet that of a previous one.
    is_present: bool,
}

impl<'a> End<'a> {
    pub(super) fn code(&self) -> i64 {
        self.value.get("exitCode").and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn reason(&self) -> &'a str {
        text(self.value, "/reason")
    }

    pub(super) fn message(&self) -> &'a str {
        text(self.value, "/message").trim()
    }

    pub(super) fn at(&self) -> Option<Timestamp> {
        text(self.value, "/finishedAt").parse().ok()
    }

    /// Says how it ended: `exit code 1`, and what a code above 128 means.
    pub(super) fn told(&self) -> String {
        let signal = match self.code() {
            134 => " (SIGABRT: it gave up itself)",
            137 => " (SIGKILL: it was killed)",
            139 => " (SIGSEGV: a fault in its memory)",
            143 => " (SIGTERM: it was asked to end)",
            126 => " (the command cannot be executed)",
            127 => " (the command is not there)",
            _ => "",
        };
        format!("exit code {}{signal}", self.code())
    }
}

/// Iterates over the containers that the kubelet speaks of, init containers first.
pub(super) fn of<'a>(pod: &LiveObject<'a>) -> Vec<Container<'a>> {
    let mut found = Vec::new();
    let lists = [
        ("/spec/initContainers", "/status/initContainerStatuses", true),
        ("/spec/containers", "/status/containerStatuses", false),
    ];
    for (specs, statuses, is_init) in lists {
        for spec in pod.items(specs) {
            let status = pod.items(statuses).iter().find(|status| text(status, "/name") == text(spec, "/name"));
            let is_sidecar = text(spec, "/restartPolicy") == "Always";
            if let Some(status) = status {
                found.push(Container { spec, status, is_init: is_init && !is_sidecar });
            }
        }
    }
    found
}

/// What is wrong, what was said, when, and where that was read.
pub(super) type Told = (PodFault, String, Option<Timestamp>, String);

/// Finds what is wrong with a container.
pub(super) fn fault(graph: &LiveGraph, pod: &LiveObject<'_>, container: &Container<'_>) -> Option<Told> {
    let status = container.status;
    let place = format!("{} container {} state", pod.object.told(), container.name());
    if let Some(waiting) = status.pointer("/state/waiting") {
        let (reason, said) = (text(waiting, "/reason"), text(waiting, "/message"));
        let told = |fault| Some((fault, format!("{reason}: {said}"), None, place.clone()));
        if let Some(missing) = config::missing_in(said, pod).filter(|_| reason == "CreateContainerConfigError") {
            return config::is_missing(graph, &missing).then(|| told(PodFault::Config)).flatten();
        }
        return match reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => {
                let (fault, said, at, from) = images::why(graph, pod, container, reason, said);
                Some((PodFault::Image(fault), said, at, from.unwrap_or(place)))
            }
            "CreateContainerConfigError" if said.contains("runAsNonRoot") => told(PodFault::NonRoot),
            // The kubelet's caches are not filled yet.
            "CreateContainerConfigError" if said.contains("failed to sync") || said.contains("not yet been read") => {
                None
            }
            "CreateContainerConfigError"
            | "CreateContainerError"
            | "RunContainerError"
            | "StartError"
            | "ContainerCannotRun"
            | "PostStartHookError" => {
                let is_foreign = said.to_ascii_lowercase().contains("exec format error");
                told(if is_foreign { PodFault::Image(images::ImageFault::Architecture) } else { PodFault::CannotStart })
            }
            "CrashLoopBackOff" => Some(ended(graph, pod, container)),
            _ => None,
        };
    }
    if let Some(end) = status.pointer("/state/terminated") {
        let code = end.get("exitCode").and_then(Value::as_i64).unwrap_or_default();
        let restarts_always =
            pod.text("/spec/restartPolicy") != "OnFailure" && pod.text("/spec/restartPolicy") != "Never";
        if code == 0 && (container.is_init || !restarts_always) {
            return None;
        }
        // What crashes once at its start may have waited for another.
        let is_repeated = container.restarts() > 0 || text(end, "/reason") == "OOMKilled";
        return is_repeated.then(|| ended(graph, pod, container));
    }
    running(graph, pod, container)
}

/// Judges a container that runs at the moment.
fn running(graph: &LiveGraph, pod: &LiveObject<'_>, container: &Container<'_>) -> Option<Told> {
    let status = container.status;
    let started: Option<Timestamp> = text(status, "/state/running/startedAt").parse().ok();
    if container.is_init {
        let since = started.filter(|_| graph.is_past(started, 120))?;
        let said = format!("running since {}", text(status, "/state/running/startedAt"));
        let place = format!("{} init container {}", pod.object.told(), container.name());
        return Some((PodFault::InitWaits, said, Some(since), place));
    }
    if status.get("ready").and_then(Value::as_bool) != Some(false) {
        return None;
    }
    let ended_at = container.last_end().and_then(|end| end.at());
    let ended_lately = ended_at.is_some() && !graph.is_past(ended_at, 600);
    if container.restarts() > 0 && ended_lately {
        return Some(ended(graph, pod, container));
    }
    probes::failing(graph, pod, container, started)
}

/// Judges a container by its last end.
fn ended(graph: &LiveGraph, pod: &LiveObject<'_>, container: &Container<'_>) -> Told {
    let place = format!("{} container {} last state", pod.object.told(), container.name());
    let Some(end) = container.last_end() else {
        let said = text(container.status, "/state/waiting/message").to_owned();
        let fault = if container.is_init { PodFault::Init } else { PodFault::Crash };
        return (fault, said, None, place);
    };
    let mut said = end.told();
    if !matches!(end.reason(), "" | "Error" | "Completed") {
        said = format!("{said}, {}", end.reason());
    }
    if !end.message().is_empty() {
        said = format!("{said}: {}", end.message());
    }
    let fault = if end.reason() == "OOMKilled" {
        PodFault::OutOfMemory
    } else if is_foreign(graph, pod, container, &end) {
        PodFault::Image(images::ImageFault::Architecture)
    } else if matches!(end.reason(), "ContainerCannotRun" | "StartError") {
        PodFault::CannotStart
    } else if let Some((fault, event)) = probes::killer(graph, pod, container, end.at()) {
        return (fault, event.message.clone(), event.at, format!("event {} of {}", event.reason, pod.object.told()));
    } else if container.is_init {
        PodFault::Init
    } else if end.code() == 0 {
        PodFault::Exits
    } else {
        PodFault::Crash
    };
    (fault, said, end.at(), place)
}

/// Tells whether a container ended at once because its program is of another architecture.
fn is_foreign(graph: &LiveGraph, pod: &LiveObject<'_>, container: &Container<'_>, end: &End<'_>) -> bool {
    let is_it = |line: &str| line.to_ascii_lowercase().contains("exec format error");
    is_it(end.message()) || (end.code() != 0 && last_lines(graph, pod.object, container).iter().any(|line| is_it(line)))
}

/// Returns the last lines of the run that ended.
pub(super) fn last_lines<'a>(graph: &'a LiveGraph, pod: &ObjectRef, container: &Container<'_>) -> &'a [String] {
    let is_previous = container.last_end().is_none_or(|end| !end.is_present);
    graph.log(pod, container.name(), is_previous)
}

/// Makes evidence of the last lines of the run that ended.
pub(super) fn log_evidence(graph: &LiveGraph, pod: &ObjectRef, container: &Container<'_>) -> Vec<Evidence> {
    let lines: Vec<&String> = last_lines(graph, pod, container).iter().filter(|line| !line.trim().is_empty()).collect();
    let from = format!("log of {} container {}, before it ended", pod.told(), container.name());
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
    last.iter()
        .map(|line| Evidence { text: crate::doctor::message::short(line), at: None, from: from.clone() })
        .collect()
}

/// Finds the newest event about a container: its name stands in the message.
pub(super) fn event_of<'a>(
    graph: &'a LiveGraph,
    pod: &LiveObject<'_>,
    container: &Container<'_>,
    reason: &str,
    words: &str,
) -> Option<&'a crate::cluster::Event> {
    let start = format!("Container {} ", container.name());
    event(graph, pod, &[reason], |said| said.starts_with(&start) && said.contains(words))
}
