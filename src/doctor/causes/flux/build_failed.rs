//! kustomize cannot build what a Kustomization applies.

use super::failure::{failed_for, then_push};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "build-failed", title: "kustomize cannot build the manifests", find };

/// What kustomize and the reader of its output say (kustomize-controller 1.7, `build`); keys and variables have causes
/// of their own.
const SAID: &[&str] = &[
    "kustomize build failed",
    "failed to decode Kubernetes apiVersion",
    "error decoding",
    "yaml:",
    "error converting YAML",
];

/// The word alone would leave out every `secret.sops.yaml` that is missing.
const OTHERS: &[&str] =
    &["envsubst error", "substitute from", "decryption failed", "sops data key", "sops tree", "sops decryption"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_for(graph, "BuildFailed").filter(|failure| failure.says_any(SAID) && !failure.says_any(OTHERS));
    let found = failed.map(|failure| {
        let object = failure.object();
        let path = failure.live.text("/spec/path");
        let message = format!("{} cannot be built: {}", object.told(), short(&kinds::essence(failure.message())));
        let flux = graph.row(object).and_then(|row| row.flux.as_deref());
        let tried = flux.and_then(|flux| flux.attempted.clone()).unwrap_or_default();
        let mut found = failure.found(CAUSE.id, message);
        if !tried.is_empty() {
            found = found.seen_all([failure.live.field_evidence("status.lastAttemptedRevision", &tried)]);
        }
        let found = found
            .look_at(crate::model::ShellLine::new("kustomize build {}", &[path]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#generate-kustomizationyaml");
        then_push(graph, found, object, "Correct the named file so that kustomize builds the path, and push.")
    });
    found.collect()
}
