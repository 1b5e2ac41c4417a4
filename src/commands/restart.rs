//! Replaces the pods of a workload step by step.

use super::object::{is_workload, line};
use super::verb::{lesson, operate, timeout};
use crate::app::{Ask, Command, KeyScope, Risk};
use crate::cluster::verbs::Restart;
use crate::model::Lesson;

/// Restarts the rollout of the selected or marked workloads.
pub static COMMAND: Command = Command {
    id: "restart",
    title: "Restart",
    keys: &["B"],
    scope: KeyScope::Object(is_workload),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Restart", Restart { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        // With kubectl's own field manager, the next reconcile would remove the annotation and replace the pods once
        // more.
        line(ask, "rollout restart --field-manager=flux-client-side-apply"),
        "New pods come before old ones go, as the strategy of the workload says; they read their Secrets and ConfigMaps anew.",
        "kubectl rollout status: every new pod ready, no old one left.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/",
    )
}

#[cfg(test)]
mod tests {
    use super::COMMAND;
    use crate::app::test_support::facts;
    use crate::app::{Ask, CommandTarget};
    use crate::cluster::FIELD_MANAGER;
    use crate::model::{Env, ObjectRef};

    #[test]
    fn the_line_writes_by_the_name_under_which_flux_leaves_the_annotation() {
        let facts = facts();
        let targets = [CommandTarget::Object(Env(1), ObjectRef::new("Deployment", "apps", "web", "web"))];
        let ask = Ask { facts: &facts, targets: &targets, answers: &[], now: facts.now, permit: None };
        let shell = (COMMAND.lesson)(&ask).shell;
        assert!(shell.as_str().contains(&format!(" --field-manager={FIELD_MANAGER} ")), "{}", shell.as_str());
    }
}
