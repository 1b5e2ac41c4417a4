//! A CronJob that ran once is suspended for weeks.

use super::cron::longest_gap;
use super::pods::is_past;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "cron-job-suspended", title: "A CronJob is suspended for weeks", find };

/// The time from which on nobody may remember it.
const LONG: i64 = 14 * 86_400;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = graph.all("batch", "CronJob").filter(|one| one.is_true("/spec/suspend")).filter_map(|live| {
        // One that never ran is there to be run by hand.
        let last = live.time("/status/lastScheduleTime")?;
        let periods = longest_gap(live.text("/spec/schedule"))?.as_secs().saturating_mul(2);
        if !is_past(graph, Some(last), LONG.max(periods)) {
            return None;
        }
        let object = live.object;
        let message = format!(
            "{} ({}) is suspended, and ran last {} ago",
            object.told(),
            live.text("/spec/schedule"),
            age(graph.now, last)
        );
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .warning()
                .seen_all([
                    live.field_evidence("spec.suspend", "true"),
                    live.field_evidence("status.lastScheduleTime", live.text("/status/lastScheduleTime")),
                ])
                .look_at(graph.describe(object))
                .mended_by(Remedy::change(
                    "Take spec.suspend out of the repository and push, or take the CronJob out if it is not needed any more.",
                    "SUSPEND False, and LAST SCHEDULE within one period",
                ))
                .documented("https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension"),
        )
    });
    found.collect()
}
