//! `fluxdeck impact`: what a change renders to, before it is pushed.

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::Fault;
use crate::model::text::field;
use crate::render::compare::Difference;
use crate::render::impact::{Impact, impact};
use crate::render::revision::Revision;
use crate::repo::NewReader;

// Flags of `impact`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Two commits, OLD..NEW, or one that is compared with the working tree; by default the upstream branch with the working tree
    revisions: Option<String>,
    /// What is staged, against the last commit
    #[arg(long, conflicts_with_all = ["worktree", "revisions"])]
    staged: bool,
    /// The working tree, against the last commit
    #[arg(long, conflicts_with = "revisions")]
    worktree: bool,
    /// Only name the objects, without what differs in them
    #[arg(long)]
    brief: bool,
}

/// The form of the product's JSON.
#[derive(Serialize)]
struct Shown<'a> {
    changes: Vec<&'a Difference>,
    inert: &'a [String],
    readers: &'a [NewReader],
}

/// Prints what becomes of objects, by environment and Kustomization; ends with 1 where a side cannot be rendered whole.
///
/// # Errors
/// Fails when there is no repository, git does not know a commit, or nothing renders.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let (old, new) = sides(&arguments);
    let found = call.renderer.with(|renderer| impact(&snapshot, &old, &new, renderer))?;
    let is_wanted = |env: &str| call.global.env.as_deref().is_none_or(|wanted| wanted == env);
    let changes: Vec<&Difference> = found.changes.iter().filter(|change| is_wanted(&change.env)).collect();
    let shown = Shown { changes, inert: &found.inert, readers: &found.readers };
    call.print(&shown, |shown| text(shown, &found, &old, &new, arguments.brief))?;
    Ok(super::objects::complain(call, found.findings.iter()))
}

fn sides(arguments: &Arguments) -> (Revision, Revision) {
    let commit = |name: &str| Revision::Commit(if name.is_empty() { "HEAD" } else { name }.to_owned());
    if arguments.staged {
        return (commit("HEAD"), Revision::Index);
    }
    match arguments.revisions.as_deref() {
        _ if arguments.worktree => (commit("HEAD"), Revision::WorkingTree),
        Some(text) => match text.split_once("..") {
            Some((old, new)) => (commit(old), commit(new.trim_start_matches('.'))),
            None => (commit(text), Revision::WorkingTree),
        },
        None => (commit("@{upstream}"), Revision::WorkingTree),
    }
}

fn text(shown: &Shown<'_>, found: &Impact, old: &Revision, new: &Revision, brief: bool) -> String {
    let mut out = format!("from {} to {}\n", field(&old.title()), field(&new.title()));
    let mut head = String::new();
    for change in &shown.changes {
        let own = format!("\n{} {}\n", field(&change.env), field(&change.kustomization));
        if own != head {
            out.push_str(&own);
            head = own;
        }
        let word = match change.change {
            crate::helm::diff::DocumentChange::Create => "+ create",
            crate::helm::diff::DocumentChange::Update => "~ change",
            crate::helm::diff::DocumentChange::Delete => "- delete",
        };
        out.push_str("  ");
        out.push_str(word);
        out.push(' ');
        out.push_str(&field(&change.object));
        out.push('\n');
        if !brief {
            for line in change.diff.lines() {
                out.push_str("      ");
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    if shown.changes.is_empty() {
        out.push_str(match (found.files.is_empty(), found.findings.is_empty()) {
            (true, _) => "nothing is changed\n",
            (false, true) => "renders nothing: no object differs in any environment\n",
            (false, false) => "no object differs in what could be rendered; the rest is not known\n",
        });
    }
    for reader in &found.readers {
        out.push_str("new reader: ");
        out.push_str(&reader.to_string());
        out.push('\n');
    }
    for file in &found.inert {
        out.push_str("renders nothing new: ");
        out.push_str(&field(file));
        out.push('\n');
    }
    out
}
