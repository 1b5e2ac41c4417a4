//! Judges an object's status after a requested run.
//!
//! The controllers write `status.lastHandledReconcileAt` in the final patch of a run, so the run has ended once it
//! equals the request's token.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Live;
use crate::model::clock::go_duration;
use crate::model::health::true_cause;
use crate::model::{Fault, ObjectRef, Outcome};

/// The pause of the controllers after a missing dependency or artifact (their `--requeue-dependency`).
const DEPENDENCY_PAUSE: Duration = Duration::from_secs(30);

/// Says whether a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The run is in progress; holds the controller's message.
    Pending(String),
    /// The run is over; holds the outcome.
    Over(Outcome),
}

/// Judges an object after a request with a token.
pub(super) fn judge(environment: &str, object: &ObjectRef, live: &Live, token: &str, now: Timestamp) -> Verdict {
    if live.metadata.deletion_timestamp.is_some() {
        return Verdict::Over(Outcome::Failed(ended(environment, object, "it is being deleted")));
    }
    if live.spec.suspend {
        return Verdict::Over(Outcome::Failed(ended(environment, object, "it was suspended in the meantime")));
    }
    let ready = live.condition("Ready");
    let reconciling = live.condition("Reconciling").filter(|found| found.status == "True");
    let pending = || Verdict::Pending(reconciling.or(ready).map(|found| found.message.clone()).unwrap_or_default());
    if live.status.last_handled_reconcile_at != token || live.is_running() {
        return pending();
    }
    if live.condition("Stalled").is_some_and(|found| found.status == "True") {
        return Verdict::Over(Outcome::Failed(stalled(environment, object, live)));
    }
    match ready.map(|found| found.status.as_str()) {
        Some("True") if reconciling.is_none() && is_current(live) => Verdict::Over(Outcome::Done(word(object, live))),
        Some("False") => Verdict::Over(will_retry(object, live, now)),
        _ if reconciling.is_some_and(|found| found.reason == "ProgressingWithRetry") => {
            Verdict::Over(will_retry(object, live, now))
        }
        _ => pending(),
    }
}

fn is_current(live: &Live) -> bool {
    live.status.observed_generation.is_none() || live.status.observed_generation == live.metadata.generation
}

fn will_retry(object: &ObjectRef, live: &Live, now: Timestamp) -> Outcome {
    let message = true_cause(&live.status.conditions)
        .or_else(|| live.condition("Reconciling"))
        .map(|found| found.message.clone())
        .unwrap_or_default();
    let next = pause(object, live).and_then(|pause| now.checked_add(SignedDuration::try_from(pause).ok()?).ok());
    Outcome::WillRetry { next, message: short(&message) }
}

/// Returns how long the controller waits before its next attempt, from the end of the run, which is now.
///
/// Sources, and HelmReleases without the strategy `RetryOnFailure`, back off from 750 ms to 15 minutes: nothing shows
/// their current pause.
fn pause(object: &ObjectRef, live: &Live) -> Option<Duration> {
    let reason = live.condition("Ready").map(|found| found.reason.as_str()).unwrap_or_default();
    match (object.kind.as_str(), reason) {
        (_, "DependencyNotReady") => Some(DEPENDENCY_PAUSE),
        ("Kustomization", "ArtifactFailed")
            if live.condition("Ready").is_some_and(|found| found.message.contains("artifact not found")) =>
        {
            Some(DEPENDENCY_PAUSE)
        }
        ("Kustomization", _) => go_duration(&live.spec.retry_interval).or_else(|| go_duration(&live.spec.interval)),
        ("HelmRelease", "SourceNotReady") => go_duration(&live.spec.interval),
        ("HelmRelease", _) => {
            let action = match live.status.last_attempted_release_action.as_str() {
                "install" => &live.spec.install,
                _ => &live.spec.upgrade,
            };
            // The default of RetryOnFailure's retryInterval is 5 minutes.
            (action.strategy.name == "RetryOnFailure")
                .then(|| go_duration(&action.strategy.retry_interval).unwrap_or(Duration::from_mins(5)))
        }
        _ => None,
    }
}

/// Summarises the result of a successful run.
fn word(object: &ObjectRef, live: &Live) -> String {
    let status = &live.status;
    let revision = match object.kind.as_str() {
        "Kustomization" => ("applied", status.last_applied_revision.clone()),
        "HelmRelease" => match status.history.first() {
            Some(past) => {
                let number = past.version.map(|version| format!(", revision {version}")).unwrap_or_default();
                ("released", format!("{} {}{number}", past.chart_name, past.chart_version))
            }
            None => ("", String::new()),
        },
        _ => ("fetched", status.artifact.revision.clone()),
    };
    match revision {
        (_, revision) if revision.is_empty() => {
            short(live.condition("Ready").map(|found| found.message.as_str()).unwrap_or_default())
        }
        (verb, revision) => short(&format!("{verb} {revision}")),
    }
}

fn stalled(environment: &str, object: &ObjectRef, live: &Live) -> Fault {
    let stalled = live.condition("Stalled");
    let reason = stalled.map(|found| found.reason.as_str()).unwrap_or_default();
    let cause = true_cause(&live.status.conditions).or(stalled);
    let mut why = cause.map(|found| short(&found.message)).unwrap_or_default();
    if let Some(stalled) = stalled.filter(|stalled| !stalled.message.is_empty() && !why.contains(&stalled.message)) {
        why = format!("{why} ({})", short(&stalled.message));
    }
    let todo = match reason {
        "RetriesExceeded" => {
            format!("fix the cause, then fluxdeck reconcile {object} --reset (retries as configured) or --force (once)")
        }
        "MissingRollbackTarget" => format!("fluxdeck reconcile {object} --force, or fix the cause and --reset"),
        _ => "fix the cause in the repository: its controller does not try again by itself".to_owned(),
    };
    Fault::failed(format!("{object} failed for good in {environment}"), why, todo)
}

fn ended(environment: &str, object: &ObjectRef, why: &str) -> Fault {
    Fault::failed(
        format!("stopped waiting for {object} in {environment}"),
        why,
        "look at the object and who changed it",
    )
}

/// Shortens a controller's message for display: cuts runs of 40 and more hexadecimal digits to 8, as flux prints
/// revisions, and removes whole objects. The API server quotes an object that it rejects, which is kilobytes long and
/// may be a Secret.
pub(super) fn short(text: &str) -> String {
    const DUMP: &str = "Invalid value: \"{";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, dump)) = rest.split_once(DUMP) {
        kept.push_str(before);
        kept.push_str("Invalid value: (an object)");
        let mut escaped = false;
        let end = dump.find(|character| {
            let closes = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        rest = end.and_then(|end| dump.get(end + 1..)).unwrap_or_default();
    }
    kept.push_str(rest);
    short_hashes(&kept)
}

fn short_hashes(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().chain(std::iter::once('\0')) {
        if character.is_ascii_hexdigit() {
            run.push(character);
            continue;
        }
        let kept = if run.len() >= 40 { 8 } else { run.len() };
        written.extend(run.drain(..).take(kept));
        if character != '\0' {
            written.push(character);
        }
    }
    written.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn messages_are_cut_to_what_is_read() {
        let revision = "applied main@sha1:d5164ba2831908c006aed813d0b21bf700ffec61, next run in 10m\n";
        assert_eq!(short(revision), "applied main@sha1:d5164ba2, next run in 10m");
        let dump = r#"cannot patch "web": Invalid value: "{\"a\":\"{\\\"b\\\"}\"}": json: of type int32"#;
        assert_eq!(short(dump), r#"cannot patch "web": Invalid value: (an object): json: of type int32"#);
        assert_eq!(short(r#"Invalid value: "{cut"#), "Invalid value: (an object)");
    }
}
