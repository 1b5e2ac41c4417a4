//! Git, first without a terminal, and on one if it has to prompt.

use std::path::Path;

use crate::app::{Program, TaskContext};
use crate::model::{Fault, Permit};
use crate::repo::git::{self, GitChange};

/// Makes a change of the repository and returns git's output. If git needs a passphrase, a password or a confirmation,
/// it gets the terminal.
///
/// # Errors
/// Fails as [`GitChange::perform`] does; on the terminal git has already shown the reason.
pub async fn change(
    task_context: &TaskContext,
    root: &Path,
    change: GitChange,
    permit: Permit,
) -> Result<String, Fault> {
    let (folder, asked) = (root.to_owned(), change.clone());
    let fault = match task_context.away(move || change.perform(&folder, &permit)).await? {
        Err(fault) if git::asks(&fault) => fault,
        other => return other,
    };
    let tty = std::fs::read_link("/proc/self/fd/0").unwrap_or_else(|_| "/dev/tty".into());
    // gpg's agent is a process of its own and needs the name of the terminal for its prompt.
    let (folder, agreed) = (root.to_owned(), asked.clone());
    let call = task_context.away(move || agreed.on_terminal(&folder)).await??;
    let program = Program::new(call.kind, call.program).with(call.arguments).inside(root).knowing("GPG_TTY", tty);
    match task_context.terminal.run(program).await {
        Ok(ended) if ended.is_good() => {
            let folder = root.to_owned();
            task_context.away(move || asked.conclude(&folder)).await??;
            Ok(String::new())
        }
        Ok(ended) => Err(Fault { why: format!("on the terminal, {}", ended.word()), ..fault }),
        // Without a terminal, as in a snapshot, the first answer is the right one.
        Err(_) => Err(fault),
    }
}
