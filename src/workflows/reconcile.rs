//! Reconciles several objects of an environment that depend on each other, one after the other.

use std::time::Duration;

use crate::app::operation::{NO_LONGER_WAITED_FOR, outcome_line};
use crate::app::{Operation, Permit};
use crate::cluster::verbs::Reconcile;
use crate::cluster::{Cluster, verbs};
use crate::model::{Clock, Env, ObjectRef, Outcome, ShellLine, Step, StepState};

/// Builds the operation that reconciles objects in this order.
pub fn all(env: Env, objects: Vec<ObjectRef>, wait: Duration, shell: ShellLine, permit: Permit) -> Operation {
    Operation {
        title: "Reconcile all".to_owned(),
        env: Some(env),
        object: format!("{} objects", objects.len()),
        shell,
        stopped: NO_LONGER_WAITED_FOR,
        permit,
        work: Box::new(move |task_context, mut steps| {
            Box::pin(async move {
                let cluster = match task_context.cluster(env) {
                    Ok(cluster) => cluster,
                    Err(fault) => return Outcome::Failed(fault),
                };
                let verb = Reconcile { with_source: false, force: false, reset: false, no_wait: false, timeout: wait };
                let mut failed: Option<Outcome> = None;
                let mut done = 0_usize;
                for object in &objects {
                    let name = object.short();
                    let clock = task_context.clock.clone();
                    let mut report = |step: Step| {
                        // One line per object: its message shows the inner steps.
                        steps(Step { step: name.clone(), ..step });
                    };
                    // After a failure, its dependants will not become ready in any time.
                    let outcome = if failed.is_none() {
                        in_turn(&cluster, &verb, object, &clock, &mut report, wait, &permit).await
                    } else {
                        verbs::perform(&cluster, &verb, object, &clock, &mut report, &permit).await
                    };
                    if !outcome.is_done() {
                        let message = outcome_line(&outcome);
                        report(Step { at: clock.now(), step: String::new(), state: StepState::Failed, message });
                    }
                    if outcome.is_done() {
                        done += 1;
                    } else if failed.is_none() {
                        failed = Some(match outcome {
                            Outcome::WillRetry { next, message } => {
                                Outcome::WillRetry { next, message: format!("{name}: {message}") }
                            }
                            other => other,
                        });
                    }
                }
                failed.unwrap_or_else(|| Outcome::Done(format!("{done} objects reconciled")))
            })
        }),
    }
}

/// The longest wait for a dependency that was requested before: controllers check it again every 30 seconds.
const DEPENDENCY: Duration = Duration::from_mins(1);

/// The delay before an object with an unready dependency is requested again: the dependency was requested before and is
/// nearly done.
const AGAIN: Duration = Duration::from_secs(2);

/// Reconciles one of several objects that depend on each other: a dependency may still be in progress, which is no
/// failure yet.
pub(super) async fn in_turn(
    cluster: &Cluster,
    verb: &Reconcile,
    object: &ObjectRef,
    clock: &Clock,
    steps: &mut (dyn FnMut(Step) + Send + Sync),
    wait: Duration,
    permit: &Permit,
) -> Outcome {
    let until = tokio::time::Instant::now() + wait.min(DEPENDENCY);
    loop {
        let outcome = verbs::perform(cluster, verb, object, clock, steps, permit).await;
        let waits = matches!(&outcome, Outcome::WillRetry { message, .. } if message.starts_with("dependency '"));
        if !waits || tokio::time::Instant::now() + AGAIN > until {
            return outcome;
        }
        tokio::time::sleep(AGAIN).await;
    }
}
