//! Reconciles a whole environment: its sources, then each Kustomization in deployment order.

use super::known;
use super::verb::{lesson, timeout};
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Notice, Risk};
use crate::kinds;
use crate::model::{Env, Fault, Lesson, ObjectRef};
use crate::views::home::flow;
use crate::workflows::reconcile;

/// Reconciles the environment of the selection.
pub static COMMAND: Command = Command {
    id: "reconcile-all",
    title: "Reconcile the environment",
    keys: &["ctrl-r"],
    scope: KeyScope::Environment,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run,
};

fn environment(ask: &Ask<'_>) -> Option<Env> {
    ask.targets.iter().find_map(CommandTarget::env)
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let (Some(env), Some(permit)) = (environment(ask), ask.permit) else { return Vec::new() };
    let mut objects: Vec<ObjectRef> = Vec::new();
    if let Some(kind) = kinds::find("GitRepository")
        && let Some(table) = ask.facts.table(env, kind)
    {
        objects.extend(table.rows.iter().map(|row| kind.object(&row.key.namespace, &row.key.name)));
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
    let operation = reconcile::all(env, objects, wait, teach(ask).shell, permit);
    vec![Action::Operate(operation)]
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let lines = environment(ask).map_or_else(Vec::new, |env| known::reconciling(ask, env));
    lesson(
        known::lines(lines),
        "Reconciling flux-system alone does not force its children: it re-applies their manifests, and unchanged ones wait for their own interval.",
        "the same revision on every Kustomization; the first that fails holds those that depend on it.",
        "https://fluxcd.io/flux/cmd/flux_reconcile_source_git/",
    )
    .about(environment(ask).map_or("", |env| ask.facts.name(env)))
}
