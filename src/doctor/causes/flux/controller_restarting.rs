//! A controller of Flux keeps restarting, and loses its work each time.

use jiff::Timestamp;
use serde_json::Value;

use super::controllers::{deployments, ready, unanswered};
use crate::doctor::Cause;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "controller-restarting", title: "A controller of Flux keeps restarting", find };

const MANY: i64 = 3;
const LATELY_MINUTES: i64 = 10;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = deployments(graph).filter(|live| ready(live) > 0).filter_map(|live| {
        let object = live.object;
        let pods = graph.pods_of(&live);
        let containers = pods.iter().flat_map(|pod| pod.items("/status/containerStatuses").iter().map(move |one| (pod, one)));
        let (pod, container, at) = containers.filter_map(|(pod, one)| Some((pod, one, ended(one)?))).max_by_key(|(.., at)| *at)?;
        let restarts = container.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
        if restarts <= MANY || graph.now.duration_since(at).as_mins() >= LATELY_MINUTES {
            return None;
        }
        let last = "/lastState/terminated";
        let reason = text(container, &format!("{last}/reason"));
        let code = container.pointer(&format!("{last}/exitCode")).and_then(Value::as_i64).unwrap_or(0);
        let message = format!("{} restarted {restarts} times, the last time {} ago ({reason}, exit code {code}): what it did then is lost", object.told(), age(graph.now, at));
        let name = text(container, "/name");
        let line = graph.shell("kubectl logs {} -n {} -c {} --previous --tail=30", &[&pod.object.name, &object.namespace, name]);
        let what = if reason == "OOMKilled" { "Raise the memory limit of the controller in the patches of flux-system, and push." } else { "Read the last lines before the restart; a lost leader election points at a slow API server." };
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .unless_deeper()
                .seen(format!("{name} restartCount: {restarts}, last state: {reason}, exit code {code}"), Some(at), pod.object.told())
                .explaining(unanswered(graph, &live))
                .look_at(line)
                .mended_by(Remedy::change(what, "its restarts stay the same"))
                .documented("https://fluxcd.io/flux/installation/configuration/vertical-scaling/"),
        )
    });
    found.collect()
}

fn ended(container: &Value) -> Option<Timestamp> {
    text(container, "/lastState/terminated/finishedAt").parse().ok()
}
