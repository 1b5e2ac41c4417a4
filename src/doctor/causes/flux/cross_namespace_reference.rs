//! A reference to another namespace is forbidden on this cluster.

use super::failure::{failures, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;

pub(super) const CAUSE: Cause =
    Cause { id: "cross-namespace-reference", title: "References into other namespaces are blocked", find };

/// Controllers with `--no-cross-namespace-refs` say `can't access 'Kind/ns/n', cross-namespace references have been blocked`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = kinds::flux()
        .flat_map(|kind| failures(graph, kind))
        .filter(|failure| failure.says("cross-namespace references have been blocked"));
    let found = failed.map(|failure| {
        let object = failure.object();
        let other = crate::doctor::message::between(failure.message(), "access '", "'")
            .unwrap_or("an object of another namespace");
        let message =
            format!("{} refers to {other}, and the controller runs with --no-cross-namespace-refs", object.told());
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.yaml(object))
            .documented("https://fluxcd.io/flux/installation/configuration/multitenancy/");
        then_push(
            graph,
            found,
            object,
            format!("Put a copy of {other} into the namespace {}, refer to that, and push.", object.namespace),
        )
    });
    found.collect()
}
