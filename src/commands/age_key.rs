//! Gives a cluster the age key with which Flux decrypts its environment's files.

use std::path::PathBuf;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::verb::lesson;
use crate::app::operation::StepSender;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Operation, Permit, Risk, TaskContext};
use crate::model::{Environment, Fault, FaultKind, Lesson, Outcome, ShellLine, Step, StepState};
use crate::repo::{AgeSecret, age_secrets};
use crate::secret::Secret;
use crate::sops::{Identities, IdentitySources, KeyKind};
use crate::workflows::age_key::{ENTRY, Keep, examine, opened, put};
use crate::workflows::new_key::{NewKey, make};

/// A larger file holds no key.
const LARGEST: u64 = 1024 * 1024;

/// Creates or completes the Secret; its other identities stay.
pub static COMMAND: Command = Command {
    id: "age-key",
    title: "Give the cluster its age key",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| give(ask, &COMMAND, Keep::Old),
};

/// Removes every other identity from the Secret, at the end of a roll-out.
pub static REPLACE: Command = Command {
    id: "age-key-replace",
    title: "Leave the cluster this age key alone",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| give(ask, &REPLACE, Keep::None),
};

/// Generates a new key for an environment.
pub static NEW: Command = Command {
    id: "age-key-new",
    title: "Make an age key",
    keys: &[],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach_new,
    run: run_new,
};

fn teach_new(ask: &Ask<'_>) -> Lesson {
    let name = ask.targets.first().and_then(CommandTarget::env).map(|env| ask.facts.name(env));
    lesson(
        name.map_or_else(ShellLine::default, line_new),
        "The private half opens every secret of the environment and is nowhere in Git; the public half is the recipient in .sops.yaml.",
        "the file's mode 0600, a copy of it in the password manager and one offline, and the public key in .sops.yaml.",
        "https://github.com/FiloSottile/age#readme",
    )
    .about(name.unwrap_or_default())
}

fn run_new(ask: &Ask<'_>) -> Vec<Action> {
    let Some(permit) = ask.permit else { return Vec::new() };
    let Some(env) = ask.targets.first().and_then(CommandTarget::env) else { return Vec::new() };
    let Some(environment) = ask.facts.environment(env).cloned() else { return Vec::new() };
    let (operation, _made) = generating(environment, None, KeyKind::Classic, ask.now, permit);
    vec![Action::Operate(operation)]
}

/// Returns the operation that generates a new key, in the given folder if there is one, and the receiver of its result;
/// the cockpit and `fluxdeck secret age-key --generate` use the same one.
pub fn generating(
    environment: Environment,
    folder: Option<PathBuf>,
    kind: KeyKind,
    now: Timestamp,
    permit: Permit,
) -> (Operation, oneshot::Receiver<NewKey>) {
    let (sender, receiver) = oneshot::channel();
    let env = environment.env;
    let object = format!("age key of {}", environment.name);
    let shell = line_new(&environment.name);
    let work = Box::new(move |task_context: TaskContext, mut steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let mut step = |step: &str, message: String| {
                steps(Step { at: task_context.clock.now(), step: step.to_owned(), state: StepState::Done, message });
            };
            let Some(root) = task_context.root.clone() else { return Outcome::Failed(no_repository()) };
            let known = task_context.identities.get(env).and_then(|sources| sources.key_file.clone());
            let made =
                task_context.away(move || make(&root, &environment, known, folder.as_deref(), kind, now, &permit));
            let made = match made.await.and_then(|made| made) {
                Ok(made) => made,
                Err(fault) => return Outcome::Failed(fault),
            };
            step("key", format!("{} (public key {})", made.key.display(), made.recipient));
            if let Some(config) = &made.config {
                step("configuration", format!("{config} names it: new files are encrypted for it"));
            }
            // A file that no setting names opens files in this session alone: the next session needs the line in the
            // configuration.
            let unknown = |sources: &&IdentitySources| sources.key_file.as_ref() != Some(&made.key);
            if let Some(sources) = task_context.identities.get(env).filter(unknown)
                && let Ok(text) = crate::files::own_text(&made.key, LARGEST)
            {
                sources.prompts.give(&made.key.display().to_string(), Secret::new(text));
            }
            for next in &made.next {
                step("next", format!("{}: {}", next.shell, next.why));
            }
            let done = format!("made {}; keep a copy of it, then follow the next steps", made.key.display());
            // Only the command line needs the result: the cockpit shows the steps.
            let _unheard = sender.send(made);
            Outcome::Done(done)
        });
        work
    });
    let stopped = "what was made stays; look into the folder of the keys";
    (Operation { title: NEW.title.to_owned(), env: Some(env), object, shell, stopped, permit, work }, receiver)
}

/// Returns the shell lines that generate a new key, which age-keygen makes readable for its owner alone.
fn line_new(name: &str) -> ShellLine {
    ShellLine::new("mkdir -p -m 700 ~/.config/fluxdeck/keys\nage-keygen -o ~/.config/fluxdeck/keys/{}.agekey", &[name])
}

fn no_repository() -> Fault {
    Fault::new(FaultKind::Usage, "no key was made", "there is no repository here", "start fluxdeck in one")
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let env = ask.targets.first().and_then(CommandTarget::env).unwrap_or(ask.facts.here);
    let (context, name) = (ask.context(env), ask.facts.name(env));
    let known = ask.facts.repository.as_ref().and_then(|known| known.age_secrets(name).into_iter().next());
    let secret =
        known.unwrap_or_else(|| AgeSecret { namespace: "flux-system".to_owned(), name: age_secrets::NAME.to_owned() });
    let file = ask.facts.key_files.get(env).and_then(Option::as_ref);
    let file = file.map_or_else(|| "~/.config/sops/age/keys.txt".to_owned(), |file| file.display().to_string());
    lesson(
        ShellLine::new("kubectl create secret generic {} -n {} --context {} --dry-run=client -o yaml --from-file={}=/dev/stdin < ", &[&secret.name, &secret.namespace, context, ENTRY])
            .typed(&file)
            .and_then(" | kubectl apply -f - --context {}", &[context]),
        "Flux decrypts with the identities in this Secret, all entries that end in .agekey. It is the one Secret that is not in Git: anyone who has it can read all the others.",
        "every encrypted file of the environment opened by it; Kustomizations that were waiting become Ready at their next reconcile.",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#age",
    )
    .about(name)
}

/// Returns the shell line that removes an entry from a Secret.
fn without(secret: &AgeSecret, context: &str, entry: &str) -> ShellLine {
    let patch = serde_json::json!([{"op": "remove", "path": format!("/data/{entry}")}]).to_string();
    ShellLine::new(
        "kubectl patch secret {} -n {} --context {} --type=json --patch={}",
        &[&secret.name, &secret.namespace, context, &patch],
    )
}

fn give(ask: &Ask<'_>, command: &'static Command, keep: Keep) -> Vec<Action> {
    let (Some(permit), Some(snapshot)) = (ask.permit, ask.facts.repository.clone()) else { return Vec::new() };
    let Some(env) = ask.targets.first().and_then(CommandTarget::env) else { return Vec::new() };
    let Some(environment) = ask.facts.environment(env) else { return Vec::new() };
    let (name, wanted, now) = (environment.name.clone(), environment.recipients.clone(), ask.now);
    let context = ask.context(env).to_owned();
    let secrets = snapshot.age_secrets(&name);
    let object = secrets.iter().map(|secret| format!("Secret/{secret}")).collect::<Vec<_>>().join(", ");
    let work = Box::new(move |task_context: TaskContext, mut steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let mut step = |step: &str, state, message: String| {
                steps(Step { at: task_context.clock.now(), step: step.to_owned(), state, message });
            };
            let done: Result<String, Fault> = async {
                if wanted.is_empty() {
                    return Err(Fault::new(
                        FaultKind::Usage,
                        format!("{name} has no recipient"),
                        "no .sops.yaml names one",
                        "fluxdeck secret age-key --generate makes a key and writes it",
                    ));
                }
                let sources = task_context.identities.get(env).cloned().unwrap_or_default();
                let known = wanted.clone();
                let identities = task_context.away(move || {
                    let mut found = Identities::load(&sources, &known)?;
                    if known.iter().any(|recipient| found.key_of(recipient).is_none()) {
                        found.unseal();
                    }
                    Ok::<_, Fault>(found)
                });
                let identities = identities.await??;
                let cluster = task_context.cluster(env)?;
                if keep == Keep::None {
                    let (known, name, wanted) = (snapshot.clone(), name.clone(), wanted.clone());
                    let only = identities.only(&wanted);
                    let (_, closed) = task_context.away(move || opened(&name, &only, &known)).await??;
                    if let Some(first) = closed.first() {
                        return Err(Fault::new(
                            FaultKind::Refused,
                            "the other keys stay in the cluster".to_owned(),
                            format!("{} files would not open without them, such as {}", closed.len(), first.file),
                            "fluxdeck secret recipients --all --update, push, and wait until it is applied",
                        ));
                    }
                }
                for secret in &secrets {
                    let given = put(&cluster, secret, &wanted, &identities, keep, now, &permit).await?;
                    step("secret", StepState::Done, given.said);
                    // An entry under another name may be of use to the user: a warning shows the line that removes it.
                    for entry in given.beside.iter().filter(|_| keep == Keep::None) {
                        let said = format!(
                            "its entry {entry} stays, and Flux takes the keys in it too; to take it out: {}",
                            without(secret, &context, entry).as_str()
                        );
                        step("other keys", StepState::Warning, said);
                    }
                }
                let examined = examine(&task_context, env, &name, snapshot).await?;
                let state = if examined.is_good() { StepState::Done } else { StepState::Failed };
                step("files", state, examined.summary());
                if examined.is_good() {
                    return Ok(examined.summary());
                }
                Err(Fault::failed(
                    format!("the key of {name} does not open everything"),
                    examined.summary(),
                    format!(
                        "fluxdeck secret recipients --update the files, or see fluxdeck secret age-key --env {name}"
                    ),
                ))
            }
            .await;
            done.map_or_else(Outcome::Failed, Outcome::Done)
        });
        work
    });
    let (shell, stopped) = (teach(ask).shell, "no longer waited for; fluxdeck secret age-key says how it stands");
    vec![Action::Operate(Operation {
        title: command.title.to_owned(),
        env: Some(env),
        object,
        shell,
        stopped,
        permit,
        work,
    })]
}

#[cfg(test)]
mod tests {
    use super::without;
    use crate::repo::AgeSecret;

    #[test]
    fn an_entry_that_stays_is_taken_out_by_a_line_that_is_quoted() {
        let secret = AgeSecret { namespace: "flux-system".to_owned(), name: "sops-age".to_owned() };
        assert_eq!(
            without(&secret, "admin@lab", "old key.agekey").as_str(),
            "kubectl patch secret sops-age -n flux-system --context admin@lab --type=json \
             --patch='[{\"op\":\"remove\",\"path\":\"/data/old key.agekey\"}]'"
        );
    }
}
