//! A git server knows no such repository, or does not show it.

use super::failure::then_reconcile;
use super::transport::{Trouble, address, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "git-repository-missing", title: "A git server has no such repository", find };

/// Servers hide a private repository from those without rights as one that is not there.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = troubled(graph, &["GitRepository"], Trouble::Missing)
        .filter(|failure| failure.says_any(&["repository not found", "404 Not Found"]));
    let found = failed.map(|failure| {
        let object = failure.object();
        let message = format!("{} cannot be fetched: there is no repository {}, or its credentials may not see it", object.told(), address(&failure));
        let found = failure
            .found(CAUSE.id, message)
            .or("git-authentication")
            .look_at(crate::model::ShellLine::new("git ls-remote {}", &[address(&failure)]))
            .mended_by(Remedy::change("Correct spec.url where the repository was renamed or moved; else give the token or deploy key of spec.secretRef the right to read it. Then push.", "the source is Ready"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#url");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
