//! A Kustomization applies a sealed Secret and has no decryption.

use super::failure::{kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause =
    Cause { id: "decryption-not-configured", title: "A sealed Secret is applied without decryption", find };

/// kustomize-controller 1.7 refuses it: `Secret/ns/n is SOPS encrypted, configuring decryption is required …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found =
        kustomizations(graph).filter(|failure| failure.says("is SOPS encrypted, configuring decryption is required"));
    let found = found.map(|failure| {
        let object = failure.object();
        let message =
            format!("{} has no spec.decryption, but {} is sealed with SOPS", object.told(), failure.named().told());
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.yaml(object))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#decryption");
        let what = "Add spec.decryption to the Kustomization (provider: sops, secretRef: {name: sops-age}), and push.";
        then_push(graph, found, object, what)
    });
    found.collect()
}
