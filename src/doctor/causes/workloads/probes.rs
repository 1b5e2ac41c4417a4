//! Probes: which one fails, and what it asks.

use jiff::Timestamp;
use serde_json::Value;

use super::containers::{Container, Told, event_of};
use super::pods::{Ill, PodFault, event};
use crate::cluster::Event;
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};

/// Finds the failing probe of a container that runs and is not ready, once it had the time that its spec grants.
pub(super) fn failing(
    graph: &LiveGraph,
    pod: &LiveObject<'_>,
    container: &Container<'_>,
    started: Option<Timestamp>,
) -> Option<Told> {
    let is_starting = container.status.get("started").and_then(Value::as_bool) == Some(false);
    let (fault, field, word) = match (container.spec.get("startupProbe"), container.spec.get("readinessProbe")) {
        (Some(_), _) if is_starting => (PodFault::Startup, "startupProbe", "Startup probe"),
        (_, Some(_)) => (PodFault::Readiness, "readinessProbe", "Readiness probe"),
        _ => return None,
    };
    let probe = container.spec.get(field)?;
    let number = |name: &str, default: i64| probe.get(name).and_then(Value::as_i64).unwrap_or(default);
    let (delay, period, failures) =
        (number("initialDelaySeconds", 0), number("periodSeconds", 10), number("failureThreshold", 3));
    let seen = event(graph, pod, &["Unhealthy"], |said| said.starts_with(word));
    let seen = seen.filter(|event| event.at.zip(started).is_none_or(|(at, started)| at >= started));
    let had_time = graph.is_past(started, delay.saturating_add(period.saturating_mul(failures)));
    let failed_often = seen.is_some_and(|event| i64::from(event.count) >= failures);
    if !had_time && !failed_often {
        return None;
    }
    if let Some(event) = seen {
        return Some((fault, event.message.clone(), event.at, format!("event Unhealthy of {}", pod.object.told())));
    }
    let ready = pod.condition("ContainersReady").or_else(|| pod.condition("Ready"));
    let at = ready.as_ref().and_then(|ready| ready.last_transition_time);
    let said = ready.map(|ready| ready.message).filter(|said| !said.is_empty());
    let said = said.unwrap_or_else(|| format!("container {} is not ready", container.name()));
    Some((fault, said, at, format!("{} condition ContainersReady=False", pod.object.told())))
}

/// Finds the probe for which the kubelet ended a container: `Container main failed liveness probe, will be restarted`.
pub(super) fn killer<'a>(
    graph: &'a LiveGraph,
    pod: &LiveObject<'_>,
    container: &Container<'_>,
    ended: Option<Timestamp>,
) -> Option<(PodFault, &'a Event)> {
    for (fault, field, words) in [
        (PodFault::Liveness, "livenessProbe", "failed liveness probe"),
        (PodFault::Startup, "startupProbe", "failed startup probe"),
    ] {
        if container.spec.get(field).is_none() {
            continue;
        }
        let found = event_of(graph, pod, container, "Killing", words);
        // It ends within its grace period; an older one is about another end.
        let is_near = |event: &&Event| {
            event.at.zip(ended).is_none_or(|(at, ended)| ended.duration_since(at).abs().as_secs() <= 300)
        };
        if let Some(event) = found.filter(is_near) {
            return Some((fault, event));
        }
    }
    None
}

/// Says what a probe asks: `GET :8080/healthz`, `TCP :5432`, `gRPC :9090`, or its command.
fn asked(probe: &Value) -> String {
    let port = |pointer: &str| match probe.pointer(pointer) {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if let Some(get) = probe.get("httpGet") {
        let path = match text(get, "/path") {
            "" => "/",
            path => path,
        };
        let scheme = if text(get, "/scheme") == "HTTPS" { "HTTPS GET" } else { "GET" };
        return format!("{scheme} :{}{path}", port("/httpGet/port"));
    }
    if probe.get("tcpSocket").is_some() {
        return format!("TCP :{}", port("/tcpSocket/port"));
    }
    if probe.get("grpc").is_some() {
        return format!("gRPC :{}", port("/grpc/port"));
    }
    let words = probe.pointer("/exec/command").and_then(Value::as_array).into_iter().flatten();
    short(&words.filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}

/// Takes the answer out of the kubelet's message: `Readiness probe failed: HTTP probe failed with statuscode: 503`.
fn answer(said: &str) -> String {
    let answer = said.split_once(" probe failed: ").or_else(|| said.split_once(" probe errored: "));
    short(answer.map_or("", |(_, answer)| answer))
}

/// Tells a failing probe.
pub(super) fn diagnosis(graph: &LiveGraph, ill: &Ill<'_>, cause: &'static str, field: &str) -> Diagnosis {
    let probe = ill.container.spec.get(field).unwrap_or(&Value::Null);
    let word = field.trim_end_matches("Probe");
    let unhealthy = {
        let start =
            format!("{}{} probe", word.get(..1).unwrap_or_default().to_uppercase(), word.get(1..).unwrap_or_default());
        event(graph, &ill.pod, &["Unhealthy"], |said| said.starts_with(&start))
    };
    let answer = unhealthy.map(|event| answer(&event.message)).unwrap_or_default();
    let answer = if answer.is_empty() { "does not pass".to_owned() } else { format!("fails: {answer}") };
    let then = match field {
        "readinessProbe" => "it gets no traffic",
        _ => "it is restarted again and again",
    };
    let message = format!("The {word} probe ({}) of {} {answer}; {then}", asked(probe), ill.of());
    let mut found = ill.diagnosis(cause, message);
    if let Some(event) = unhealthy.filter(|event| event.message.trim() != ill.said.trim()) {
        found = found.seen(event.message.trim(), event.at, format!("event Unhealthy of {}", ill.pod.object.told()));
    }
    found = found.seen(
        format!("spec.containers[{}].{field}: {}", ill.container.name(), asked(probe)),
        None,
        ill.workload.told(),
    );
    let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
    found
        .look_at(graph.describe(ill.pod.object))
        .look_at(graph.shell("kubectl logs {} -n {} -c {} --tail=50", &[name, namespace, ill.container.name()]))
        .mended_by(Remedy::change(
            format!(
                "Read its log: it does not answer as the probe asks. Mend what it waits for, or correct {field} of container {} (path, port, initialDelaySeconds, timeoutSeconds), and push.",
                ill.container.name()
            ),
            "the pod is Ready, and its RESTARTS stay as they are",
        ))
        .documented("https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/")
}
