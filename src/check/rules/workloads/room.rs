//! Requests that no node of the environment can satisfy.

use serde_json::Value;

use crate::check::world::{Pods, World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::quantity;

pub(in crate::check) const RULE: Rule = Rule {
    id: "requests-exceed-nodes",
    about: "requests that the nodes of the environment cannot give, by [check.nodes] in .fluxdeck.toml, or in the cockpit by the cluster",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let settings = if world.nodes.are_told { ", or correct [check.nodes] in .fluxdeck.toml" } else { "" };
    let resources = [("cpu", world.nodes.cpu, "cores"), ("memory", world.nodes.memory, "bytes")];
    for (resource, amount, unit) in resources {
        let Some(amount) = amount else { continue };
        let (mut total, mut most) = (0.0, (0.0, None));
        for pods in world.pods() {
            let wanted = request(&pods, resource);
            if wanted <= amount.largest {
                let together = wanted * count(&pods);
                total += together;
                if together > most.0 {
                    most = (together, Some(pods.object));
                }
                continue;
            }
            let message = format!(
                "its pod requests {} of {resource}, and the largest node of {} gives {}",
                shown(wanted, unit),
                world.env,
                shown(amount.largest, unit)
            );
            let why = format!("the pod stays Pending for ever: Insufficient {resource}");
            let fix = format!("lower the requests for this environment{settings}");
            found.push(world.finding(&RULE, pods.object, &format!("{resource}:"), message, why, fix));
        }
        // The pods of charts come on top: this is the minimum.
        if let (Some(room), (own, Some(object))) = (amount.together.filter(|room| total > *room), most) {
            let message = format!(
                "the workloads of {} request at least {} of {resource}, and its nodes give {}; this one requests most, {}",
                world.env,
                shown(total, unit),
                shown(room, unit),
                shown(own, unit)
            );
            let why = format!("the last pods to start stay Pending: Insufficient {resource}");
            let fix = format!("lower requests or replicas for this environment{settings}");
            found.push(world.finding(&RULE, object, &format!("{resource}:"), message, why, fix).warning());
        }
    }
}

/// Returns the request of one pod: the sum of its containers, or that of an init container if it is larger
/// (kubernetes.io/docs/concepts/workloads/pods/init-containers, "Resource sharing within containers"). A limit stands
/// for a request.
fn request(pods: &Pods<'_>, resource: &str) -> f64 {
    let own = |container: &Value| {
        let amount = |part: &str| match at(container, &format!("/resources/{part}/{resource}")) {
            Value::String(text) => quantity(text),
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        amount("requests").or_else(|| amount("limits")).unwrap_or_default()
    };
    let (mut sidecars, mut start) = (0.0, 0.0_f64);
    for container in list(pods.spec, "/initContainers") {
        if text(container, "/restartPolicy") == "Always" {
            sidecars += own(container);
            start = start.max(sidecars);
        } else {
            start = start.max(sidecars + own(container));
        }
    }
    let together: f64 = list(pods.spec, "/containers").iter().map(own).sum();
    start.max(sidecars + together)
}

/// Returns the least number of pods; the pods of jobs are temporary.
fn count(pods: &Pods<'_>) -> f64 {
    match pods.object.kind() {
        "Job" | "CronJob" => 0.0,
        // A DaemonSet has no replicas: it runs on at least one node.
        _ => at(&pods.object.body, "/spec/replicas").as_f64().unwrap_or(1.0),
    }
}

fn shown(amount: f64, unit: &str) -> String {
    match unit {
        "bytes" if amount >= 10.0 * 1_073_741_824.0 => format!("{:.1} GiB", amount / 1_073_741_824.0),
        "bytes" => format!("{:.0} MiB", amount / 1_048_576.0),
        _ => format!("{amount:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::testing::found_in;
    use crate::model::{Amount, Nodes};

    fn found(replicas: u32, pod: &str) -> Vec<String> {
        found_on(&nodes(true), replicas, pod, "")
    }

    fn nodes(are_told: bool) -> Nodes {
        let amount = |largest: f64| Some(Amount { largest, together: Some(largest * 3.0) });
        Nodes { cpu: amount(4.0), memory: amount(8_589_934_592.0), are_told, ..Nodes::default() }
    }

    fn found_on(nodes: &Nodes, replicas: u32, pod: &str, beside: &str) -> Vec<String> {
        let text = format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a, namespace: web}}\nspec:\n  replicas: {replicas}\n  template: {{spec: {pod}}}\n{beside}"
        );
        assert!(found_in(Path::new("/nonexistent"), &Nodes::default(), &super::RULE, &text).is_empty());
        found_in(Path::new("/nonexistent"), nodes, &super::RULE, &text)
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let containers = |requests: &str| format!("{{containers: [{{name: a, resources: {{requests: {requests}}}}}]}}");
        assert_eq!(
            found(1, &containers("{memory: 9Gi}")),
            [
                "staging Deployment/web/a: its pod requests 9216 MiB of memory, and the largest node of staging gives 8192 MiB"
            ]
        );
        assert_eq!(found(1, &containers("{cpu: 4500m}")).len(), 1);
        assert_eq!(found(1, &containers("{cpu: 5}")).len(), 1);
        assert_eq!(found(1, "{initContainers: [{name: a, resources: {limits: {cpu: 5}}}]}").len(), 1);
        assert_eq!(
            found(4, &containers("{cpu: 3500m}")),
            [
                "staging Deployment/web/a: the workloads of staging request at least 14.00 cores of cpu, and its nodes give 12.00 cores; this one requests most, 14.00 cores"
            ]
        );
        let large = containers("{memory: 9Gi}");
        assert_eq!(found_on(&nodes(false), 1, &large, "").len(), 1);
        for (are_told, count) in [(false, 0), (true, 1)] {
            let release = "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: b}\nspec: {chart: {spec: {chart: cluster-autoscaler}}}\n";
            assert_eq!(found_on(&nodes(are_told), 1, &large, release).len(), count, "nodes may come");
        }
        for (replicas, pod) in [
            (1, containers("{memory: 8Gi, cpu: 4}")),
            (3, containers("{memory: 8Gi, cpu: 4}")),
            (1, containers("{memory: many}")),
            (1, "{containers: [{name: a}]}".to_owned()),
            // Init containers run one after the other.
            (1, "{initContainers: [{name: a, resources: {requests: {cpu: 3}}}], containers: [{name: a, resources: {requests: {cpu: 3}}}]}".to_owned()),
        ] {
            assert!(found(replicas, &pod).is_empty(), "{pod}");
        }
    }
}
