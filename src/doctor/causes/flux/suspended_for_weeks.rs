//! Something is suspended for so long that it was probably forgotten.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::dependency_suspended::holding;
use super::failure::{appliers, flux_objects};
use super::suspension::declared_evidence;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "suspended-for-weeks", title: "Suspended for weeks, or beyond its end", find };

const WEEKS: i64 = 14 * 24;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let holds: BTreeSet<ObjectRef> = appliers(graph).flat_map(|failure| holding(graph, &failure)).collect();
    let suspended =
        flux_objects(graph).filter(|(live, row, _)| row.state == State::Suspended && !holds.contains(live.object));
    let found = suspended.filter_map(|(live, _, flux)| {
        let suspension = flux.suspended.as_ref()?;
        let end = suspension.until.as_ref().and_then(|until| until.parse::<Timestamp>().ok());
        let long = suspension.since.filter(|since| graph.now.duration_since(*since).as_hours() >= WEEKS);
        let over = end.filter(|end| *end < graph.now);
        let how = match (over, long) {
            (Some(over), _) => format!("was to be suspended until {over} and still is"),
            // One with an end ahead was meant so.
            (None, Some(since)) if end.is_none() => format!("has been suspended for {}", age(graph.now, since)),
            (None, _) => return None,
        };
        let by = suspension.by.as_ref().map(|by| format!(" (by {by})")).unwrap_or_default();
        let reason = suspension.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("{} {how}{by}, so nothing from Git reaches it{reason}", live.object.told());
        let mut field = live.field_evidence("spec.suspend", "true");
        field.at = suspension.since;
        let found = Diagnosis::new(CAUSE.id, live.object, message)
            .warning()
            .seen_all([field])
            .seen_all(declared_evidence(graph, &live))
            .look_at(graph.describe(live.object));
        let line = graph.resume(live.object)?;
        Some(
            found.mended_by(
                Remedy::new(
                    line,
                    "It takes what Git declares again; look first at what that changes.",
                    "Ready True with the present revision",
                )
                .by("resume", live.object),
            ),
        )
    });
    found.collect()
}
