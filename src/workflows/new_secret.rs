//! Creating a new Secret: the environments that it changes, and the common operation of the form and `secret new`.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::app::facts::Facts;
use crate::app::operation::StepSender;
use crate::app::{CommandTarget, Operation, Permit, TaskContext};
use crate::model::{Env, Fault, Outcome, ShellLine};
use crate::repo::new_secret::{NewSecret, SecretPlace, WrittenSecret};
use crate::repo::{Loader, NewReader};

/// Returns the targets of a new Secret for the guard: its file in every environment that reads the folder, its own
/// first.
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

/// Names the place and the time of a new Secret.
#[derive(Debug, Clone)]
pub struct CreationContext {
    /// The environment of the Secret.
    pub env: Env,
    /// The repository.
    pub root: PathBuf,
    /// The time.
    pub now: Timestamp,
}

/// Builds the operation that creates a Secret. `values` reads its values outside of the loop; `made` gets the written
/// one.
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
    let work = Box::new(move |task_context: TaskContext, mut steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let write = move || {
                // The shown state may be older than the disk, or lack the feeds while fluxdeck starts.
                let snapshot = Loader::open(&root).feeds();
                let warn = &mut |reader: &NewReader| steps(reader.step(now));
                values(new)?.write(&snapshot, now, warn, &permit)
            };
            match task_context.away(write).await.and_then(|written| written) {
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
