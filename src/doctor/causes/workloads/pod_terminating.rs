//! A pod was deleted and does not go.

use super::pods::{self, PodFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "pod-terminating", title: "A deleted pod does not go", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Terminating);
    let found = all.iter().map(|ill| {
        let (name, namespace) = (&ill.pod.object.name, &ill.pod.object.namespace);
        let finalizers: Vec<&str> =
            ill.pod.items("/metadata/finalizers").iter().filter_map(serde_json::Value::as_str).collect();
        let node = ill.pod.text("/spec/nodeName");
        let is_gone = !node.is_empty() && graph.get(&ObjectRef::new("Node", "", "", node)).is_absent();
        let why = if !finalizers.is_empty() {
            format!("finalizer {} keeps it", finalizers.join(", "))
        } else if is_gone {
            format!("its node {node} is gone")
        } else {
            format!("the kubelet of node {node} does not end it")
        };
        let long = ill.at.map(|at| age(graph.now, at)).unwrap_or_default();
        let message = format!("Pod {namespace}/{name} of {} should have ended {long} ago: {why}", ill.workload.told());
        let mut found = ill.diagnosis(CAUSE.id, message).look_at(graph.yaml(ill.pod.object));
        if finalizers.is_empty() {
            found = found.mended_by(Remedy::new(
                graph.shell("kubectl delete pod {} -n {} --force --grace-period=0", &[name, namespace]),
                "It takes the pod out of the API without the kubelet; only where its containers certainly run no more.",
                "the pod is gone, and its workload makes a new one",
            ));
        } else {
            found = found
                .seen(format!("metadata.finalizers: {}", finalizers.join(", ")), None, ill.pod.object.told())
                .mended_by(Remedy::new(
                    graph.shell(
                        "kubectl patch pod {} -n {} --type=merge -p '{\"metadata\":{\"finalizers\":null}}'",
                        &[name, namespace],
                    ),
                    "Look first why the controller that set it does not take it away; it clears up after the pod.",
                    "the pod is gone",
                ));
        }
        found.documented("https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/")
    });
    found.collect()
}
