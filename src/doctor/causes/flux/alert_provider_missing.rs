//! An Alert names a Provider that is not there.

use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "alert-provider-missing", title: "An Alert's Provider is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let Some(kind) = super::failure::flux_kind("Alert") else { return Vec::new() };
    let found = graph.all(kind.group, kind.kind).filter_map(|live| {
        let object = live.object;
        let name = live.text("/spec/providerRef/name");
        let provider = live.beside("Provider", &object.group, name);
        if name.is_empty() || live.is_true("/spec/suspend") || !graph.get(&provider).is_absent() {
            return None;
        }
        let message = format!("{} sends nothing: {} does not exist in its namespace", object.told(), provider.told());
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .seen_all([live.field_evidence("spec.providerRef.name", name)])
                .look_at(graph.shell("kubectl get providers.notification.toolkit.fluxcd.io -A", &[]))
                .mended_by(Remedy::change(
                    "Correct spec.providerRef, or add the Provider in the Alert's own namespace; then push.",
                    "the next event arrives",
                ))
                .documented("https://fluxcd.io/flux/components/notification/alerts/#provider-reference"),
        )
    });
    found.collect()
}
