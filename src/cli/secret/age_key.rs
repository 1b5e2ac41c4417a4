//! `fluxdeck secret age-key`: the key with which a cluster decrypts its environment's files: checks it, puts it into
//! the cluster, or generates one.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::CommandTarget;
use crate::cli::{Call, operate};
use crate::commands;
use crate::model::{Fault, FaultKind, Outcome};
use crate::runtime::{interrupted, note};
use crate::sops::KeyKind;
use crate::workflows::age_key::{Examined, examine};
use crate::workflows::new_key::NewKey;

// Flags of `secret age-key`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Put the key at hand into the cluster, beside those that it has
    #[arg(long, conflicts_with_all = ["replace", "generate"])]
    create: bool,
    /// Put the key at hand into the cluster and take all others out
    #[arg(long, conflicts_with = "generate")]
    replace: bool,
    /// Make a new key, kept outside of the repository, and say what to do with it
    #[arg(long)]
    generate: bool,
    /// Where a new key goes; by default below `$XDG_CONFIG_HOME`, in fluxdeck/keys
    #[arg(long, value_name = "DIR", requires = "generate")]
    keys: Option<PathBuf>,
    /// Make a post-quantum key (age1pq1…), which Flux opens files with from the version on whose age is 1.3 or later
    #[arg(long, requires = "generate")]
    post_quantum: bool,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let env = operate::only_environment(call, &session)?;
        let facts = session.facts_with_repository();
        if arguments.generate {
            // A key is the user's own until it is put into a cluster.
            let own = CommandTarget::Worktree(format!("the key of {}", facts.name(env)));
            let permit = operate::permit(call, &commands::AGE_KEY_NEW, &[own], &facts)?;
            session.root.clone()?;
            let environment = facts.environment(env).cloned().ok_or_else(no_repository)?;
            let kind = if arguments.post_quantum { KeyKind::PostQuantum } else { KeyKind::Classic };
            let (operation, made) =
                commands::generating(environment, arguments.keys.clone(), kind, session.clock.now(), permit);
            // The result is printed below instead of the steps.
            return match note(&session, operation, Box::new(|_| {}), interrupted()).await {
                Outcome::Done(_) => {
                    let made = made.await.map_err(|_| no_repository())?;
                    call.print_whole(&made, text).map(|()| 0)
                }
                Outcome::Failed(fault) => Err(fault),
                Outcome::Cancelled(_) => Ok(operate::INTERRUPTED),
                Outcome::WillRetry { .. } => Ok(1),
            };
        }
        if arguments.create || arguments.replace {
            let command = if arguments.replace { &commands::AGE_KEY_REPLACE } else { &commands::AGE_KEY };
            let targets = vec![CommandTarget::Environment(env)];
            return operate::dispatch(call, &session, &facts, command, targets, Vec::new()).await;
        }
        let Some(snapshot) = facts.repository.clone() else { return Err(no_repository()) };
        let examined = examine(&session.task_context(), env, facts.name(env), Arc::clone(&snapshot)).await?;
        call.print(&examined, shown)?;
        Ok(u8::from(!examined.is_good()))
    })
}

fn shown(examined: &Examined) -> String {
    let mut lines = vec![examined.summary()];
    lines.extend(examined.recipients.iter().map(|recipient| format!("  holds the key of {recipient}")));
    lines.extend(examined.problems.iter().map(|problem| format!("  ! {problem}")));
    if !examined.found {
        lines.push(format!("  fluxdeck secret age-key --create --env {} gives it the key at hand", examined.env));
        return lines.join("\n");
    }
    let closed = examined.closed.iter();
    lines.extend(closed.map(|closed| format!("  x {} is for {}", closed.file, closed.recipients.join(", "))));
    if !examined.closed.is_empty() {
        lines.push("  fluxdeck secret recipients --update FILE encrypts a file for it".to_owned());
    }
    lines.join("\n")
}

fn no_repository() -> Fault {
    Fault::new(
        FaultKind::Usage,
        "no key can be checked",
        "there is no repository here",
        "start it in one, or name one with --repo",
    )
}

fn text(made: &NewKey) -> String {
    let mut lines = vec![
        format!("Made an age key of {}: {}", made.env, made.key.display()),
        format!("  public key: {}", made.recipient),
    ];
    lines.extend(made.config.iter().map(|config| format!("Wrote {config}: new files are encrypted for it.")));
    lines.push("\nNext, one after the other:".to_owned());
    let numbered = made.next.iter().zip(1_usize..);
    lines.extend(numbered.map(|(step, number)| format!("{number}. {}\n   why: {}", step.shell, step.why)));
    lines.join("\n")
}
