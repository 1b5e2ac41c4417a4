//! Waits for a run to end: watches the one object, reads it again when the watch breaks, and polls where watching is refused.

use std::time::Duration;

use futures::StreamExt as _;
use kube::core::WatchEvent;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::verdict::{self, Verdict};
use super::{Call, Live, Target};
use crate::cluster::{fault, request};
use crate::model::{Fault, FaultKind, Outcome, StepState};

/// How often the object is read where it cannot be watched: what the flux command does.
const POLL: Duration = Duration::from_secs(2);
/// How long a silent watch is trusted before the object is read: a half-closed connection says nothing, and a run may take minutes.
const SILENCE: Duration = Duration::from_secs(20);
/// The longest pause between tries to read again after the connection was lost.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Waits until the run that a token asked for has ended, or the time is over; `live` is what the request returned.
pub(super) async fn until_handled(
    call: &mut Call<'_>,
    target: &Target,
    live: &Live,
    token: &str,
    step: &str,
    limit: Duration,
) -> Outcome {
    let deadline = Instant::now() + limit;
    let mut waiting = Waiting { token, step, said: String::new(), handled: false };
    let ended = timeout_at(deadline, follow(call, target, live, &mut waiting)).await;
    let outcome = ended.unwrap_or_else(|_| Outcome::Failed(too_late(call, target, &waiting, limit)));
    let (state, message) = match &outcome {
        Outcome::Done(word) => (StepState::Done, word.clone()),
        Outcome::WillRetry { message, .. } => (StepState::Failed, message.clone()),
        Outcome::Failed(fault) => (StepState::Failed, fault.why.clone()),
        Outcome::Cancelled(_) => (StepState::Failed, "no longer waiting".to_owned()),
    };
    call.step(step, state, message);
    outcome
}

struct Waiting<'a> {
    token: &'a str,
    step: &'a str,
    said: String,
    handled: bool,
}

async fn follow(call: &mut Call<'_>, target: &Target, live: &Live, waiting: &mut Waiting<'_>) -> Outcome {
    let uid = live.metadata.uid.clone();
    let mut version = live.metadata.resource_version.clone();
    if let Some(outcome) = look(call, target, live, waiting) {
        return outcome;
    }
    let mut may_watch = true;
    let mut pause = Duration::from_millis(500);
    loop {
        if may_watch {
            match watched(call, target, &version, waiting).await {
                Watched::Over(outcome) => return outcome,
                Watched::Refused => may_watch = false,
                Watched::Broken => {}
            }
        } else {
            sleep(POLL).await;
        }
        loop {
            match request::get::<Live>(call.cluster, &target.address).await {
                Ok(live) if live.metadata.uid != uid => {
                    return Outcome::Failed(gone(call, target, "was deleted and made anew"));
                }
                Ok(live) => {
                    if let Some(outcome) = look(call, target, &live, waiting) {
                        return outcome;
                    }
                    version = live.metadata.resource_version;
                    pause = Duration::from_millis(500);
                    break;
                }
                Err(error) if request::code(&error) == Some(404) => {
                    return Outcome::Failed(gone(call, target, "was deleted"));
                }
                Err(error) if request::is_passing(&error) => {
                    say(call, waiting, format!("connection lost, reading again: {}", fault::chain(&error)));
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    return Outcome::Failed(fault::of(&call.cluster.name, &format!("read {}", target.object), &error));
                }
            }
        }
    }
}

enum Watched {
    Over(Outcome),
    Refused,
    Broken,
}

async fn watched(call: &mut Call<'_>, target: &Target, version: &str, waiting: &mut Waiting<'_>) -> Watched {
    let list = target.resource.list(&target.object.namespace).with_fields(&[("metadata.name", &target.object.name)]);
    let events = match request::watch::<Live>(call.cluster, &list, version).await {
        Ok(events) => events,
        Err(error) if request::code(&error) == Some(410) || request::is_passing(&error) => return Watched::Broken,
        Err(_) => return Watched::Refused,
    };
    let mut events = std::pin::pin!(events);
    while let Ok(Some(Ok(event))) = timeout(SILENCE, events.next()).await {
        match event {
            WatchEvent::Added(live) | WatchEvent::Modified(live) => {
                if let Some(outcome) = look(call, target, &live, waiting) {
                    return Watched::Over(outcome);
                }
            }
            WatchEvent::Deleted(_) => return Watched::Over(Outcome::Failed(gone(call, target, "was deleted"))),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(_) => return Watched::Broken,
        }
    }
    Watched::Broken
}

/// Judges what was read; reports the controller's word while the run goes on.
fn look(call: &mut Call<'_>, target: &Target, live: &Live, waiting: &mut Waiting<'_>) -> Option<Outcome> {
    waiting.handled |= live.status.last_handled_reconcile_at == waiting.token;
    match verdict::judge(&call.cluster.name, &target.object, live, waiting.token, call.cluster.server_now(call.clock)) {
        Verdict::Over(outcome) => Some(outcome),
        Verdict::Pending(message) => {
            if live.is_running() {
                say(call, waiting, verdict::short(&message));
            }
            None
        }
    }
}

/// Reports a running step once: what was said last is not repeated.
fn say(call: &mut Call<'_>, waiting: &mut Waiting<'_>, message: String) {
    if !message.is_empty() && waiting.said != message {
        call.step(waiting.step, StepState::Running, message.as_str());
        waiting.said = message;
    }
}

fn gone(call: &Call<'_>, target: &Target, how: &str) -> Fault {
    Fault::failed(
        format!("stopped waiting for {} in {}", target.object, call.cluster.name),
        format!("it {how} while we waited"),
        "look at its owner: a Kustomization that prunes deletes what left the repository",
    )
}

fn too_late(call: &Call<'_>, target: &Target, waiting: &Waiting<'_>, limit: Duration) -> Fault {
    let why = if waiting.said.is_empty() && !waiting.handled {
        "its controller has not answered the request; is it running?".to_owned()
    } else if waiting.said.is_empty() {
        "the run has not ended".to_owned()
    } else {
        format!("the run has not ended: {}", waiting.said)
    };
    Fault::new(
        FaultKind::Failed,
        format!("{} is not reconciled in {} after {} s", target.object, call.cluster.name, limit.as_secs()),
        why,
        "only the waiting ended: the controller goes on; wait longer, or look at its log",
    )
}
