//! The automation of image updates cannot write to git.

use super::failure::{failed_kind, then_reconcile};
use super::transport::{Trouble, reason, trouble};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "image-update-failed", title: "Image updates cannot be pushed", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_kind(graph, "ImageUpdateAutomation")
        .filter(|failure| failure.says_any(&["push", "clone", "git", "checkout", "commit"]));
    let found = failed.map(|failure| {
        let object = failure.object();
        let branch = match failure.live.text("/spec/git/push/branch") {
            "" => failure.live.text("/spec/git/checkout/ref/branch"),
            branch => branch,
        };
        let to = if branch.is_empty() { String::new() } else { format!(" to the branch {branch}") };
        let (why, what) = match trouble(failure.message()) {
            Some(Trouble::Credentials) => ("its credentials may not write", "Give the token or deploy key of the GitRepository's Secret the right to write, and push the Secret."),
            _ if failure.says_any(&["protected branch", "pre-receive hook declined", "rejected"]) => ("the server refuses the branch", "Push to another branch (spec.git.push.branch) and open a pull request from it, or allow the account to write."),
            _ => ("git failed", "Read the message, and mend the source or the settings in spec.git."),
        };
        let message = format!("{} cannot write{to}: {why} ({})", object.told(), reason(failure.message()));
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(what, "Ready True with the pushed commit"))
            .documented("https://fluxcd.io/flux/components/image/imageupdateautomations/#push");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
