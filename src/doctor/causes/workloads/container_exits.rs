//! A container that is to run for ever ends without an error.

use super::containers;
use super::pods::{self, PodFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "container-exits", title: "A container ends without an error, and is to run for ever", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Exits);
    let found = all.iter().map(|ill| {
        let command = |field: &str| {
            let words = ill.container.spec.get(field).and_then(serde_json::Value::as_array);
            words.map(|words| words.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(" "))
        };
        let told: Vec<String> = [command("command"), command("args")].into_iter().flatten().collect();
        let runs = if told.is_empty() { "the command of its image".to_owned() } else { crate::doctor::message::short(&told.join(" ")) };
        let message = format!(
            "The command of {} is done (exit code 0, restarted {} times), and {} wants it to run for ever: {runs}",
            ill.of(),
            ill.container.restarts(),
            ill.workload.kind
        );
        let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
        ill.diagnosis(CAUSE.id, message)
            .seen_all(containers::log_evidence(graph, ill.pod.object, &ill.container))
            .look_at(graph.shell("kubectl logs {} -n {} -c {} --previous", &[name, namespace, ill.container.name()]))
            .mended_by(Remedy::change(
                "Give it a command that stays in the foreground; what is to run once is a Job, and what runs at times a CronJob.",
                "the pod is Ready, and its RESTARTS stay as they are",
            ))
            .documented("https://kubernetes.io/docs/concepts/workloads/controllers/job/")
    });
    found.collect()
}
