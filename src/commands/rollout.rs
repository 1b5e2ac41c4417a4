//! Follows a changed file into the clusters.

use super::known;
use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandTarget, KeyScope, Notice, Risk};
use crate::model::{Lesson, ShellLine};
use crate::views::rollout::Rollout;

/// Shows the remaining steps until the selected file has reached the clusters.
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
    let lines = file(ask).map_or_else(Vec::new, |file| {
        let first = [ShellLine::new("git add -- {}", &[file]), "git commit".into(), "git push".into()];
        let feeds = ask.facts.repository.iter().flat_map(|snapshot| snapshot.fed_by(file));
        let reconciling = feeds.filter_map(|feed| {
            let context = ask.context(ask.facts.find_environment(&feed.env)?);
            let words = [&*feed.name, &*feed.namespace, context];
            Some(ShellLine::new("flux reconcile kustomization {} -n {} --with-source --context {}", &words))
        });
        first.into_iter().chain(reconciling).collect()
    });
    lesson(
        known::lines(lines),
        "A saved file changes nothing until it is committed, pushed and applied; a Secret that is applied reaches pods by volumes within minutes, and by environment variables when they start.",
        "every line with =; ‹key:open› on a line does its step.",
        "https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-environment-variables",
    )
}
