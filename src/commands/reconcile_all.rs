//! Reconciles a whole environment: its sources, then each Kustomization in deployment order.

use super::verb::{in_turn, lesson, timeout};
use crate::app::operation::NO_LONGER_WAITED_FOR;
use crate::app::{Action, Ask, Command, Notice, Operation, Risk, Scope, Target};
use crate::cluster::verbs;
use crate::kinds;
use crate::model::{Env, Fault, Lesson, ObjectRef, Outcome, ShellLine, Step, StepState, Verb};
use crate::views::home::flow;

/// Reconciles the environment of the selection.
pub static COMMAND: Command = Command {
    id: "reconcile-all",
    title: "Reconcile the environment",
    keys: &["ctrl-r"],
    scope: Scope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run,
};

fn environment(ask: &Ask<'_>) -> Option<Env> {
    ask.targets.iter().find_map(Target::env)
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let (Some(env), Some(permit)) = (environment(ask), ask.permit) else { return Vec::new() };
    let mut objects: Vec<ObjectRef> = Vec::new();
    if let Some(kind) = kinds::find("GitRepository")
        && let Some(table) = ask.facts.table(env, kind)
    {
        objects.extend(table.rows.keys().map(|key| kind.object(&key.namespace, &key.name)));
    }
    let flow = flow::lines(ask.facts, env);
    objects.extend(flow.into_iter().map(|line| line.object).filter(|object| kinds::KUSTOMIZATION.is(object)));
    if objects.is_empty() {
        return vec![Action::Tell(Notice::fault(
            ask.now,
            Fault::failed(
                format!("nothing to reconcile in {}", ask.facts.name(env)),
                "no source and no Kustomization is known there",
                "wait until the environment is live",
            ),
        ))];
    }
    let wait = timeout(ask);
    let operation = Operation {
        title: "Reconcile all".to_owned(),
        env: Some(env),
        object: format!("{} objects", objects.len()),
        shell: teach(ask).shell,
        stopped: NO_LONGER_WAITED_FOR,
        permit,
        work: Box::new(move |reach, mut steps| {
            Box::pin(async move {
                let cluster = match reach.cluster(env) {
                    Ok(cluster) => cluster,
                    Err(fault) => return Outcome::Failed(fault),
                };
                let verb =
                    Verb::Reconcile { with_source: false, force: false, reset: false, no_wait: false, timeout: wait };
                let mut failed: Option<Outcome> = None;
                let mut done = 0_usize;
                for object in &objects {
                    let name = object.short();
                    let clock = reach.clock.clone();
                    let mut report = |step: Step| {
                        // One line per object: the steps within it pass by in its message.
                        steps(Step { step: name.clone(), ..step });
                    };
                    // Once one has failed, what waits for it will not be ready however long it is waited for.
                    let outcome = if failed.is_none() {
                        in_turn(&cluster, &verb, object, &clock, &mut report, wait, &permit).await
                    } else {
                        verbs::perform(&cluster, &verb, object, &clock, &mut report, &permit).await
                    };
                    if !outcome.is_done() {
                        let message = crate::app::operation::outcome_line(&outcome);
                        report(Step { at: clock.now(), step: String::new(), state: StepState::Failed, message });
                    }
                    if outcome.is_done() {
                        done += 1;
                    } else if failed.is_none() {
                        failed = Some(match outcome {
                            Outcome::WillRetry { next, message } => {
                                Outcome::WillRetry { next, message: format!("{name}: {message}") }
                            }
                            other => other,
                        });
                    }
                }
                failed.unwrap_or_else(|| Outcome::Done(format!("{done} objects reconciled")))
            })
        }),
    };
    vec![Action::Operate(operation)]
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let context = environment(ask).map_or("", |env| ask.context(env));
    let mut lines = vec![ShellLine::new("flux reconcile source git flux-system --context {}", &[context])];
    if let Some(env) = environment(ask) {
        lines.extend(flow::lines(ask.facts, env).iter().filter(|line| kinds::KUSTOMIZATION.is(&line.object)).map(
            |line| {
                ShellLine::new(
                    "flux reconcile kustomization {} -n {} --context {}",
                    &[&line.object.name, &line.object.namespace, context],
                )
            },
        ));
    }
    lesson(
        ShellLine::join(lines, " && "),
        "Reconciling flux-system alone does not force its children: it re-applies their manifests, and unchanged ones wait for their own interval.",
        "the same revision on every Kustomization; the first that fails holds those that depend on it.",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
    )
}
