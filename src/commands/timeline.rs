//! Opens what happened to the selected object, or in the environment.

use super::known::without_environment;
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::timeline::TimelineView;

/// Opens the timeline.
pub static COMMAND: Command = Command {
    id: "timeline",
    title: "Timeline",
    keys: &["@"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        let line = match ask.object() {
            Some((env, object)) => ShellLine::from("kubectl get ")
                .line(&super::object::place(ask, env, object))
                .and_then(" -o yaml --show-managed-fields", &[]),
            None => {
                ShellLine::new("kubectl get events -A --sort-by=.metadata.creationTimestamp --context {}", &[context])
            }
        };
        lesson(
            line,
            "Conditions, histories, events, releases, commits and writes by hand each tell a part; in one order they tell what led to what.",
            "the first thing that changed before it went wrong: a commit, a write by hand, a restart.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/",
        )
    },
    run: |ask| {
        let object = ask.object().map(|(_, object)| object.clone());
        let env = ask.object().map_or_else(|| ask.env(), |(env, _)| env);
        vec![Action::Push(Box::new(TimelineView::new(env, object)))]
    },
};
