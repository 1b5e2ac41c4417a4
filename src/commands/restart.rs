//! Replaces the pods of a workload step by step.

use super::object::{is_workload, line};
use super::verb::{lesson, operate, timeout};
use crate::app::{Ask, Command, Risk, Scope};
use crate::model::{Lesson, Verb};

/// Restarts the rollout of what is selected or marked.
pub static COMMAND: Command = Command {
    id: "restart",
    title: "Restart",
    keys: &["B"],
    scope: Scope::Object(is_workload),
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, "Restart", &Verb::Restart { timeout: timeout(ask) }, &teach(ask).shell),
};

fn teach(ask: &Ask<'_>) -> Lesson {
    lesson(
        line(ask, "rollout restart"),
        "New pods come before old ones go, as the strategy of the workload says; they read their Secrets and ConfigMaps anew.",
        "kubectl rollout status: every new pod ready, no old one left.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/",
    )
}
