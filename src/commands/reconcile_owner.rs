//! Reconciles what keeps an object: the Flux object that applied it.

use super::verb::{is_flux, lesson};
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::kinds;
use crate::model::{Env, Lesson, ObjectRef, ShellLine};
use crate::views::owner::Owner;

/// Finds the Flux objects that keep what is selected or marked, and asks for the reconciliation of those.
///
/// The key is that of a Flux object's own reconciliation: on whichever row it falls, it does the same. Finding the owner looks only; the
/// reconciliation that follows is a command of its own, and the guard judges it with its own target.
pub static COMMAND: Command = Command {
    id: "reconcile-owner",
    title: "Reconcile its owner",
    keys: &["R"],
    scope: KeyScope::Object(is_kept),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        // The marks are of the objects, and what is written to is their owners.
        let mut actions = vec![Action::Unmark];
        let objects: Vec<(Env, ObjectRef)> = ask.objects().map(|(env, object)| (env, object.clone())).collect();
        let known: Option<Vec<(Env, ObjectRef)>> =
            objects.iter().map(|(env, object)| Some((*env, by_inventory(ask, *env, object)?))).collect();
        actions.push(match known {
            Some(owners) => {
                let mut targets: Vec<CommandTarget> = Vec::new();
                for (env, owner) in owners {
                    let target = CommandTarget::Object(env, owner);
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
                Action::Dispatch(&super::reconcile::COMMAND, targets, Vec::new())
            }
            None => Action::Push(Box::new(Owner::new(objects, &super::reconcile::COMMAND))),
        });
        actions
    },
};

fn is_kept(object: &ObjectRef) -> bool {
    !is_flux(object)
}

/// Finds the Kustomization that applied an object by the inventories that are watched anyway (`<namespace>_<name>_<group>_<Kind>`).
fn by_inventory(ask: &Ask<'_>, env: Env, object: &ObjectRef) -> Option<ObjectRef> {
    let ObjectRef { kind, group, namespace, name } = object;
    let id = format!("{namespace}_{name}_{group}_{kind}");
    let table = ask.facts.table(env, kinds::KUSTOMIZATION)?;
    let keeps = |row: &&crate::model::Row| {
        row.flux.as_ref().is_some_and(|flux| flux.inventory.iter().any(|known| **known == *id))
    };
    let row = table.rows.iter().find(keeps)?;
    Some(kinds::KUSTOMIZATION.object(&row.key.namespace, &row.key.name))
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let context = ask.context(ask.env());
    let trace = ask.object().map_or_else(
        || "flux trace KIND NAME".into(),
        |(_, object)| {
            ShellLine::new("flux trace {} {}", &[&object.kind.to_lowercase(), &object.name])
                .option(" -n {}", &object.namespace)
        },
    );
    lesson(
        trace.and_then(" --context {}\nflux reconcile kustomization NAME --context {}", &[context, context]),
        "Flux labels what it applies with the Kustomization or HelmRelease that it belongs to; a reconcile of that one brings back what Git says. It restarts nothing that is as Git has it.",
        "the labels kustomize.toolkit.fluxcd.io/name and helm.toolkit.fluxcd.io/name.",
        "https://fluxcd.io/flux/cmd/flux_trace/",
    )
}
