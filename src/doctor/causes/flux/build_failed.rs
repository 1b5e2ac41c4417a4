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

/// Describes a failure that another change mends than that of the file which is named.
struct Known {
    says: &'static str,
    /// The reason in words; empty where kustomize's own are told.
    why: &'static str,
    remedy: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        says: "kustomization.yaml: not a directory",
        why: "spec.path names a file, and has to name a folder",
        remedy: "Let spec.path name the folder that holds the file (or its kustomization.yaml), and push.",
    },
    Known {
        says: "HelmChartInflationGenerator",
        why: "its kustomization.yaml has helmCharts, and kustomize-controller does not run helm",
        remedy: "Take helmCharts out of kustomization.yaml, and bring the chart by a HelmRelease with a HelmRepository or OCIRepository; then push.",
    },
    Known {
        says: "accumulating components",
        why: "",
        remedy: "Correct the entry of components (spec.components of the Kustomization, or of a kustomization.yaml): paths count from the folder that names them, and the folder needs a kustomization.yaml of kind Component. Then push.",
    },
    Known {
        says: "operation does not apply",
        why: "",
        remedy: "Correct the patch: the path has to be in the object that it changes (spec.patches of the Kustomization, or patches of a kustomization.yaml); an add makes what is not there yet. Then push.",
    },
    Known {
        says: "dial tcp",
        why: "",
        remedy: "Put a copy of the remote resource into the repository, or see that its server can be reached from source to cluster: kustomize-controller fetches it at every run. Then push.",
    },
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_for(graph, "BuildFailed").filter(|failure| failure.says_any(SAID) && !failure.says_any(OTHERS));
    let found = failed.map(|failure| {
        let object = failure.object();
        let path = failure.live.text("/spec/path");
        let known = KNOWN.iter().find(|known| failure.says(known.says));
        let message = match known {
            Some(Known { why, .. }) if !why.is_empty() => format!("{} cannot be built: {why}", object.told()),
            _ => format!("{} cannot be built: {}", object.told(), short(&kinds::essence(failure.message()))),
        };
        let flux = graph.row(object).and_then(|row| row.flux.as_deref());
        let tried = flux.and_then(|flux| flux.attempted.clone()).unwrap_or_default();
        let mut found = failure.found(CAUSE.id, message);
        if !tried.is_empty() {
            found = found.seen_all([failure.live.field_evidence("status.lastAttemptedRevision", &tried)]);
        }
        let found = found
            .look_at(crate::model::ShellLine::new("kustomize build {}", &[path]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#generate-kustomizationyaml");
        let what =
            known.map_or("Correct the named file so that kustomize builds the path, and push.", |known| known.remedy);
        then_push(graph, found, object, what)
    });
    found.collect()
}
