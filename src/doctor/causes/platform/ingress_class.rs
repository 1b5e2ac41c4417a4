//! An Ingress names a class that is not there.

use super::names_of;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "ingress-class-missing", title: "An Ingress names a class that is missing", find };

const GROUP: &str = "networking.k8s.io";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let classes: Vec<String> = graph.all(GROUP, "IngressClass").map(|class| class.object.name.clone()).collect();
    // Where there is no class at all, controllers go by the name alone.
    if classes.is_empty() {
        return Vec::new();
    }
    let all = graph.all(GROUP, "Ingress").filter(|one| !one.is_deleting() && graph.is_past(one.created(), 120));
    let found = all.filter_map(|ingress| {
        let name = ingress.text("/spec/ingressClassName");
        // A controller that knows the class without its object has given an address.
        let is_served = !ingress.items("/status/loadBalancer/ingress").is_empty();
        if name.is_empty() || is_served || classes.iter().any(|class| class == name) {
            return None;
        }
        let known = names_of(classes.clone());
        let message =
            format!("{} is served by nobody: IngressClass {name} is missing (there is {known})", ingress.object.told());
        Some(
            Diagnosis::new(CAUSE.id, ingress.object, message)
                .lacking(&ObjectRef::new("IngressClass", GROUP, "", name))
                .seen_all([ingress.field_evidence("spec.ingressClassName", name)])
                .seen(format!("IngressClasses: {known}"), None, "the API server")
                .look_at(graph.shell("kubectl get ingressclasses", &[]))
                .look_at(graph.describe(ingress.object))
                .mended_by(Remedy::change(
                    "Name a class that is there, or install the controller that brings this one.",
                    "the Ingress has an address",
                ))
                .documented("https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class"),
        )
    });
    found.collect()
}
