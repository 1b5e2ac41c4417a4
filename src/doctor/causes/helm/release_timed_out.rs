//! Helm waited for the objects of a release, and they did not get ready in time.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use super::owned::unready;
use crate::doctor::Cause;
use crate::doctor::message;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-timed-out", title: "The objects of a release did not get ready in time", find };

/// helm 3: `context deadline exceeded`; helm-controller 1.5 and newer: `timeout waiting for: [Deployment/apps/web status:
/// 'InProgress']`, `failed early due to stalled resources: [Deployment/apps/web status: 'Failed']`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::TimedOut).map(|failure| diagnosis(graph, &failure)).collect()
}

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
    let why = if !waiting.is_empty() {
        format!("helm waited ({limit}) for {on}, not ready until now")
    } else if on.is_empty() {
        format!("not all was ready in time ({limit}), and what helm waited for is not seen any more")
    } else {
        format!("helm waited ({limit}) for {on}")
    };
    let mut diagnosis = failure.diagnosis(graph, CAUSE.id, &why).unless_deeper().seen_all(failure.version());
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
