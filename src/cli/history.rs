//! `fluxdeck history`: the commits that changed a file, or the rendering of an object.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::text::field;
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render::history::{ObjectVersion, history};
use crate::repo::EntryKind;
use crate::repo::git::{self, CommitEntry};

// Flags of `history`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, as Kind/namespace/name, of which environment says --env; or a file of the repository
    object: String,
    /// How many commits are looked at: of an object those that touched a file of its Kustomization
    #[arg(long, default_value_t = 30, value_name = "N")]
    count: usize,
    /// Only name the commits, without what they changed
    #[arg(long)]
    brief: bool,
}

/// Prints the commits, newest first.
///
/// # Errors
/// Fails when there is no repository, no object of the name, or nothing can be rendered.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    // A file has its commits without an environment too.
    let snapshot = Arc::new(super::open::repository_of_any(&call.global)?);
    if snapshot.scan.entries.iter().any(|entry| entry.kind == EntryKind::File && *entry.path == *arguments.object) {
        return of_file(&arguments, &snapshot.root, call);
    }
    let wrong = |why: String, todo: &str| {
        Fault::new(FaultKind::Usage, format!("{} has no history", arguments.object), why, todo)
    };
    let object: ObjectRef = match arguments.object.parse() {
        Ok(object) => object,
        // A file that is gone has its commits all the same.
        Err(_) if is_known_to_git(&snapshot.root, &arguments.object) => {
            return of_file(&arguments, &snapshot.root, call);
        }
        Err(why) => return Err(wrong(why, "`fluxdeck objects` lists the objects")),
    };
    if snapshot.environments.is_empty() {
        return Err(snapshot.looked.nothing());
    }
    let names: Vec<&str> = snapshot.environments.iter().map(|known| known.name.as_str()).collect();
    let env = match (call.global.env.as_deref(), names.as_slice()) {
        (Some(env), _) => env,
        (None, [only]) => only,
        _ => {
            return Err(Fault::new(
                FaultKind::Usage,
                format!("the history of {} is that of one environment", arguments.object),
                format!("there is more than one: {}", names.join(", ")),
                "name one with --env",
            ));
        }
    };
    let (found, is_known) =
        call.renderer.with(|renderer| history(&snapshot, env, &object, arguments.count, renderer))?;
    if found.is_empty() && !is_known {
        let now = call.renderer.with(|renderer| renderer.render(&snapshot))?;
        return Err(super::where_::nowhere(&arguments.object, &now, &|name| name == env));
    }
    call.print(&found, |found| text(found, arguments.brief))?;
    if found.is_empty() {
        call.remark("none of the commits that were looked at changed it; --count looks further back");
    }
    tell_where_it_ends(&snapshot.root, call);
    Ok(0)
}

/// Tells whether a commit has a file of this path.
fn is_known_to_git(root: &Path, path: &str) -> bool {
    git::log_of(root, &[path.to_owned()], 1).is_ok_and(|commits| !commits.is_empty()) || git::is_known(root, path)
}

/// Tells that a shallow clone lacks what is older than its last commits.
fn tell_where_it_ends(root: &Path, call: &Call) {
    if !git::cut_off(root).is_empty() {
        call.remark(
            "this clone is shallow: who brought what is older is not known here; git fetch --unshallow brings it",
        );
    }
}

/// Holds the change of a file in one commit.
#[derive(Debug, Serialize)]
struct FileVersion {
    commit: String,
    author: String,
    at: Option<jiff::Timestamp>,
    subject: String,
    diff: String,
}

/// Prints the commits that changed a file, newest first, without the plain text of Secrets.
fn of_file(arguments: &Arguments, root: &Path, call: &Call) -> Result<u8, Fault> {
    let path = &arguments.object;
    let mut found = Vec::new();
    for CommitEntry { commit, author, at, subject } in git::log_of(root, std::slice::from_ref(path), arguments.count)? {
        let diff = if arguments.brief { String::new() } else { git::commit_diff(root, &commit, path)? };
        let lines = git::diff_lines(&diff).into_iter().map(|line| line.text);
        found.push(FileVersion { commit, author, at, subject, diff: lines.collect::<Vec<_>>().join("\n") });
    }
    call.print(&found, |found| {
        let one = |one: &FileVersion| lines(&one.commit, one.at, &one.author, &one.subject, &one.diff);
        found.iter().flat_map(one).collect::<Vec<_>>().join("\n")
    })?;
    if found.is_empty() && git::cut_off(root).is_empty() {
        call.remark("no commit has it: git does not know it yet");
    }
    tell_where_it_ends(root, call);
    Ok(0)
}

fn text(found: &[ObjectVersion], brief: bool) -> String {
    let one = |one: &ObjectVersion| {
        let diff = if brief { "" } else { &one.change.diff };
        lines(&one.commit, one.at, &one.author, &one.subject, diff)
    };
    found.iter().flat_map(one).collect::<Vec<_>>().join("\n")
}

fn lines(commit: &str, at: Option<jiff::Timestamp>, author: &str, subject: &str, diff: &str) -> Vec<String> {
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    let short = crate::model::revision::short(commit);
    let head = format!("{short}  {at}  {}  {}", field(author), field(subject));
    std::iter::once(head).chain(diff.lines().map(|line| format!("    {line}"))).collect()
}
