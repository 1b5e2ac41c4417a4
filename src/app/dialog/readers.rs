//! Finds the new readers of a command's encrypted files that no user has agreed to, to name them before the write.

use std::sync::Arc;

use crate::app::command::CommandTarget;
use crate::app::facts::Facts;
use crate::app::task::Task;
use crate::repo::{NewReader, Wanted};

/// Returns the recipients of the files that a command changes; `None` if it encrypts no existing file.
fn wanted(command: &str) -> Option<Wanted> {
    match command {
        "secret-encrypt" | "secret-encrypt-anew" | "secret-update-keys" | "secret-update-keys-all" => {
            Some(Wanted::ByRule)
        }
        "secret-set" | "secret-rotate" | "secret-rotate-all" | "secret-recipients" | "secret-recipients-all" => {
            Some(Wanted::Same)
        }
        _ => None,
    }
}

/// Builds the task that finds them; `None` if the command encrypts nothing.
pub(super) fn task(command: &str, targets: &[CommandTarget], facts: &Facts) -> Option<Task> {
    let (wanted, snapshot) = (wanted(command)?, Arc::clone(facts.repository.as_ref()?));
    let (mut files, mut whole): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for target in targets {
        match target {
            CommandTarget::File(_, path) if !files.contains(path) => files.push(path.clone()),
            CommandTarget::Environment(env) => whole.push(facts.name(*env).to_owned()),
            _ => {}
        }
    }
    Some(Task::once("find new readers", move |task_context| async move {
        let look = move || -> Vec<NewReader> {
            if !whole.is_empty() {
                // A file that cannot be listed cannot be changed either; the operation reports the fault.
                files.extend(snapshot.encrypted_files(&whole).unwrap_or_default());
            }
            snapshot.readers_after(&files, wanted)
        };
        task_context.away(look).await.unwrap_or_default()
    }))
}

#[cfg(test)]
mod tests {
    use super::wanted;
    use crate::app::Risk;
    use crate::commands::COMMANDS;

    #[test]
    fn every_command_that_writes_secrets_says_whom_it_encrypts_for() {
        // These write no encrypted file of the repository, or their form names the readers.
        const OTHERS: [&str; 2] = ["secret-new", "secret-write-out"];
        let writes = COMMANDS.iter().filter(|command| command.id.starts_with("secret-") && command.risk != Risk::Reads);
        let (mut seen, mut silent) = (0, Vec::new());
        for command in writes {
            seen += 1;
            if wanted(command.id).is_none() && !OTHERS.contains(&command.id) {
                silent.push(command.id);
            }
        }
        assert!(seen > 8 && silent.is_empty(), "{seen} {silent:?}");
    }
}
