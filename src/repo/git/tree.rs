//! Writing the tree of a commit or of the index into a folder.

use std::path::Path;

use super::run;
use crate::model::Fault;

/// The index that a commit is read into, beside its files.
const INDEX: &str = ".fluxdeck-index";

/// Writes all files of a commit, or of the index where none is named, into an empty folder; the repository stays as it is.
///
/// # Errors
/// Fails when git does not know the commit, or cannot write the files.
pub fn check_out(root: &Path, commit: Option<&str>, folder: &Path) -> Result<(), Fault> {
    let what = match commit {
        Some(commit) => format!("the files of {commit} are not read"),
        None => "what is staged is not read".to_owned(),
    };
    let prefix = format!("--prefix={}/", folder.display());
    let index = folder.join(INDEX);
    let arguments = ["checkout-index", "--all", "--force", "--quiet", &prefix];
    let mut command = run::command(root, &[]);
    if let Some(commit) = commit {
        let tree = format!("{commit}^{{tree}}");
        run::output(root, &what, &["rev-parse", "--verify", "--quiet", "--end-of-options", &tree]).map_err(
            |fault| {
                let why = if fault.why.trim().is_empty() { format!("git knows no commit {commit}") } else { fault.why };
                Fault::failed(fault.what, why, "name a commit, a branch or a tag: git log --oneline --all")
            },
        )?;
        let read = run::command(root, &["read-tree", &tree]).env("GIT_INDEX_FILE", &index).output();
        let read = read.map_err(|error| run::not_started(&what, &error))?;
        if !read.status.success() {
            return Err(run::refused(&what, root, &read.stderr));
        }
        command.env("GIT_INDEX_FILE", &index);
    }
    // Links of a commit are written as links: what they lead to is judged when it is read.
    let output = command.args(arguments).output().map_err(|error| run::not_started(&what, &error))?;
    let _gone = std::fs::remove_file(&index);
    if output.status.success() { Ok(()) } else { Err(run::refused(&what, root, &output.stderr)) }
}

/// Finds the commit that a name such as `HEAD^` means; `None` where there is none.
pub fn commit(root: &Path, name: &str) -> Option<String> {
    let name = format!("{name}^{{commit}}");
    let printed = run::output(root, "", &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).ok()?;
    Some(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Lists the files that differ between two states: two commits, a commit and the index, a commit and the working tree.
///
/// # Errors
/// Fails when git does not know a commit.
pub fn changed(root: &Path, arguments: &[&str]) -> Result<Vec<String>, Fault> {
    let mut all = vec!["diff", "--name-only", "--no-renames", "-z"];
    all.extend(arguments);
    let printed = run::output(root, "the changed files are not listed", &all)?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect())
}
