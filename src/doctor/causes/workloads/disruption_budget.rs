//! A `PodDisruptionBudget` keeps a node from being drained.

use std::collections::{BTreeMap, BTreeSet};

use super::pods::workload_of;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "disruption-budget", title: "A PodDisruptionBudget keeps a node from being drained", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let cordoned = graph.all("", "Node").filter(|node| node.is_true("/spec/unschedulable"));
    let cordoned: Vec<&str> = cordoned.map(|node| node.object.name.as_str()).collect();
    if cordoned.is_empty() {
        return Vec::new();
    }
    let budgets = graph.all("policy", "PodDisruptionBudget");
    let exhausted = budgets.clone().filter_map(|budget| diagnosis(graph, &budget, &cordoned));
    exhausted.chain(doubled(graph, budgets, &cordoned)).collect()
}

/// The eviction API refuses a pod that several budgets select: `found more than one PodDisruptionBudget` (Kubernetes 1.34).
fn doubled<'a>(
    graph: &'a LiveGraph,
    budgets: impl Iterator<Item = LiveObject<'a>>,
    cordoned: &[&str],
) -> Vec<Diagnosis> {
    let mut by_pod: BTreeMap<&ObjectRef, Vec<LiveObject<'_>>> = BTreeMap::new();
    for budget in budgets {
        let held = graph.pods_of(&budget).into_iter().filter(|pod| {
            cordoned.contains(&pod.text("/spec/nodeName"))
                && !pod.is_deleting()
                && pod.text("/status/phase") == "Running"
        });
        for pod in held {
            by_pod.entry(pod.object).or_default().push(budget);
        }
    }
    let mut told: BTreeSet<Vec<&ObjectRef>> = BTreeSet::new();
    let mut found = Vec::new();
    for (pod, budgets) in by_pod.iter().filter(|(_, budgets)| budgets.len() > 1) {
        let names: Vec<&ObjectRef> = budgets.iter().map(|budget| budget.object).collect();
        let (Some(last), true) = (names.last().copied(), told.insert(names.clone())) else { continue };
        let who: Vec<String> = names.iter().map(|name| name.told()).collect();
        let message = format!(
            "{} select one pod, {}: such a pod cannot be evicted, so its node, which is cordoned, cannot be drained of it",
            who.join(" and "),
            pod.told()
        );
        let mut diagnosis = Diagnosis::new(CAUSE.id, last, message).warning();
        for budget in budgets {
            let selector = budget.value.pointer("/spec/selector").map(ToString::to_string).unwrap_or_default();
            diagnosis = diagnosis.seen_all([budget.field_evidence("spec.selector", &selector)]);
        }
        found.push(
            diagnosis
                .look_at(graph.shell("kubectl get pdb -n {}", &[&last.namespace]))
                .mended_by(Remedy::change(
                    "Keep one budget for these pods: take the other out, or narrow its selector, and push; then drain again.",
                    "the pod is evicted",
                ))
                .documented("https://kubernetes.io/docs/tasks/run-application/configure-pdb/"),
        );
    }
    found
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
