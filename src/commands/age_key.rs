//! Gives a cluster the age key with which Flux opens its environment's files.

use super::verb::lesson;
use crate::app::age_key::{ENTRY, Keep, NAMESPACE, examine, put, secret_of};
use crate::app::operation::StepSender;
use crate::app::{Action, Ask, Command, Operation, Reach, Risk, Scope, Target};
use crate::model::{Fault, FaultKind, Lesson, Outcome, Step, StepState};
use crate::sops::Identities;

/// Makes or completes the Secret; with the answer `replace` the identities that it held go.
pub static COMMAND: Command = Command {
    id: "age-key",
    title: "Give the cluster its age key",
    keys: &[],
    scope: Scope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run,
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let env = ask.targets.first().and_then(Target::env);
    let context = env.map_or("CONTEXT", |env| ask.context(env));
    let name = env.map_or("ENV", |env| ask.facts.name(env));
    let secret = ask.facts.repository.as_ref().map_or_else(|| "sops-age".to_owned(), |known| secret_of(known, name));
    let file = env
        .and_then(|env| ask.facts.key_files.get(env)?.as_ref())
        .map_or_else(|| "keys.txt".to_owned(), |file| file.display().to_string());
    lesson(
        format!(
            "kubectl create secret generic {secret} -n {NAMESPACE} --context {context} --from-file={ENTRY}={file} --dry-run=client -o yaml | kubectl apply -f - --context {context}   # {name}"
        ),
        "Flux decrypts with the identities in this Secret, all entries that end in .agekey. It is the one Secret that is not in Git: whoever has it reads all the others.",
        "every encrypted file of the environment opened by it; Kustomizations that were waiting become Ready at their next reconcile.",
        "https://fluxcd.io/flux/guides/mozilla-sops/",
    )
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let (Some(permit), Some(snapshot)) = (ask.permit, ask.facts.repository.clone()) else { return Vec::new() };
    let Some(env) = ask.targets.first().and_then(Target::env) else { return Vec::new() };
    let Some(environment) = ask.facts.environment(env) else { return Vec::new() };
    let (name, wanted, now) = (environment.name.clone(), environment.recipients.clone(), ask.now);
    let keep = if ask.flag("replace") { Keep::None } else { Keep::Old };
    let secret = secret_of(&snapshot, &name);
    let object = format!("Secret/{NAMESPACE}/{secret}");
    let work = Box::new(move |reach: Reach, mut steps: StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let mut step = |step: &str, state, message: String| {
                steps(Step { at: reach.clock.now(), step: step.to_owned(), state, message });
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
                let sources = reach.identities.get(env).cloned().unwrap_or_default();
                let known = wanted.clone();
                let identities = reach.away(move || {
                    let mut found = Identities::load(&sources, &known)?;
                    if known.iter().any(|recipient| found.key_of(recipient).is_none()) {
                        found.unseal();
                    }
                    Ok::<_, Fault>(found)
                });
                let identities = identities.await??;
                let cluster = reach.cluster(env)?;
                let said = put(&cluster, &secret, &wanted, &identities, keep, now).await?;
                step("secret", StepState::Done, said);
                let examined = examine(&reach, env, &name, snapshot).await?;
                let state = if examined.is_good() { StepState::Done } else { StepState::Failed };
                step("files", state, examined.words());
                if examined.is_good() {
                    return Ok(examined.words());
                }
                Err(Fault::failed(
                    format!("the key of {name} does not open everything"),
                    examined.words(),
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
        title: COMMAND.title.to_owned(),
        env: Some(env),
        object,
        shell,
        stopped,
        permit,
        work,
    })]
}
