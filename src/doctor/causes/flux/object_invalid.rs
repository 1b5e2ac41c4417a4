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
    "cannot change roleRef",
    "may not change once set",
    "field can not be less than",
];

/// The API server passes on what etcd says, at the apply and not at the dry run.
const TOO_LARGE: &str = "etcdserver: request is too large";

/// fluxcd/pkg/ssa 0.61 says `Kind/ns/n dry-run failed (Invalid): …`, and of an unknown or mistyped field `failed to create typed patch object`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = [
        "dry-run failed (Invalid)",
        "dry-run failed (BadRequest)",
        "failed to create typed patch object",
        "failed to convert new object",
        TOO_LARGE,
        "dry-run failed (RequestEntityTooLarge)",
    ];
    let failed = kustomizations(graph).filter(|failure| failure.says_any(&said) && !failure.says_any(OTHERS));
    let found = failed.map(|failure| {
        let (object, at) = (failure.object(), failure.named());
        let why = after(failure.message(), "dry-run failed");
        let why = why.split_once("): ").map_or(why.as_str(), |(_, why)| why);
        let message = format!("The API server rejects {}: {why}", at.told());
        if failure.says_any(&[TOO_LARGE, "RequestEntityTooLarge"]) {
            let message = format!("{} is too large: etcd takes objects up to 1.5 MiB (--max-request-bytes)", at.told());
            let found = failure.found_at(CAUSE.id, &at, message).look_at(graph.yaml(object)).documented(
                "https://etcd.io/docs/v3.6/dev-guide/limit/#request-size-limit",
            );
            let what = "Split it into several objects, or bring what is large another way (a volume, an image, an address to fetch it from); then push.";
            return then_push(graph, found, object, what);
        }
        let found = failure
            .found_at(CAUSE.id, &at, message)
            .look_at(graph.shell("kubectl explain {}", &[&at.kind.to_lowercase()]))
            .documented("https://kubernetes.io/docs/reference/using-api/server-side-apply/");
        let what = if failure.live.value.pointer("/spec/postBuild").is_some() {
            "Correct the field in the manifest, and push; where it is made of a variable, see that this one has a value (before Flux 2.9 one without a value is empty): fluxdeck check names those."
        } else {
            "Correct the field in the manifest, and push."
        };
        then_push(graph, found, object, what)
    });
    found.collect()
}
