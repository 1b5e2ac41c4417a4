//! The API server rejects a manifest.

use super::failure::{after, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "object-invalid", title: "The API server rejects a manifest", find };

/// What other causes know better.
const OTHERS: &[&str] = &[
    "immutable",
    "failed calling webhook",
    "denied the request",
    "denied request",
    "updates to statefulset spec",
    "storedVersions",
];

/// fluxcd/pkg/ssa 0.61 says `Kind/ns/n dry-run failed (Invalid): …`, and of an unknown or mistyped field `failed to create typed patch object`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = ["dry-run failed (Invalid)", "dry-run failed (BadRequest)", "failed to create typed patch object"];
    let failed = kustomizations(graph).filter(|failure| failure.says_any(&said) && !failure.says_any(OTHERS));
    let found = failed.map(|failure| {
        let (object, at) = (failure.object(), failure.named());
        let why = after(failure.message(), "dry-run failed");
        let why = why.split_once("): ").map_or(why.as_str(), |(_, why)| why);
        let message = format!("The API server rejects {}: {why}", at.told());
        let found = failure
            .found_at(CAUSE.id, &at, message)
            .look_at(graph.shell("kubectl explain {}", &[&at.kind.to_lowercase()]))
            .documented("https://kubernetes.io/docs/reference/using-api/server-side-apply/");
        then_push(graph, found, object, "Correct the field in the manifest, and push.")
    });
    found.collect()
}
