//! A Provider of notifications names a Secret that is not there.

use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "provider-secret-missing", title: "A Provider's Secret is missing", find };

/// Providers have no status since Flux 2.2: notifications are lost without a word.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let Some(kind) = super::failure::flux_kind("Provider") else { return Vec::new() };
    let found = graph.all(kind.group, kind.kind).filter_map(|live| {
        let object = live.object;
        let refs = ["secretRef", "certSecretRef", "proxySecretRef"]
            .map(|field| (field, live.text(&format!("/spec/{field}/name"))));
        let missing = |name: &str| -> Option<ObjectRef> {
            let secret = live.beside("Secret", "", name);
            (!name.is_empty() && graph.get(&secret).is_absent()).then_some(secret)
        };
        let (field, secret) = refs.iter().find_map(|(field, name)| Some((field, missing(name)?)))?;
        if live.is_true("/spec/suspend") {
            return None;
        }
        let message = format!("{} sends nothing: {} does not exist", object.told(), secret.told());
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .seen_all([live.field_evidence(&format!("spec.{field}.name"), &secret.name)])
                .look_at(graph.shell("kubectl get secrets -n {}", &[&object.namespace]))
                .mended_by(Remedy::change(
                    format!(
                        "Add {} in the Provider's namespace, sealed in Git, or correct spec.{field}; then push.",
                        secret.told()
                    ),
                    "the next event arrives",
                ))
                .documented("https://fluxcd.io/flux/components/notification/providers/#secret-reference"),
        )
    });
    found.collect()
}
