//! What a change of the repository does, before it is pushed.

use std::collections::BTreeSet;
use std::path::Path;

use super::compare::{Difference, compare};
use super::revision::Revision;
use super::workplace::Workplace;
use super::{Renderer, Rendering};
use crate::model::Fault;
use crate::repo::git::{self, Between};
use crate::repo::{FileFault, NewReader, Snapshot, contents, readers};

/// Holds what one state of the repository makes of another.
#[derive(Debug, Clone)]
pub struct Impact {
    /// What becomes of objects, by environment, Kustomization and object.
    pub changes: Vec<Difference>,
    /// The files that differ.
    pub files: Vec<String>,
    /// Those of them that render to nothing new.
    pub inert: Vec<String>,
    /// Who can read an encrypted file, or is named by a `.sops.yaml`, and was not before.
    pub readers: Vec<NewReader>,
    /// What cannot be rendered on either side, so that its changes are not known.
    pub findings: Vec<FileFault>,
}

/// Renders two states and compares them; `snapshot` is the working tree.
///
/// # Errors
/// Fails when git does not know a state, or there is no place for its files.
pub fn impact(snapshot: &Snapshot, old: &Revision, new: &Revision, renderer: &mut Renderer) -> Result<Impact, Fault> {
    let files = changed(snapshot, old, new)?;
    let (before, after) = (side(snapshot, old, renderer)?, side(snapshot, new, renderer)?);
    let known: BTreeSet<String> =
        before.0.environments.iter().flat_map(|environment| environment.recipients.iter().cloned()).collect();
    // The files of a state are there as long as its place is.
    let (old_place, new_place) = (old.check_out(&snapshot.root)?, new.check_out(&snapshot.root)?);
    let readers = readers(&files, folder(old_place.as_ref(), snapshot), folder(new_place.as_ref(), snapshot), &known);
    let changes = compare(&before.1, &after.1);
    // A file counts where an object that differs is made of it, or a Kustomization whose own spec differs.
    let mut active = BTreeSet::new();
    for change in &changes {
        for (rendering, own) in [(&before.1, &before.0), (&after.1, &after.0)] {
            let Ok(wanted) = change.object.parse() else { continue };
            if let Some((one, object)) = rendering.find(&change.env, &wanted) {
                active.extend(object.files().map(str::to_owned));
                // Generator inputs, replacements and the kustomization files on the way have no object of their own.
                let feed = own.feeds.get(&one.env, &one.namespace, &one.name);
                let inputs = feed.into_iter().flat_map(|feed| feed.files.iter());
                let inputs = inputs
                    .filter(|(_, role)| matches!(role, crate::repo::Role::Input | crate::repo::Role::Kustomization));
                active.extend(inputs.map(|(file, _)| file.clone()));
            }
        }
    }
    let inert = files.iter().filter(|file| !active.contains(*file)).cloned().collect();
    let mut findings = Vec::new();
    for finding in before.1.of.iter().chain(&after.1.of).filter_map(|one| one.finding.clone()) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    Ok(Impact { changes, files, inert, readers, findings })
}

fn folder<'a>(place: Option<&'a Workplace>, snapshot: &'a Snapshot) -> &'a Path {
    place.map_or(snapshot.root.as_path(), Workplace::path)
}

/// Finds who becomes a reader of which file.
fn readers(files: &[String], before: &Path, after: &Path, known: &BTreeSet<String>) -> Vec<NewReader> {
    let gained = |file: &String| {
        let old = contents::text(before, file).ok();
        contents::text(after, file).map(|new| readers::gained(file, old.as_deref(), &new, known)).unwrap_or_default()
    };
    files.iter().flat_map(gained).collect()
}

/// Renders one state of a repository.
///
/// # Errors
/// Fails when git does not know the state, or nothing renders.
pub(super) fn side(
    snapshot: &Snapshot,
    revision: &Revision,
    renderer: &mut Renderer,
) -> Result<(Snapshot, Rendering), Fault> {
    let place = revision.check_out(&snapshot.root)?;
    let own = match &place {
        None => snapshot.clone(),
        Some(place) => snapshot.load_like(place.path()),
    };
    let rendering = renderer.render(&own)?;
    Ok((own.with_graph(&rendering.graph), rendering))
}

/// Lists the files that differ between two states.
fn changed(snapshot: &Snapshot, old: &Revision, new: &Revision) -> Result<Vec<String>, Fault> {
    let root = &snapshot.root;
    match (old, new) {
        (Revision::Commit(old), Revision::Commit(new)) => git::changed(root, Between::Commits(old, new)),
        (Revision::Commit(old), Revision::Index) => git::changed(root, Between::Staged(old)),
        (Revision::Commit(old), Revision::WorkingTree) => {
            let mut files = git::changed(root, Between::WorkingTree(old))?;
            let marks = &snapshot.git.as_ref().map_err(Clone::clone)?.marks;
            files.extend(marks.iter().filter(|(_, mark)| mark.is_untracked()).map(|(file, _)| file.clone()));
            files.sort();
            files.dedup();
            Ok(files)
        }
        (Revision::Index, Revision::WorkingTree) => git::changed(root, Between::Unstaged),
        _ => git::changed(root, Between::WorkingTree("HEAD")),
    }
}
