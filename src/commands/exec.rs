//! Opens a shell in a container.

use super::object::line;
use super::verb::lesson;
use crate::app::{Action, Ask, Command, CommandQuestion, KeyScope, Operation, Risk};
use crate::cluster::exec::ExecRequest;
use crate::model::text::field;
use crate::model::{Fault, Lesson, ObjectRef, Outcome, ShellLine, Step, StepState};

/// Opens a shell in the default container of a pod, or of a workload's pod.
pub static COMMAND: Command = Command {
    id: "exec",
    title: "Shell",
    keys: &["!"],
    scope: KeyScope::Object(is_container),
    // The commands of the shell are not known beforehand.
    risk: Risk::Writes,
    questions: &[],
    lesson: teach,
    run,
};

/// Runs any command in any container.
pub static ANY: Command = Command {
    id: "exec-command",
    title: "Run in a container",
    keys: &[],
    scope: KeyScope::Object(is_container),
    risk: Risk::Writes,
    questions: &[
        CommandQuestion {
            id: "container",
            label: "Which container? Empty for the default one",
            optional: true,
            check: None,
        },
        CommandQuestion { id: "command", label: "Which command? Empty for sh", optional: true, check: None },
    ],
    lesson: teach,
    run,
};

fn is_container(object: &ObjectRef) -> bool {
    crate::cluster::pod::has_pods(object) && object.kind != "Service"
}

/// Splits the typed command at spaces, as `kubectl exec` gets it from a shell without quotes; quotes need the user's
/// own `sh -c`.
fn order(ask: &Ask<'_>) -> ExecRequest {
    let typed = ask.answer("command").unwrap_or("sh");
    ExecRequest {
        container: ask.answer("container").map(str::to_owned),
        // The headless twin passes the words unchanged, one a line.
        command: match ask.answer("words") {
            Some(words) => words.split('\n').map(str::to_owned).collect(),
            None => typed.split_whitespace().map(str::to_owned).collect(),
        },
        terminal: ask.answer("terminal") != Some("false"),
    }
}

fn run(ask: &Ask<'_>) -> Vec<Action> {
    let (Some(permit), Some((env, object))) = (ask.permit, ask.object()) else { return Vec::new() };
    let (object, order) = (object.clone(), order(ask));
    let (command, name) = (order.command.join(" "), ask.facts.name(env).to_owned());
    // Its last message is kept.
    let program = order.command.first().cloned().unwrap_or_default();
    let operation = Operation {
        title: format!("{command} in {}", object.short()),
        env: Some(env),
        object: object.to_string(),
        shell: teach(ask).shell,
        stopped: "the connection is closed; what ran there may go on",
        permit,
        work: Box::new(move |task_context, mut steps| {
            Box::pin(async move {
                let mut say = |state, message: String| {
                    steps(Step { at: task_context.clock.now(), step: "exec".to_owned(), state, message });
                };
                let ended: Result<String, Fault> = async {
                    say(StepState::Running, "connecting".to_owned());
                    let session = task_context.cluster(env)?.exec(&object, &order, &permit).await?;
                    say(StepState::Running, session.place.clone());
                    let place = session.place.clone();
                    // The screen is left once the connection is up: earlier failures are shown on it.
                    let streams = task_context.terminal.borrow().await?;
                    if order.terminal {
                        let heading = format!("fluxdeck: {command} in {place} in {name}; exit or Ctrl-D leads back");
                        let heading = format!("{}\r\n", field(&heading));
                        // The next write reports a closed terminal.
                        let _gone = streams.output.send(heading.into_bytes()).await;
                    }
                    let code = session.talk(streams).await?;
                    match code {
                        0 => Ok(format!("{program} has ended in {place}")),
                        code if order.terminal => Ok(format!("{program} has ended in {place} with status {code}")),
                        code => {
                            let why = format!("it ended in {place} with status {code}");
                            Err(Fault::failed(format!("{program} failed"), why, "what it wrote says why"))
                        }
                    }
                }
                .await;
                ended.map_or_else(Outcome::Failed, Outcome::Done)
            })
        }),
    };
    vec![Action::Operate(operation)]
}

/// Appends a command: the journal keeps the program alone, since its arguments may hold a password.
fn with_program(place: ShellLine, command: &[String]) -> ShellLine {
    let (program, arguments) = command.split_first().map_or((None, command), |(first, rest)| (Some(first), rest));
    let line = program.into_iter().fold(place, |line, word| line.word(word)).unkept();
    arguments.iter().fold(line, |line, word| line.word(word))
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let order = order(ask);
    let place = line(ask, if order.terminal { "exec -it" } else { "exec -i" });
    let place = place.option(" -c {}", order.container.as_deref().unwrap_or_default()).and_then(" --", &[]);
    lesson(
        if ask.object().is_none() { ShellLine::default() } else { with_program(place, &order.command) },
        "A process beside the one that the container runs, in its files and its network; what it changes is gone with the container.",
        "the prompt; exit or Ctrl-D leads back. No sh there: `kubectl debug` brings a container that has one.",
        "https://kubernetes.io/docs/tasks/debug/debug-application/get-shell-running-container/",
    )
}
