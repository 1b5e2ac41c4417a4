//! Stops a credential plug-in that waits, and runs it again.

use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Notice, Risk, Task};
use crate::model::{Fault, ShellLine};

/// Stops the plug-in that logs in to the environment, or runs it again.
pub static COMMAND: Command = Command {
    id: "log-in",
    title: "Stop a login, or log in again",
    keys: &["Z"],
    scope: KeyScope::Environment,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            ShellLine::new("kubectl get namespaces --context {}", &[ask.context(ask.env())]),
            "Any kubectl command runs the credential plug-in of its context; ctrl-c stops it there. Here it runs beside the screen, for up to five minutes, and its output is shown in place of the list.",
            "the namespaces; else the plug-in's own words, such as a code and the address to type it at.",
            "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
        )
    },
    run: |ask| {
        let env = ask.env();
        let place = ask.facts.name(env);
        let told = format!(
            "{place}: a login that runs is stopped, one that was stopped is tried again, and one that asks has the terminal"
        );
        vec![
            Action::Task(Task::once("stop or run the credential plug-in", move |task_context| async move {
                let cluster = task_context.cluster(env)?;
                if cluster.needs_terminal() {
                    return task_context.terminal.during(cluster.log_in()).await?;
                }
                cluster.stop_or_run_plugin();
                Ok::<(), Fault>(())
            })),
            Action::Tell(Notice::info(ask.now, told)),
        ]
    },
};
