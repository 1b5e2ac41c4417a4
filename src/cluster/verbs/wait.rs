//! Waits until a run that was asked for has ended.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::observe::{Observer, follow};
use super::verdict::{self, Verdict};
use super::{Live, Target, VerbCall};
use crate::model::{Fault, FaultKind, Outcome, StepState};

/// Waits until the run that a token asked for has ended, or the time is over; `live` is what the request returned.
pub(super) async fn until_handled(
    call: &mut VerbCall<'_>,
    target: &Target,
    live: &Live,
    token: &str,
    step: &str,
    limit: Duration,
) -> Outcome {
    let deadline = Instant::now() + limit;
    let uid = &live.metadata.uid;
    let mut waiting = Waiting { target, uid, token, step, said: String::new(), handled: false };
    let ended = timeout_at(deadline, follow(call, target, Some(live.clone()), &mut waiting)).await;
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

/// Judges an object after a request with a token.
struct Waiting<'a> {
    target: &'a Target,
    uid: &'a str,
    token: &'a str,
    step: &'a str,
    said: String,
    handled: bool,
}

impl Observer for Waiting<'_> {
    type Object = Live;

    fn version(object: &Live) -> &str {
        &object.metadata.resource_version
    }

    fn see(&mut self, call: &mut VerbCall<'_>, object: Option<&Live>) -> Option<Outcome> {
        let Some(live) = object else { return Some(Outcome::Failed(gone(call, self.target, "was deleted"))) };
        if live.metadata.uid != self.uid {
            return Some(Outcome::Failed(gone(call, self.target, "was deleted and made anew")));
        }
        self.handled |= live.status.last_handled_reconcile_at == self.token;
        let now = call.cluster.server_now(call.clock);
        match verdict::judge(&call.cluster.name, &self.target.object, live, self.token, now) {
            Verdict::Over(outcome) => Some(outcome),
            Verdict::Pending(message) => {
                if live.is_running() {
                    self.say(call, verdict::short(&message));
                }
                None
            }
        }
    }

    /// Reports a running step once: what was said last is not repeated.
    fn say(&mut self, call: &mut VerbCall<'_>, word: String) {
        if !word.is_empty() && self.said != word {
            call.step(self.step, StepState::Running, word.as_str());
            self.said = word;
        }
    }
}

fn gone(call: &VerbCall<'_>, target: &Target, how: &str) -> Fault {
    Fault::failed(
        format!("stopped waiting for {} in {}", target.object, call.cluster.name),
        format!("it {how} while we waited"),
        "look at its owner: a Kustomization that prunes deletes what left the repository",
    )
}

fn too_late(call: &VerbCall<'_>, target: &Target, waiting: &Waiting<'_>, limit: Duration) -> Fault {
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
