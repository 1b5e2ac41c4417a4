//! Making a new Secret: which environments it changes, and the operation that the form and `secret new` begin alike.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::app::facts::Facts;
use crate::app::operation::StepSender;
use crate::app::{CommandTarget, Operation, Permit, TaskContext};
use crate::model::{Env, Fault, Outcome, ShellLine};
use crate::repo::new_secret::{NewSecret, SecretPlace, WrittenSecret};
use crate::repo::{Loader, NewReader};

/// Returns what the guard judges a new Secret by: its file in every environment that reads the folder, the one that it is made for first.
pub fn targets(env: Env, place: &SecretPlace, facts: &Facts) -> Vec<CommandTarget> {
    let mut envs: Vec<Option<Env>> = place.readers.iter().map(|reader| facts.find_environment(reader)).collect();
    envs.insert(0, Some(env));
    let mut found: Vec<CommandTarget> = Vec::new();
    for env in envs {
        let target = CommandTarget::File(env, place.file.clone());
        if !found.contains(&target) {
            found.push(target);
        }
    }
    found
}

/// Says where and when a Secret is made.
#[derive(Debug, Clone)]
pub struct CreationContext {
    /// The environment that it is made for.
    pub env: Env,
    /// The repository.
    pub root: PathBuf,
    /// The time.
    pub now: Timestamp,
}

/// Builds the operation that makes a Secret. `values` reads what it is made of, away from the screen; `made` is told what was written.
pub fn operation(
    new: NewSecret,
    values: impl FnOnce(NewSecret) -> Result<NewSecret, Fault> + Send + 'static,
    at: CreationContext,
    permit: Permit,
    made: impl FnOnce(&WrittenSecret) + Send + 'static,
) -> Operation {
    let object = format!("Secret/{}/{}", new.namespace, new.name);
    let secret_file = format!("{}-secret.yaml", new.name);
    let shell = ShellLine::new(
        "kubectl create secret generic {} -n {} --dry-run=client -o yaml … > {path} && sops encrypt -i {path}",
        &[&new.name, &new.namespace, &secret_file, &secret_file],
    );
    let CreationContext { env, root, now } = at;
    let work = Box::new(move |reach: TaskContext, mut steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let write = move || {
                // What is shown may be older than the disk, or while fluxdeck starts not know yet what feeds what.
                let snapshot = Loader::open(&root).feeds();
                let warn = &mut |reader: &NewReader| steps(reader.step(now));
                values(new)?.write(&snapshot, now, warn, &permit)
            };
            match reach.away(write).await.and_then(|written| written) {
                Ok(written) => {
                    made(&written);
                    Outcome::Done(summary(&written))
                }
                Err(fault) => Outcome::Failed(fault),
            }
        });
        work
    });
    let stopped = "no longer waited for; git status tells what was written";
    Operation { title: format!("New {object}"), env: Some(env), object, shell, stopped, permit, work }
}

fn summary(made: &WrittenSecret) -> String {
    let readers = match made.readers.as_slice() {
        [_, _, ..] => format!(", which {} read", made.readers.join(" and ")),
        _ => String::new(),
    };
    format!(
        "wrote {} (encrypted by {}) and put it into {}{readers}; commit and push both next",
        made.file, made.rule, made.kustomization
    )
}
