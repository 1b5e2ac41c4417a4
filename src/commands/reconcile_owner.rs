//! Reconciles the owner of an object: the Flux object that applied it.

use super::known;
use super::verb::{is_flux, lesson};
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Risk};
use crate::kinds;
use crate::model::{Env, Lesson, ObjectRef, ShellLine};
use crate::views::owner::Owner;

/// Finds the owners of the selected or marked objects, and requests the reconciliation of those.
///
/// The key is the same as for a Flux object's own reconciliation: on every row it does the same. The search for the
/// owner only reads; the reconciliation that follows is a command of its own, and the guard judges it with its own
/// target.
pub static COMMAND: Command = Command {
    id: "reconcile-owner",
    title: "Reconcile its owner",
    keys: &["R"],
    scope: KeyScope::Object(is_kept),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| {
        // The marks are on the objects, but the write is to their owners.
        let mut actions = vec![Action::Unmark];
        let objects: Vec<(Env, ObjectRef)> = ask.objects().map(|(env, object)| (env, object.clone())).collect();
        let known: Option<Vec<(Env, ObjectRef)>> =
            objects.iter().map(|(env, object)| Some((*env, known::applier(ask, *env, object)?))).collect();
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
    // A machine joins a cluster by itself: nothing of Flux applies a node.
    !is_flux(object) && !kinds::NODE.is(object)
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let lines = ask.object().map_or_else(Vec::new, |(env, object)| {
        let trace = ShellLine::from("flux trace ").line(&super::object::place(ask, env, object));
        let owner = known::applier(ask, env, object).map(|owner| known::reconcile(&owner, ask.context(env)));
        std::iter::once(trace).chain(owner).collect()
    });
    lesson(
        known::lines(lines),
        "Flux labels what it applies with the Kustomization or HelmRelease that it belongs to; a reconcile of that one brings back what Git says. It restarts nothing that is as Git has it.",
        "the labels kustomize.toolkit.fluxcd.io/name and helm.toolkit.fluxcd.io/name.",
        "https://fluxcd.io/flux/cmd/flux_trace/",
    )
}
