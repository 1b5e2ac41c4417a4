//! A git server refuses the credentials of a source.

use super::failure::then_reconcile;
use super::transport::{Trouble, address, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "git-authentication", title: "A git server refuses the credentials", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, &["GitRepository"], Trouble::Credentials).map(|failure| {
        let object = failure.object();
        let secret = failure.live.text("/spec/secretRef/name");
        let with = if secret.is_empty() { "without credentials (it has no spec.secretRef)".to_owned() } else { format!("with the credentials of Secret {}/{secret}", object.namespace) };
        let message = format!("{} is refused by {} {with}: {}", object.told(), address(&failure), reason(failure.message()));
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.describe(object))
            .mended_by(Remedy::change("Put a token or deploy key that is valid and may read the repository into that Secret; look whether the old one has expired. Then push, or apply it where Flux cannot fetch.", "the source is Ready with a new revision"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
