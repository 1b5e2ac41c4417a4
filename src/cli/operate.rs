//! The shared part of headless writes: they build a command's targets and answers, pass the guard, and print the steps
//! as they come.

use std::sync::{Arc, Mutex};

use serde::Serialize;

use super::Call;
use crate::app::guard::{confirmation, judge};
use crate::app::operation::outcome_line;
use crate::app::{Action, Ask, Command, CommandTarget, Consent, Facts, Notice, Operation, Permit, Verdict};
use crate::model::text::{field, message};
use crate::model::{Fault, FaultKind, ObjectRef, Outcome, Protection, Shown, Step, StepState, without_keys};
use crate::runtime::{Session, interrupted, note};

/// The exit code that shells return for a program that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

/// Holds a line of output: one step, or the outcome.
#[derive(Serialize)]
struct Line<'a> {
    at: jiff::Timestamp,
    env: &'a str,
    object: &'a str,
    step: &'a str,
    state: StepState,
    message: &'a str,
}

/// Dispatches a command on an object, as its key would, and waits for the outcome; `facts` returns the facts that the
/// command needs, because reading the repository would delay a command that does not use it.
pub(super) fn operate(
    call: &Call,
    command: &'static Command,
    object: &str,
    answers: Vec<(String, String)>,
    facts: fn(&Session) -> Facts,
) -> Result<u8, Fault> {
    let object = named(object)?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let target = CommandTarget::Object(env, object);
        dispatch(call, &session, &facts(&session), command, vec![target], answers).await
    })
}

/// Returns the environment to act on: the one of `--env`, or the only one.
pub(super) fn only_environment(call: &Call, session: &Session) -> Result<crate::model::Env, Fault> {
    match (&call.global.env, session.environments.as_slice()) {
        (Some(name), _) => session.environment(name),
        (None, [only]) => Ok(only.env),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|known| known.name.as_str()).collect();
            Err(Fault::new(
                FaultKind::Usage,
                "which environment?",
                format!("there are {}: {}", names.len(), names.join(", ")),
                "name one with --env NAME",
            ))
        }
    }
}

/// Parses the name of an object as the user typed it.
pub(super) fn named(text: &str) -> Result<ObjectRef, Fault> {
    let read = text.parse().map(crate::kinds::complete);
    read.map_err(|why: String| {
        let todo = "write KIND/NAMESPACE/NAME, or KIND//NAME for cluster scope, such as Kustomization/flux-system/apps";
        Fault::new(FaultKind::Usage, "cannot read the object", why, todo)
    })
}

/// Judges and runs a command, and prints the reports of its operations.
pub(super) async fn dispatch(
    call: &Call,
    session: &Session,
    facts: &Facts,
    command: &'static Command,
    targets: Vec<CommandTarget>,
    answers: Vec<(String, String)>,
) -> Result<u8, Fault> {
    if !command.applies("", &targets) {
        let names: Vec<String> = targets.iter().map(CommandTarget::name).collect();
        return Err(Fault::new(
            FaultKind::Usage,
            format!("{} does not work on {}", command.title, names.join(", ")),
            "it is for objects of another kind",
            "`fluxdeck keys` says what each command is for",
        ));
    }
    let permit = judged(call, command, &targets, facts)?;
    let ask = Ask { facts, targets: &targets, answers: &answers, now: session.clock.now(), permit };
    let mut code = None;
    for operation in operations(command, (command.run)(&ask))? {
        code = Some(match perform(call, session, operation).await? {
            Outcome::Done(_) => code.unwrap_or(0),
            Outcome::Cancelled(_) => INTERRUPTED,
            Outcome::WillRetry { .. } | Outcome::Failed(_) => 1,
        });
    }
    code.ok_or_else(|| nothing_done(command, &targets))
}

/// Extracts the operations from a command's actions. An action for a screen is an error: a call that did only a part of
/// its work would look like success.
fn operations(command: &Command, actions: Vec<Action>) -> Result<Vec<Operation>, Fault> {
    let mut operations = Vec::new();
    for action in actions {
        match action {
            Action::Operate(operation) => operations.push(operation),
            Action::Tell(Notice { fault: Some(fault), .. }) => return Err(fault),
            // A remark is not part of the command's work.
            Action::Tell(Notice { fault: None, .. }) => {}
            for_a_screen => {
                return Err(Fault::failed(
                    format!("{} was not done", command.title),
                    format!("it needs the cockpit for a part of it ({for_a_screen:?})"),
                    "do it there: fluxdeck without a subcommand",
                ));
            }
        }
    }
    Ok(operations)
}

/// Reports that a permitted command had nothing to do, so that the call does not look like success.
fn nothing_done(command: &Command, targets: &[CommandTarget]) -> Fault {
    let names: Vec<String> = targets.iter().map(CommandTarget::name).collect();
    Fault::failed(
        format!("{} did nothing", command.title),
        format!("it found nothing to do for {}", names.join(", ")),
        "see that it is there, and that this is its repository: fluxdeck status, fluxdeck envs, --repo DIR",
    )
}

/// Asks the guard, with the consent in the call.
fn judged(call: &Call, command: &Command, targets: &[CommandTarget], facts: &Facts) -> Result<Option<Permit>, Fault> {
    let consent = call.global.confirm.as_deref().map_or(Consent::None, Consent::Typed);
    match judge(command, targets, facts, consent) {
        Verdict::Go(permit) => Ok(permit),
        Verdict::Refuse(fault) => Err(fault),
        Verdict::Type(wanted) => Err(Fault::new(
            FaultKind::Refused,
            format!("{} is refused", command.title),
            "it destroys, and the call does not confirm it".to_owned(),
            format!("add --confirm {wanted} when you mean it"),
        )),
        Verdict::Confirm => Err(refusal(command, targets, facts)),
    }
}

/// Asks the guard for permission to write.
pub(super) fn permit(
    call: &Call,
    command: &Command,
    targets: &[CommandTarget],
    facts: &Facts,
) -> Result<Permit, Fault> {
    judged(call, command, targets, facts)?.ok_or_else(|| refusal(command, targets, facts))
}

fn refusal(command: &Command, targets: &[CommandTarget], facts: &Facts) -> Fault {
    let protected = targets
        .iter()
        .filter_map(CommandTarget::env)
        .filter_map(|env| facts.environment(env))
        .find(|known| known.protected);
    let wanted = confirmation(targets, facts);
    let name =
        if protected.is_some() { wanted.replace(',', ", ") } else { "what is of no known environment".to_owned() };
    let reason = protected.and_then(|known| known.protected_by.as_ref());
    let why = reason.map(|reason| format!(" by {reason}")).unwrap_or_default();
    let lasting = match reason {
        Some(Protection::Unagreed(context)) => format!(
            "; `context = \"{context}\"` below [env.{name}] in your own settings says that it is yours for good"
        ),
        Some(Protection::Because(_)) | None => String::new(),
    };
    Fault::new(
        FaultKind::Refused,
        format!("{} in {name} is refused", command.title),
        format!("{name} is protected{why}, and the call does not confirm it"),
        format!("add --confirm {wanted} when you mean it{lasting}"),
    )
}

/// Performs an operation, prints its steps, and returns the outcome.
pub(super) async fn perform(call: &Call, session: &Session, operation: Operation) -> Result<Outcome, Fault> {
    let env = operation
        .env
        .map(|env| session.environments.get(env.index()).map_or("", |known| known.name.as_str()))
        .unwrap_or_default()
        .to_owned();
    let object = operation.object.clone();
    let output = call.global.output;
    let failed: Arc<Mutex<Option<Fault>>> = Arc::default();
    let (print_env, print_object, print_failed) = (env.clone(), object.clone(), Arc::clone(&failed));
    let write = move |step: &Step| -> Shown {
        let said = without_keys(&step.message);
        let line = Line {
            at: step.at,
            env: &print_env,
            object: &print_object,
            step: &step.step,
            state: step.state,
            message: &said,
        };
        if let Some(item) = output.item(&line) {
            return item.ended();
        }
        let sign = match step.state {
            StepState::Running => "~",
            StepState::Done => "=",
            StepState::Failed => "x",
            StepState::Warning => "!",
        };
        let said = message(&said);
        Shown::lines(&format!("{sign} {print_env}  {}  {}: {said}\n", field(&print_object), step.step))
    };
    let printer = Call { renderer: call.renderer.clone(), ..Call::new(call.global.clone()) };
    let report = write.clone();
    let steps: crate::app::operation::StepSender = Box::new(move |step| {
        // A warning goes to standard error, which stays visible in a pipeline, before the step that it is about.
        if step.state == StepState::Warning {
            printer.remark(&format!("{}: {}", step.step, without_keys(&step.message)));
            if !output.is_data() {
                return;
            }
        }
        if let Err(fault) = printer.write(&report(&step))
            && let Ok(mut slot) = print_failed.lock()
        {
            slot.get_or_insert(fault);
        }
    });
    let outcome = note(session, operation, steps, interrupted()).await;
    let last = Step {
        at: session.clock.now(),
        step: "outcome".to_owned(),
        state: match outcome {
            Outcome::Done(_) | Outcome::Cancelled(_) => StepState::Done,
            _ => StepState::Failed,
        },
        message: outcome_line(&outcome),
    };
    call.write(&write(&last))?;
    if let Outcome::Failed(fault) = &outcome {
        return Err(fault.clone());
    }
    let failed = failed.lock().ok().and_then(|mut slot| slot.take());
    failed.map_or(Ok(outcome), Err)
}

/// Checks a timeout and returns it as an answer.
pub(super) fn timeout(text: &str) -> Result<(String, String), Fault> {
    if crate::model::clock::go_duration(text).is_none() {
        let why = format!("`{text}` is not a duration");
        return Err(Fault::new(FaultKind::Usage, "cannot read --timeout", why, "write it as 90s, 5m or 1h"));
    }
    Ok(("timeout".to_owned(), text.to_owned()))
}

/// Dispatches a command on a whole environment, after listing its Flux objects.
pub(super) fn operate_all(call: &Call, command: &'static Command, answers: Vec<(String, String)>) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let mut facts = session.facts();
        let cluster = session.task_context().cluster(env)?;
        for kind in crate::kinds::flux() {
            let rows = super::status::list(Arc::clone(&cluster), kind).await?;
            let table = crate::app::KindTable {
                link: crate::model::Connection::Live,
                rows: rows.into_iter().collect(),
                generation: 0,
            };
            if let Some(tables) = facts.tables.get_mut(env) {
                tables.insert(kind.group_kind(), table);
            }
        }
        dispatch(call, &session, &facts, command, vec![CommandTarget::Environment(env)], answers).await
    })
}

#[cfg(test)]
mod tests {
    use super::{nothing_done, operations};
    use crate::app::{Action, CommandTarget, Notice};
    use crate::commands;
    use crate::model::{Env, Fault, FaultKind};

    #[test]
    fn a_call_that_does_nothing_is_a_fault() {
        let command = &commands::AGE_KEY;
        let fault = nothing_done(command, &[CommandTarget::Environment(Env(0))]);
        assert_eq!(fault.kind, FaultKind::Failed);
        assert!(fault.what.contains(command.title), "{fault}");
    }

    #[test]
    fn what_a_screen_would_be_needed_for_is_not_passed_over() {
        let command = &commands::AGE_KEY;
        assert!(operations(command, Vec::new()).unwrap().is_empty());
        for action in [Action::Pop, Action::Copy("text".to_owned()), Action::Rescan] {
            let fault = operations(command, vec![action]).unwrap_err();
            assert!(fault.why.contains("cockpit"), "{fault}");
        }
        let told = |notice| operations(command, vec![Action::Tell(notice)]);
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert!(told(Notice::info(now, "by the way")).unwrap().is_empty());
        let fault = Fault::failed("it cannot be done", "so", "do something else");
        assert_eq!(told(Notice::fault(now, fault.clone())).unwrap_err(), fault);
    }
}
