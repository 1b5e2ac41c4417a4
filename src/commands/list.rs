//! Opens the lists: Flux objects and pods.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, Risk, Scope, Target};
use crate::model::{Env, Lesson};
use crate::views::list::List;

/// Opens the list of Flux objects of the environment shown.
pub static FLUX: Command = Command {
    id: "flux",
    title: "Flux objects",
    keys: &["f"],
    scope: Scope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| teach(ask, "flux get all -A"),
    run: |ask| vec![Action::Push(Box::new(List::new(environment(ask), "Kustomization")))],
};

/// Opens the list of pods of the environment shown.
pub static PODS: Command = Command {
    id: "pods",
    title: "Pods",
    keys: &["p"],
    scope: Scope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| teach(ask, "kubectl get pods -A"),
    run: |ask| vec![Action::Push(Box::new(List::new(environment(ask), "Pod")))],
};

fn environment(ask: &Ask<'_>) -> Env {
    ask.targets.iter().find_map(Target::env).unwrap_or(ask.facts.shown)
}

fn teach(ask: &Ask<'_>, line: &str) -> Lesson {
    lesson(
        format!("{line} --context {}", ask.context(environment(ask))),
        "One list of a kind over all namespaces; / filters it, enter opens what is selected.",
        "anything that is not ready.",
        "https://fluxcd.io/flux/cmd/flux_get/",
    )
}
