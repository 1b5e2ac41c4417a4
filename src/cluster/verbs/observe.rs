//! Observes one object until it has reached a state: watches it, reads it again when the watch breaks, and polls where
//! watching is forbidden.

use std::time::Duration;

use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Target, VerbCall};
use crate::cluster::deltas::Delta;
use crate::cluster::request;
use crate::model::{Fault, Outcome, StepState};

/// The interval of reads where the object cannot be watched, as in the flux command.
const POLL: Duration = Duration::from_secs(2);
/// The silence of a watch after which the object is read: a half-closed connection shows no error, and a run may take
/// minutes.
const SILENCE: Duration = Duration::from_secs(20);
/// The pauses between reads after a lost connection grow from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Judges each state of an object.
pub(super) trait Observer {
    /// The fields that it reads.
    type Object: DeserializeOwned;

    /// Returns the version of an object, from which it is watched.
    fn version(object: &Self::Object) -> &str;

    /// Judges the object, `None` where it is gone; returns the outcome once it is decided.
    fn see(&mut self, call: &mut VerbCall<'_>, object: Option<&Self::Object>) -> Option<Outcome>;

    /// Reports the state of the wait.
    fn say(&mut self, call: &mut VerbCall<'_>, word: String);
}

/// Follows an object until the observer has decided; `begin` is its current state, where that is known.
pub(super) async fn follow<O: Observer>(
    call: &mut VerbCall<'_>,
    target: &Target,
    mut begin: Option<O::Object>,
    observer: &mut O,
) -> Outcome {
    let mut may_watch = true;
    let mut pause = PAUSES.0;
    loop {
        let read = match begin.take() {
            Some(object) => Ok(Some(object)),
            None => match request::get(call.cluster, &target.address).await {
                Err(failure) if failure.code() == Some(404) => Ok(None),
                read => read.map(Some),
            },
        };
        let object: Option<O::Object> = match read {
            Ok(object) => object,
            Err(failure) if failure.is_passing() => {
                observer.say(call, format!("connection lost, reading again: {failure}"));
                sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
                continue;
            }
            Err(failure) => {
                return Outcome::Failed(failure.fault(&call.cluster.name, &format!("read {}", target.object)));
            }
        };
        if let Some(outcome) = observer.see(call, object.as_ref()) {
            return outcome;
        }
        if !may_watch {
            sleep(POLL).await;
            continue;
        }
        let opened = Instant::now();
        match watched(call, target, object.as_ref().map(O::version).unwrap_or_default(), observer).await {
            Watched::Over(outcome) => return outcome,
            Watched::Refused => may_watch = false,
            Watched::Broken => {}
        }
        if opened.elapsed() > pause {
            pause = PAUSES.0;
        } else {
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

enum Watched {
    Over(Outcome),
    Refused,
    Broken,
}

async fn watched<O: Observer>(call: &mut VerbCall<'_>, target: &Target, version: &str, observer: &mut O) -> Watched {
    let list = target.resource.list(&target.object.namespace).with_fields(&[("metadata.name", &target.object.name)]);
    let deltas = match request::watch::<O::Object>(call.cluster, &list, version, SILENCE).await {
        Ok(deltas) => deltas,
        Err(failure) if failure.code() == Some(410) || failure.is_passing() => return Watched::Broken,
        Err(_) => return Watched::Refused,
    };
    let mut deltas = std::pin::pin!(deltas);
    while let Some(Ok(delta)) = deltas.next().await {
        let seen = match &delta {
            Delta::Put(object) => observer.see(call, Some(object)),
            Delta::Gone(_) => observer.see(call, None),
            Delta::Bookmark(_) => None,
        };
        if let Some(outcome) = seen {
            return Watched::Over(outcome);
        }
    }
    Watched::Broken
}

/// Judges an observed object.
pub(super) enum Seen {
    /// The state is not reached yet; holds the pending condition.
    Pending(String),
    /// The outcome is decided.
    Over(Outcome),
}

/// Observes an object until `judge` decides, or the time is over; `None` is a deleted object.
pub(super) async fn until(
    call: &mut VerbCall<'_>,
    target: &Target,
    step: &str,
    limit: Duration,
    judge: impl Fn(Option<&Value>) -> Seen,
) -> Outcome {
    let mut until = Until { step, said: String::new(), judge };
    let ended = timeout_at(Instant::now() + limit, follow(call, target, None, &mut until)).await;
    let outcome = ended.unwrap_or_else(|_| {
        let why = if until.said.is_empty() { "nothing was seen of it".to_owned() } else { until.said };
        Outcome::Failed(Fault::failed(
            format!("{} is not done in {} after {} s", target.object, call.cluster.name, limit.as_secs()),
            why,
            "only the waiting ended: the cluster goes on; look at its pods and events",
        ))
    });
    match &outcome {
        Outcome::Done(word) => call.step(step, StepState::Done, word),
        Outcome::Failed(fault) => call.step(step, StepState::Failed, &fault.why),
        Outcome::WillRetry { message, .. } => call.step(step, StepState::Failed, message),
        Outcome::Cancelled(_) => {}
    }
    outcome
}

struct Until<'a, J> {
    step: &'a str,
    said: String,
    judge: J,
}

impl<J: Fn(Option<&Value>) -> Seen> Observer for Until<'_, J> {
    type Object = Value;

    fn version(object: &Value) -> &str {
        object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default()
    }

    fn see(&mut self, call: &mut VerbCall<'_>, object: Option<&Value>) -> Option<Outcome> {
        match (self.judge)(object) {
            Seen::Over(outcome) => Some(outcome),
            Seen::Pending(word) => {
                self.say(call, word);
                None
            }
        }
    }

    fn say(&mut self, call: &mut VerbCall<'_>, word: String) {
        if self.said != word {
            call.step(self.step, StepState::Running, word.as_str());
            self.said = word;
        }
    }
}
