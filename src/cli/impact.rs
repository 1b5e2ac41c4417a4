//! `fluxdeck impact`: the effect of a change on the rendering, before it is pushed.

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::Fault;
use crate::model::text::field;
use crate::render::compare::Difference;
use crate::render::impact::{Impact, impact};
use crate::render::revision::Revision;
use crate::repo::git::{self, Head};
use crate::repo::{NewReader, Snapshot};

/// git's name of the branch that HEAD's branch follows.
const UPSTREAM: &str = "@{upstream}";

// Flags of `impact`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Two commits, OLD..NEW, or one that is compared with the working tree; by default the upstream branch with the
    /// working tree
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

/// Mirrors the JSON output.
#[derive(Serialize)]
struct Shown<'a> {
    changes: Vec<&'a Difference>,
    inert: &'a [String],
    charts: &'a [String],
    readers: &'a [NewReader],
}

/// Prints the changed objects, by environment and Kustomization; ends with 1 where a side cannot be rendered
/// completely.
///
/// # Errors
/// Fails when there is no repository, git does not know a commit, or nothing can be rendered.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let (old, new) = sides(&arguments);
    let from = if old == Revision::Commit(UPSTREAM.to_owned()) { pushed(&snapshot)? } else { old.title() };
    let found = call.renderer.with(|renderer| impact(&snapshot, &old, &new, renderer))?;
    let is_wanted = |env: &str| call.global.env.as_deref().is_none_or(|wanted| wanted == env);
    let changes: Vec<&Difference> = found.changes.iter().filter(|change| is_wanted(&change.env)).collect();
    let shown = Shown { changes, inert: &found.inert, charts: &found.charts, readers: &found.readers };
    call.print(&shown, |shown| text(shown, &found, (&from, &new.title()), arguments.brief))?;
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
        None => (commit(UPSTREAM), Revision::WorkingTree),
    }
}

/// Names the branch that is pushed to, which the working tree is compared with.
///
/// # Errors
/// Fails if HEAD follows none, or one that is not here, with the command that changes that.
fn pushed(snapshot: &Snapshot) -> Result<String, Fault> {
    const WHAT: &str = "it is not known what is pushed";
    const ELSE: &str = "`fluxdeck impact --worktree` compares with the last commit";
    let git = snapshot.git.as_ref().map_err(Clone::clone)?;
    let branch = git.head_word();
    let fault = |why: String, todo: String| Err(Fault::failed(WHAT, why, format!("{todo}; {ELSE}")));
    match (&git.upstream, &git.head) {
        (Some(upstream), _) if upstream.ahead.is_none() => {
            let name = &upstream.name;
            fault(
                format!("{branch} follows {name}, which is not here"),
                "git fetch brings it, unless it is gone".to_owned(),
            )
        }
        (Some(upstream), _) => Ok(upstream.name.clone()),
        (None, Head::Detached) => {
            let why = format!("HEAD is detached at {branch}, and follows no branch");
            fault(why, "git switch NAME puts you on a branch".to_owned())
        }
        (None, Head::Branch(_) | Head::Unborn(_)) => match git::destination(&snapshot.root) {
            Ok(to) => fault(
                format!("the branch {branch} follows none"),
                format!(
                    "git push --set-upstream {} {branch} sets it, or git branch --set-upstream-to={}/{branch} where it is there already",
                    to.remote, to.remote
                ),
            ),
            Err(none) => {
                let why = none.why.trim_start_matches(&format!("{branch} follows no branch, and ")).to_owned();
                fault(format!("the branch {branch} follows none: {why}"), none.todo)
            }
        },
    }
}

fn text(shown: &Shown<'_>, found: &Impact, (from, to): (&str, &str), brief: bool) -> String {
    let mut out = format!("from {} to {}\n", field(from), field(to));
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
        if let Some(note) = &change.note {
            out.push_str("      ! ");
            out.push_str(&field(note));
            out.push('\n');
        }
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
    for chart in &found.charts {
        out.push_str("chart: ");
        out.push_str(&field(chart));
        out.push('\n');
    }
    for file in &found.inert {
        out.push_str("renders nothing new: ");
        out.push_str(&field(file));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pushed;
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn a_branch_that_follows_none_is_told_with_the_command_that_sets_it() {
        let here = TestRepository::new();
        here.write("a.yaml", "a: 1\n");
        here.commit("one");
        let told = || pushed(&Snapshot::load(here.path()));
        let fault = told().unwrap_err();
        assert_eq!(fault.why, "the branch main follows none: the repository has no remote");
        assert!(fault.todo.contains("git remote add origin") && fault.todo.contains("--worktree"), "{}", fault.todo);
        let there = tempfile::tempdir().unwrap();
        let address = there.path().to_str().unwrap();
        here.git(&["init", "--quiet", "--bare", "--initial-branch=main", address]);
        here.git(&["remote", "add", "fleet", address]);
        let fault = told().unwrap_err();
        assert!(fault.todo.starts_with("git push --set-upstream fleet main sets it"), "{}", fault.todo);
        assert!(!fault.to_string().contains("@{"), "{fault}");
        here.git(&["push", "--quiet", "--set-upstream", "fleet", "main"]);
        assert_eq!(told().unwrap(), "fleet/main");
        here.git(&["update-ref", "-d", "refs/remotes/fleet/main"]);
        assert!(told().unwrap_err().todo.starts_with("git fetch"));
        here.git(&["checkout", "--quiet", "--detach"]);
        assert!(told().unwrap_err().why.starts_with("HEAD is detached at "));
    }
}
