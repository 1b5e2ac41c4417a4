//! Shows the other environment, and teaches why fluxdeck never switches a context.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::{Env, Lesson, ShellLine};

/// Shows the next environment; it has its own context, and the kubeconfig stays unchanged.
pub static COMMAND: Command = Command {
    id: "switch",
    title: "Switch cluster",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| vec![Action::Focus(next(ask))],
};

fn next(ask: &Ask<'_>) -> Env {
    let count = ask.facts.environments.len().max(1);
    Env(u8::try_from((ask.facts.here.index() + 1) % count).unwrap_or(0))
}

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        ShellLine::new("kubectl config use-context {}", &[ask.context(next(ask))]),
        "That line changes the cluster of every later kubectl in every shell, which is how the wrong cluster gets changed. Here each environment keeps its own context, and each line names it with --context.",
        "the environment's name at the head of a panel and in every confirmation; < and > show the others.",
        "https://kubernetes.io/docs/tasks/access-application-cluster/configure-access-multiple-clusters/",
    )
}
