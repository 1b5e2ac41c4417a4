//! Git, asked quietly first, and on the terminal where it has to ask somebody.

use std::path::Path;

use crate::app::{Program, TaskContext};
use crate::model::{Fault, Permit};
use crate::repo::git::{self, GitChange};

/// Makes a change of the repository and returns what git printed. Where a passphrase, a password or a yes is wanted, git gets the terminal.
///
/// # Errors
/// Fails as [`GitChange::perform`] does; where git was given the terminal it has said there why.
pub async fn change(reach: &TaskContext, root: &Path, change: GitChange, permit: Permit) -> Result<String, Fault> {
    let (folder, asked) = (root.to_owned(), change.clone());
    let fault = match reach.away(move || change.perform(&folder, &permit)).await? {
        Err(fault) if git::asks(&fault) => fault,
        other => return other,
    };
    let tty = std::fs::read_link("/proc/self/fd/0").unwrap_or_else(|_| "/dev/tty".into());
    // gpg's agent is a process of its own and must be told which terminal it shall ask on.
    let call = asked.on_terminal();
    let program = Program::new(call.kind, call.program).with(call.arguments).inside(root).knowing("GPG_TTY", tty);
    match reach.terminal.run(program).await {
        Ok(ended) if ended.is_good() => Ok(String::new()),
        Ok(ended) => Err(Fault { why: format!("on the terminal, {}", ended.word()), ..fault }),
        // Without a terminal, as in a snapshot, the first answer is the true one.
        Err(_) => Err(fault),
    }
}
