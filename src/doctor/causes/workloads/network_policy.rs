//! `NetworkPolicies` let nothing in to pods that something routes to.

use serde_json::Value;

use super::routing;
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "network-policy", title: "NetworkPolicies let nothing in to pods that something routes to", find };

/// Only what is certain: none of the policies that select the pods has a rule for what comes in. Whether a rule fits the
/// peer is not judged, because the peer's address may be a node's.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let policies: Vec<LiveObject<'_>> = graph.all("networking.k8s.io", "NetworkPolicy").collect();
    if policies.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let workloads = routing::Workloads::of(graph);
    for one in routing::routed(graph) {
        let Some(service) = routing::service_of(graph, &one.service) else { continue };
        for live in workloads.behind(&service) {
            let labels = routing::template_labels(&live);
            let selecting: Vec<&LiveObject<'_>> = policies
                .iter()
                .filter(|policy| policy.object.namespace == live.object.namespace && is_about_ingress(policy))
                .filter(|policy| selects(policy.value.pointer("/spec/podSelector").unwrap_or(&Value::Null), labels))
                .collect();
            let lets_in = selecting.iter().any(|policy| !policy.items("/spec/ingress").is_empty());
            let is_exempt = live.is_true("/spec/template/spec/hostNetwork") || routing::is_scaled_to_zero(&live);
            if let Some(policy) = selecting.first().filter(|_| !lets_in && !is_exempt) {
                found.push(diagnosis(graph, policy, &live, &one));
            }
        }
    }
    found
}

fn is_about_ingress(policy: &LiveObject<'_>) -> bool {
    let types = policy.items("/spec/policyTypes");
    types.is_empty() || types.iter().any(|one| one.as_str() == Some("Ingress"))
}

/// Tells whether a label selector selects these labels; an empty one selects all.
fn selects(selector: &Value, labels: &Value) -> bool {
    let own = |key: &str| labels.get(key).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let has_labels = wanted.into_iter().all(|(key, value)| own(key) == value.as_str());
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let is_met = |one: &Value| {
        let label = own(text(one, "/key"));
        let mut values = one.get("values").and_then(Value::as_array).into_iter().flatten();
        match text(one, "/operator") {
            "In" => label.is_some() && values.any(|value| value.as_str() == label),
            "NotIn" => label.is_none() || !values.any(|value| value.as_str() == label),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    };
    has_labels && expressions.into_iter().all(is_met)
}

fn diagnosis(
    graph: &LiveGraph,
    policy: &LiveObject<'_>,
    live: &LiveObject<'_>,
    one: &routing::Routed<'_>,
) -> Diagnosis {
    let object = policy.object;
    let message = format!(
        "{} selects the pods of {} and lets nothing in, and no other policy does, so {} gets no answer where the network plugin enforces policies",
        object.told(),
        live.object.told(),
        one.route.told()
    );
    Diagnosis::new(CAUSE.id, object, message)
        .warning()
        .explaining([one.route.clone()])
        .seen_all([policy.field_evidence("spec.ingress", "none")])
        .seen(format!("leads to Service {}/{}", one.service.namespace, one.service.name), None, one.route.told())
        .look_at(graph.shell("kubectl get networkpolicies -n {}", &[&object.namespace]))
        .look_at(graph.describe(object))
        .mended_by(Remedy::change(
            "Add a NetworkPolicy that lets the ingress controller's namespace in to these pods and their port, and push.",
            "a request through the route is answered",
        ))
        .documented("https://kubernetes.io/docs/concepts/services-networking/network-policies/")
}
