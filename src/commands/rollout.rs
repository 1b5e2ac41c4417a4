//! Follows a changed file into the clusters.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Notice, Risk};
use crate::model::{Lesson, ShellLine};
use crate::views::rollout::Rollout;

/// Shows what is left to do until the file that is selected has reached the clusters.
pub static COMMAND: Command = Command {
    id: "rollout",
    title: "Roll out",
    keys: &["V"],
    scope: KeyScope::File(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| match file(ask) {
        Some(file) => vec![Action::Push(Box::new(Rollout::new(file)))],
        None => vec![Action::Tell(Notice::info(ask.now, "no file is selected"))],
    },
};

fn file<'a>(ask: &'a Ask<'_>) -> Option<&'a str> {
    ask.targets.iter().find_map(|target| match target {
        CommandTarget::File(_, path) => Some(path.as_str()),
        _ => None,
    })
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let file = file(ask).unwrap_or("FILE");
    lesson(
        ShellLine::new(
            "git add {path} && git commit && git push\nflux reconcile kustomization NAME --with-source",
            &[file],
        ),
        "A saved file changes nothing until it is committed, pushed and applied; a Secret that is applied reaches pods by volumes within minutes, and by environment variables when they start.",
        "every line with =; enter on a line does its step.",
        "https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-environment-variables",
    )
}
