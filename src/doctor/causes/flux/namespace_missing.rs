//! An object is applied into a namespace that is not there, or into none.

use super::failure::{kustomizations, then_push};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Lookup};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "namespace-missing", title: "A namespace is missing", find };

/// fluxcd/pkg/ssa 0.61 says `Kind/ns/n not found: namespaces "ns" not found`, and without one `Kind/n namespace not specified: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let object = failure.object();
        let page = "https://fluxcd.io/flux/components/kustomize/kustomizations/#target-namespace";
        if failure.says("namespace not specified") {
            let name = failure.message().split_whitespace().next().unwrap_or_default();
            let message = format!("{} applies {name} without a namespace", object.told());
            let found = failure.found(CAUSE.id, message).look_at(graph.yaml(object)).documented(page);
            return Some(then_push(graph, found, object, "Write metadata.namespace into it, or spec.targetNamespace into the Kustomization, and push."));
        }
        let name = between(failure.message(), "namespaces \"", "\" not found")?;
        let namespace = ObjectRef::new("Namespace", "", "", name);
        match graph.get(&namespace) {
            Lookup::Found(live) if !live.is_deleting() => {
                return Some(retry_pending::of(graph, &failure, &format!("the namespace {name} is there now")));
            }
            Lookup::Found(_) | Lookup::Absent | Lookup::Unknown => {}
        }
        let message = format!("{} applies {} into the namespace {name}, which does not exist", object.told(), failure.named().told());
        let found = failure.found(CAUSE.id, message).lacking(&namespace).look_at(graph.shell("kubectl get namespace {}", &[name])).documented(page);
        let what = format!("Add the Namespace {name} to the path, or let the Kustomization depend on the one that makes it (spec.dependsOn), and push.");
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
