//! The commit that each Kustomization applied last.

use std::collections::BTreeMap;
use std::path::Path;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::repo::git;

/// A Kustomization with the revision that it applied last; `None` if it is not in the cluster, or the reason why it cannot
/// be read.
type OwnerRevision = (ObjectRef, Result<Option<String>, String>);

/// The number of Kustomizations that are read at once.
const AT_ONCE: usize = 16;

/// Holds the last applied commits of Kustomizations.
#[derive(Debug, Clone, Default)]
pub struct AppliedCommits {
    /// The commits, with the Kustomizations that applied each.
    pub commits: BTreeMap<String, Vec<ObjectRef>>,
    /// The Kustomizations whose commit is not here, each with the reason.
    pub unknown: Vec<(ObjectRef, String)>,
}

/// Reads what some Kustomizations applied last.
///
/// # Errors
/// Fails when the server cannot be reached; a Kustomization that may not be read is an unknown one.
pub async fn applied_commits(cluster: &Cluster, owners: Vec<ObjectRef>) -> Result<AppliedCommits, Fault> {
    let mut asked: Vec<BoxFuture<'_, Result<OwnerRevision, Fault>>> = Vec::new();
    for owner in owners {
        asked.push(Box::pin(async move {
            match cluster.looked_up(&owner).await {
                Err(fault) if fault.kind == FaultKind::Unreachable => Err(fault),
                Err(fault) => Ok((owner, Err(fault.why))),
                Ok(live) => Ok((owner, Ok(live.map(|live| applied(&live))))),
            }
        }));
    }
    let read: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut found = AppliedCommits::default();
    for (owner, revision) in read {
        match revision {
            Err(why) => found.unknown.push((owner, why)),
            Ok(None) => found.unknown.push((owner, "it is not in the cluster".to_owned())),
            Ok(Some(revision)) if revision.is_empty() => {
                found.unknown.push((owner, "it has applied nothing yet".to_owned()));
            }
            Ok(Some(revision)) => match revision.rsplit_once("sha1:") {
                Some((_, commit)) => found.commits.entry(commit.to_owned()).or_default().push(owner),
                None => found.unknown.push((owner, format!("it applied {revision}, which names no commit"))),
            },
        }
    }
    Ok(found)
}

/// Returns the revision that was applied last: of an artifact that was built from a commit, that commit.
fn applied(live: &Value) -> String {
    let word = |key: &str| live.pointer(&format!("/status/{key}")).and_then(Value::as_str).unwrap_or_default();
    let origin = word("lastAppliedOriginRevision");
    if origin.is_empty() { word("lastAppliedRevision").to_owned() } else { origin.to_owned() }
}

impl AppliedCommits {
    /// Moves the Kustomizations whose commit is not in the repository to the unknown ones.
    #[must_use]
    pub fn known_in(mut self, root: &Path) -> Self {
        let (known, missing) =
            std::mem::take(&mut self.commits).into_iter().partition(|(commit, _)| git::commit(root, commit).is_some());
        self.commits = known;
        let missing: BTreeMap<String, Vec<ObjectRef>> = missing;
        for (commit, owners) in missing {
            let short = crate::model::revision::short(&commit);
            let why = format!("it applied {short}, which is not here: git fetch brings it");
            self.unknown.extend(owners.into_iter().map(|owner| (owner, why.clone())));
        }
        self
    }
}
