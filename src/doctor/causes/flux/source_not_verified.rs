//! The signature of a source cannot be verified.

use super::failure::{failed_kind, then_reconcile};
use super::transport::reason;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "source-not-verified", title: "The signature of a source cannot be verified", find };

/// source-controller 1.7 says `signature verification of commit 'C' failed: …` and `no matching signatures were found for 'REF'`.
const SAID: &[&str] = &[
    "signature verification of",
    "no matching signatures were found",
    "failed to verify the signature",
    "cannot verify signature",
    "PGP public keys secret error",
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = ["GitRepository", "OCIRepository"].into_iter().flat_map(|kind| failed_kind(graph, kind));
    let found = failed.filter(|failure| failure.says_any(SAID) && !failure.says("not found")).map(|failure| {
        let object = failure.object();
        let message = format!("{} fetches nothing new: its signature cannot be verified ({})", object.told(), reason(failure.message()));
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.yaml(object))
            .mended_by(Remedy::change("Find out who pushed the commit or artifact. Where it is right, sign it with a known key, or add the key to the Secret of spec.verify, and push.", "the condition SourceVerified is True"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#verification");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
