//! `fluxdeck exec`: runs a command in a container, with this terminal or with pipes.

use std::io::IsTerminal as _;

use clap::Args;

use super::Call;
use super::operate::{INTERRUPTED, named, only_environment, permit};
use super::out;
use crate::app::{Action, Ask, CommandTarget};
use crate::commands;
use crate::model::{Fault, Outcome};
use crate::runtime::{interrupted, lend_to, note};

// Flags of `exec`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pod or workload, as KIND/NAMESPACE/NAME
    object: String,
    /// The container; the pod's default one when left out
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// The command and its arguments; a shell when left out
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command, and fails where it fails.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, the cluster does, or the command ends with another status than 0.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = named(&arguments.object)?;
    call.block_on(async {
        let session = call.session()?;
        let targets = [CommandTarget::Object(only_environment(call, &session)?, object)];
        let facts = session.facts();
        let permit = permit(call, &commands::EXEC, &targets, &facts)?;
        let terminal = std::io::stdin().is_terminal() && out::is_terminal();
        let mut answers = vec![("terminal".to_owned(), terminal.to_string())];
        answers.extend(arguments.container.map(|name| ("container".to_owned(), name)));
        if !arguments.command.is_empty() {
            answers.push(("words".to_owned(), arguments.command.join("\n")));
        }
        let ask =
            Ask { facts: &facts, targets: &targets, answers: &answers, now: session.clock.now(), permit: Some(permit) };
        let mut code = 0;
        for action in (commands::EXEC.run)(&ask) {
            let Action::Operate(operation) = action else { continue };
            // The steps are not part of the command's output.
            let done = note(&session, operation, Box::new(|_| {}), interrupted());
            code = match lend_to(&session.terminal, terminal, done).await? {
                Outcome::Failed(fault) => return Err(fault),
                Outcome::Cancelled(_) => INTERRUPTED,
                _ => 0,
            };
        }
        Ok(code)
    })
}
