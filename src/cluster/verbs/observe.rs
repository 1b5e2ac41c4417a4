//! Looks at one object until it has become what it shall be: watches it, and reads it again when the watch breaks.

use std::time::Duration;

use futures::StreamExt as _;
use kube::core::WatchEvent;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Call, Target};
use crate::cluster::{fault, request};
use crate::model::{Fault, Outcome, StepState};

/// How long a silent watch is trusted before the object is read: a half-closed connection says nothing.
const SILENCE: Duration = Duration::from_secs(20);
/// The pause before an object is read again after its watch broke.
const PAUSE: Duration = Duration::from_secs(1);

/// What an observation makes of an object.
pub(super) enum Seen {
    /// It is not there yet; what it waits for.
    Pending(String),
    /// It is decided.
    Over(Outcome),
}

/// Observes an object until `judge` says that it is decided, or the time is over; `None` is an object that is gone.
pub(super) async fn until(
    call: &mut Call<'_>,
    target: &Target,
    step: &str,
    limit: Duration,
    judge: impl Fn(Option<&Value>) -> Seen,
) -> Outcome {
    let mut said = String::new();
    let observed = follow(call, target, step, &mut said, &judge);
    let ended = timeout_at(Instant::now() + limit, observed).await;
    let outcome = ended.unwrap_or_else(|_| {
        let why = if said.is_empty() { "nothing was seen of it".to_owned() } else { said.clone() };
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

async fn follow(
    call: &mut Call<'_>,
    target: &Target,
    step: &str,
    said: &mut String,
    judge: &impl Fn(Option<&Value>) -> Seen,
) -> Outcome {
    loop {
        let read = match request::get::<Value>(call.cluster, &target.address).await {
            Ok(value) => Some(value),
            Err(error) if request::code(&error) == Some(404) => None,
            Err(error) if request::is_passing(&error) => {
                say(call, step, said, format!("connection lost, reading again: {}", fault::chain(&error)));
                sleep(PAUSE).await;
                continue;
            }
            Err(error) => {
                return Outcome::Failed(fault::of(&call.cluster.name, &format!("read {}", target.object), &error));
            }
        };
        match judge(read.as_ref()) {
            Seen::Over(outcome) => return outcome,
            Seen::Pending(word) => say(call, step, said, word),
        }
        let version = read.as_ref().and_then(|value| value.pointer("/metadata/resourceVersion")?.as_str());
        if let Some(outcome) = watched(call, target, step, said, version.unwrap_or_default(), judge).await {
            return outcome;
        }
        sleep(PAUSE).await;
    }
}

async fn watched(
    call: &mut Call<'_>,
    target: &Target,
    step: &str,
    said: &mut String,
    version: &str,
    judge: &impl Fn(Option<&Value>) -> Seen,
) -> Option<Outcome> {
    let list = target.resource.list(&target.object.namespace).with_fields(&[("metadata.name", &target.object.name)]);
    let events = request::watch::<Value>(call.cluster, &list, version).await.ok()?;
    let mut events = std::pin::pin!(events);
    while let Ok(Some(Ok(event))) = timeout(SILENCE, events.next()).await {
        let seen = match &event {
            WatchEvent::Added(value) | WatchEvent::Modified(value) => judge(Some(value)),
            WatchEvent::Deleted(_) => judge(None),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(_) => return None,
        };
        match seen {
            Seen::Over(outcome) => return Some(outcome),
            Seen::Pending(word) => say(call, step, said, word),
        }
    }
    None
}

fn say(call: &mut Call<'_>, step: &str, said: &mut String, word: String) {
    if *said != word {
        call.step(step, StepState::Running, word.as_str());
        *said = word;
    }
}
