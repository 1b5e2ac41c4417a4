//! The commits that changed what an object renders to.

use serde::Serialize;

use super::compare::{Difference, compare};
use super::impact::side;
use super::revision::Revision;
use super::{Renderer, Rendering};
use crate::model::{Fault, ObjectRef};
use crate::repo::Snapshot;
use crate::repo::git::{self, CommitEntry};

/// Holds what one commit made of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectVersion {
    /// The commit, in full.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// When, in RFC 3339.
    pub at: Option<jiff::Timestamp>,
    /// The first line of its message.
    pub subject: String,
    /// What became of the object by it.
    pub change: Difference,
}

/// Finds the commits, newest first, that changed an object of an environment; of the last `count` commits that touched a file of its
/// Kustomization, since only those can have. Returns what is rendered now too, in which they were looked for.
///
/// # Errors
/// Fails when git does not tell the commits, or a commit cannot be read.
pub fn history(
    snapshot: &Snapshot,
    env: &str,
    object: &ObjectRef,
    count: usize,
    renderer: &mut Renderer,
) -> Result<(Vec<ObjectVersion>, Rendering), Fault> {
    let now = renderer.render(snapshot)?;
    let graph = &now.graph;
    let mut files: Vec<String> = match now.find(env, object) {
        Some((one, _)) => graph.feeds.files(env, &one.namespace, &one.name).into_iter().map(str::to_owned).collect(),
        // What is gone may be in any file.
        None => Vec::new(),
    };
    // Where its Kustomization is declared counts too: patches and variables stand there.
    files.extend(graph.kustomizations.iter().filter(|one| one.env == env).map(|one| one.file.clone()));
    let commits = git::log_of(&snapshot.root, &files, count)?;
    let mut found = Vec::new();
    for entry in commits {
        let parent = format!("{}^", entry.commit);
        let after = side(snapshot, &Revision::Commit(entry.commit.clone()), renderer)?;
        let before = match side(snapshot, &Revision::Commit(parent), renderer) {
            Ok((_, rendering)) => rendering,
            // The first commit has nothing before it.
            Err(_) => Rendering::default(),
        };
        let changes = compare(&before, &after.1);
        let wanted = |change: &Difference| {
            change.env == env && change.object.parse::<ObjectRef>().is_ok_and(|known| object.means(&known))
        };
        found.extend(changes.into_iter().filter(wanted).map(|change| past(&entry, change)));
    }
    Ok((found, now))
}

fn past(entry: &CommitEntry, change: Difference) -> ObjectVersion {
    ObjectVersion {
        commit: entry.commit.clone(),
        author: entry.author.clone(),
        at: entry.at,
        subject: entry.subject.clone(),
        change,
    }
}
