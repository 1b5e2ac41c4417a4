//! Opens the detail of an object at its description, or at its YAML.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::{Lesson, ObjectRef, ShellLine};
use crate::views::detail::{Detail, Tab};

/// Opens the description of the selected object.
pub(super) static COMMAND: Command = Command {
    id: "describe",
    title: "Describe",
    keys: &["d"],
    scope: KeyScope::Object(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            line(ask, "describe", ""),
            "The output of kubectl describe, with its events at the end; the tab before sums up its state and what it waits for.",
            "conditions that are not True, the full message of each, and events of type Warning.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_describe/",
        )
    },
    run: |ask| open(ask, Tab::Describe),
};

/// Opens the YAML of the selected object.
pub(super) static YAML: Command = Command {
    id: "yaml",
    title: "YAML",
    keys: &["y"],
    scope: KeyScope::Object(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach_yaml,
    run: |ask| open(ask, Tab::Yaml),
};

fn teach_yaml(ask: &Ask<'_>) -> Lesson {
    lesson(
        line(ask, "get", " -o yaml"),
        "The whole object as the cluster has it, without managedFields; values of a Secret stay masked.",
        "‹key:filter› searches, ‹key:next-match› and ‹key:previous-match› go on; spec is what was asked for, status what came of it.",
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/",
    )
}

fn open(ask: &Ask<'_>, tab: Tab) -> Vec<Action> {
    ask.object().map(|(env, object)| Action::Push(Box::new(Detail::new(env, object, tab)))).into_iter().collect()
}

fn line(ask: &Ask<'_>, verb: &'static str, flags: &'static str) -> ShellLine {
    let Some((env, object)) = ask.object() else { return ShellLine::default() };
    ShellLine::new("kubectl {} {} {}", &[verb, &word(object), &object.name])
        .option(" -n {}", &object.namespace)
        .and_then(flags, &[])
        .and_then(" --context {}", &[ask.context(env)])
}

/// Returns a kind as kubectl's argument; with its group, as two groups may share a kind.
fn word(object: &ObjectRef) -> String {
    let kind = object.kind.to_lowercase();
    if object.group.is_empty() { kind } else { format!("{kind}.{}", object.group) }
}
