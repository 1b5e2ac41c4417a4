//! Pushes, and reconciles the pushed commits in every environment that follows the branch.

use super::{VIEW, teach};
use crate::app::{Action, Ask, Command, CommandTarget, Notice, Risk};
use crate::commands::known;
use crate::commands::verb::timeout;
use crate::kinds;
use crate::model::{Env, Fault, Lesson, ObjectRef, ShellLine};
use crate::repo::git::Destination;
use crate::views::git::act::destination;
use crate::views::git::applied;
use crate::views::home::flow;
use crate::workflows::push::{self, Follower};

/// Pushes HEAD and reconciles the environments that follow the branch.
pub static COMMAND: Command = Command {
    id: "git-push-reconcile",
    title: "Push, and reconcile what was pushed",
    keys: &[],
    scope: VIEW,
    risk: Risk::Writes,
    questions: &[],
    lesson,
    run,
};

fn follower(ask: &Ask<'_>, env: Env, to: &Destination) -> Follower {
    let mut sources = Vec::new();
    if let Some(kind) = kinds::find("GitRepository")
        && let Some(table) = ask.facts.table(env, kind)
    {
        let rows = table.rows.iter().filter(|row| applied::may_fetch(row, to));
        sources.extend(rows.map(|row| kind.object(&row.key.namespace, &row.key.name)));
    }
    let takes = |object: &ObjectRef| {
        let source = ask.facts.row(env, object).and_then(|row| row.flux.as_ref()?.source.clone());
        source.is_none_or(|source| {
            sources.iter().any(|one| (&one.namespace, &one.name) == (&source.namespace, &source.name))
        })
    };
    let lines = flow::lines(ask.facts, env).into_iter().map(|line| line.object);
    let kustomizations = lines.filter(|object| kinds::KUSTOMIZATION.is(object)).filter(takes).collect();
    Follower { env, name: ask.facts.name(env).to_owned(), sources, kustomizations }
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let Some(permit) = ask.permit else { return Vec::new() };
    let Some(root) = ask.facts.repository.as_ref().map(|snapshot| snapshot.root.clone()) else {
        let fault =
            Fault::failed("nothing was pushed", "there is no repository", "start fluxdeck in one, or with --repo");
        return vec![Action::Tell(Notice::fault(ask.now, fault))];
    };
    // The guard judged this destination: without it there is nothing to push.
    let Some(to) = destination(ask) else {
        let why = "it is not known where the branch goes";
        let fault = Fault::failed(
            "nothing was pushed",
            why,
            "open the git screen (‹key:git›), and push there (‹key:git-push›)",
        );
        return vec![Action::Tell(Notice::fault(ask.now, fault))];
    };
    let envs = ask.targets.iter().filter_map(CommandTarget::env);
    let followers: Vec<Follower> = envs.map(|env| follower(ask, env, &to)).collect();
    let operation = push::operation(root, to, followers, timeout(ask), lesson(ask).shell, permit);
    vec![Action::Operate(operation)]
}

fn lesson(ask: &Ask<'_>) -> Lesson {
    let pushed = destination(ask).map(|to| {
        let pair = format!("{}:{}", to.from, to.branch());
        ShellLine::new("git push {} {}", &[&to.remote, &pair])
    });
    let mut lines = vec![pushed.unwrap_or_else(|| ShellLine::from("git push"))];
    for env in ask.targets.iter().filter_map(CommandTarget::env) {
        lines.extend(known::reconciling(ask, env));
    }
    teach(
        ask,
        known::lines(lines),
        "The source fetches the commit, then each Kustomization applies it in order: asked in that order, nobody waits for an interval.",
        "the commit as the revision of each; the first that fails holds those that depend on it.",
    )
}
