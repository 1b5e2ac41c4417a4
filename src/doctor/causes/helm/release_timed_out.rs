//! Helm waited for the objects of a release, and they did not get ready in time.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use super::owned::unready;
use crate::doctor::Cause;
use crate::doctor::message;
use crate::doctor::{Diagnosis, Evidence, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-timed-out", title: "The objects of a release did not get ready in time", find };

/// helm 3: `context deadline exceeded`; helm-controller 1.5 and newer: `timeout waiting for: [Deployment/apps/web status:
/// 'InProgress']`, `failed early due to stalled resources: [Deployment/apps/web status: 'Failed']`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::TimedOut).map(|failure| diagnosis(graph, &failure)).collect()
}

/// An attempt takes at most this long, whatever its timeout.
const AN_HOUR: i64 = 3600;

/// Finds the last warning about what a failed attempt made, which was rolled back since: events stay for an hour.
fn said_then(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Option<Evidence> {
    let failed = failure.condition.last_transition_time?;
    let is_own = |name: &str| {
        name.strip_prefix(failure.release.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let warnings = graph.labelled("", "Event", &failure.namespace, "").filter_map(|event| {
        let (kind, name) = (event.text("/involvedObject/kind"), event.text("/involvedObject/name"));
        let is_meant = event.text("/type") == "Warning" && MADE.contains(&kind) && is_own(name);
        let at = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"]
            .into_iter()
            .find_map(|field| event.time(field))?;
        let age = failed.duration_since(at).as_secs();
        (is_meant && (-60..=AN_HOUR).contains(&age)).then(|| Evidence {
            text: format!("{} of {kind} {name}: {}", event.text("/reason"), event.text("/message")),
            at: Some(at),
            from: format!("event of {kind}/{}/{name}", failure.namespace),
        })
    });
    warnings.max_by_key(|one| one.at)
}

/// The kinds of what a chart makes whose events say why it is not ready.
const MADE: &[&str] = &["Pod", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim"];

fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let release = failure.live.object;
    let waiting = unready(graph, release);
    let named = message::objects(&failure.said);
    let limit = match failure.live.text("/spec/timeout") {
        "" => "5m, the default of spec.timeout",
        limit => limit,
    };
    let on = if waiting.is_empty() {
        named.iter().map(crate::model::ObjectRef::told).take(3).collect::<Vec<_>>().join(", ")
    } else {
        let told = waiting.iter().map(|(object, lacks)| format!("{} ({lacks})", object.told()));
        let more = waiting.len().saturating_sub(3);
        let told = told.take(3).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{told} and {more} more") } else { told }
    };
    let then = if waiting.is_empty() { said_then(graph, failure) } else { None };
    let why = if !waiting.is_empty() {
        format!("helm waited ({limit}) for {on}, not ready until now")
    } else if let Some(event) = &then {
        // The scheduler's second sentence is about preemption.
        let said: String = event.text.split(". ").next().unwrap_or_default().chars().take(150).collect();
        format!(
            "not all was ready in time ({limit}), and what helm waited for is not seen any more; of it was said: {said}"
        )
    } else if on.is_empty() {
        format!("what helm waited for is not seen any more; not all of it was ready in time ({limit})")
    } else {
        format!("helm waited ({limit}) for {on}")
    };
    let mut diagnosis =
        failure.diagnosis(graph, CAUSE.id, &why).unless_deeper().seen_all(failure.version()).seen_all(then);
    if let Some(event) = graph.event(release, &["InstallFailed", "UpgradeFailed"])
        && let Some((_, lines)) = event.message.split_once("Last Helm logs:")
    {
        let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        for line in lines.get(lines.len().saturating_sub(3)..).unwrap_or_default() {
            diagnosis = diagnosis.seen(*line, event.at, format!("event {} of {}", event.reason, release.told()));
        }
    }
    for (object, lacks) in waiting.iter().take(5) {
        diagnosis = diagnosis.seen(lacks.clone(), None, object.told()).look_at(graph.describe(object));
    }
    if waiting.is_empty() {
        diagnosis = diagnosis.mended_by(Remedy::change(
            "If it only starts slowly (a migration, a large image), raise spec.timeout; else look at the log of the new version, for which a failed attempt without remediation leaves it in place.",
            "Ready True",
        ));
    }
    diagnosis.documented(&format!("{MANUAL}#timeout"))
}
