//! A `PodDisruptionBudget` keeps a node from being drained.

use super::pods::workload_of;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::State;

pub(super) const CAUSE: Cause =
    Cause { id: "disruption-budget", title: "A PodDisruptionBudget keeps a node from being drained", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let cordoned = graph.all("", "Node").filter(|node| node.is_true("/spec/unschedulable"));
    let cordoned: Vec<&str> = cordoned.map(|node| node.object.name.as_str()).collect();
    if cordoned.is_empty() {
        return Vec::new();
    }
    let budgets = graph.all("policy", "PodDisruptionBudget");
    budgets.filter_map(|budget| diagnosis(graph, &budget, &cordoned)).collect()
}

fn diagnosis(graph: &LiveGraph, budget: &LiveObject<'_>, cordoned: &[&str]) -> Option<Diagnosis> {
    let number = |field: &str| budget.number(&format!("/status/{field}"));
    if number("disruptionsAllowed")? > 0 || number("expectedPods")? == 0 {
        return None;
    }
    let pods = graph.pods_of(budget);
    let held = pods.iter().find(|pod| {
        cordoned.contains(&pod.text("/spec/nodeName")) && !pod.is_deleting() && pod.text("/status/phase") == "Running"
    })?;
    let workload = workload_of(graph, held);
    // Pods that are not ready hold the budget at 0, and have a cause of their own.
    if graph.row(&workload).is_some_and(|row| row.state != State::Ready) {
        return None;
    }
    let object = budget.object;
    let node = held.text("/spec/nodeName");
    let rule = ["minAvailable", "maxUnavailable"].iter().find_map(|field| {
        let value = budget.value.pointer(&format!("/spec/{field}"))?;
        Some(format!("{field}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    let rule = rule.unwrap_or_default();
    let (healthy, desired) =
        (number("currentHealthy").unwrap_or_default(), number("desiredHealthy").unwrap_or_default());
    let message = format!(
        "{} allows no disruption ({rule}; {healthy} pods are healthy, {desired} have to be), so node {node}, which is cordoned, cannot be drained of {}",
        object.told(),
        workload.told()
    );
    Some(
        Diagnosis::new(CAUSE.id, object, message)
            .warning()
            .seen_all([
                budget.field_evidence("status.disruptionsAllowed", "0"),
                budget.field_evidence("spec", &rule),
            ])
            .seen("spec.unschedulable: true", None, format!("Node/{node}"))
            .look_at(graph.shell("kubectl get pdb {} -n {}", &[&object.name, &object.namespace]))
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(
                "Run one replica more than the budget asks for, or lower minAvailable (or raise maxUnavailable), and push; then drain again.",
                "ALLOWED DISRUPTIONS is 1 or more",
            ))
            .documented("https://kubernetes.io/docs/tasks/run-application/configure-pdb/"),
    )
}
