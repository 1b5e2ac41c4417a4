//! Installs or removes fluxdeck's check as a git hook.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Operation, Risk};
use crate::model::{Lesson, Outcome};
use crate::repo::git;

/// Installs the check in git's pre-commit hook.
pub static INSTALL: Command = Command {
    id: "hook-install",
    title: "Install the commit hook",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, true),
};

/// Removes the check from it.
pub static UNINSTALL: Command = Command {
    id: "hook-uninstall",
    title: "Take out the commit hook",
    keys: &[],
    scope: KeyScope::Everywhere,
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run: |ask| operate(ask, false),
};

fn teach(_ask: &Ask<'_>) -> Lesson {
    lesson(
        "${VISUAL:-${EDITOR:-vi}} \"$(git rev-parse --git-path hooks/pre-commit)\"",
        "Git runs it before each commit and stops at an error: a Secret in plain text never gets into the history, out of which it is hard to take.",
        "a commit of a plain Secret that is refused; `git commit --no-verify` passes by every hook.",
        "https://git-scm.com/docs/githooks#_pre_commit",
    )
}

fn operate(ask: &Ask<'_>, install: bool) -> Vec<Action> {
    let Some(permit) = ask.permit else { return Vec::new() };
    let work = Box::new(move |task_context: crate::app::TaskContext, _steps: crate::app::operation::StepSender| {
        let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
            let done = async {
                let root = task_context.file("")?;
                let program = std::env::current_exe().ok();
                task_context
                    .away(move || {
                        if install {
                            git::hook::install(&root, program.as_deref(), &permit)
                        } else {
                            git::hook::uninstall(&root, &permit)
                        }
                    })
                    .await?
            };
            done.await.map_or_else(Outcome::Failed, Outcome::Done)
        });
        work
    });
    let title = if install { INSTALL.title } else { UNINSTALL.title }.to_owned();
    let object = "git's pre-commit hook".to_owned();
    let stopped = "no longer waited for; look at the hook";
    vec![Action::Operate(Operation { title, env: None, object, shell: teach(ask).shell, stopped, permit, work })]
}
