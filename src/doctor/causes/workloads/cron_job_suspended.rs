//! A CronJob is suspended against Git, or was running once and is suspended for weeks.

use super::cron::longest_gap;
use crate::doctor::causes::flux::suspension::{against_git, declared_evidence};
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "cron-job-suspended", title: "A CronJob is suspended by hand, or for weeks", find };

/// The time from which on nobody may remember it.
const LONG: i64 = 14 * 86_400;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let suspended = graph.all("batch", "CronJob").filter(|one| one.is_true("/spec/suspend"));
    suspended.filter_map(|live| by_hand(graph, &live).or_else(|| for_weeks(graph, &live))).collect()
}

/// Recognises one that Git wants to run.
fn by_hand(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let (declared, writer) = against_git(graph, live)?;
    let object = live.object;
    let ago = writer.at.map(|at| format!(", {} ago", age(graph.now, at))).unwrap_or_default();
    let message = format!(
        "{} ({}) was suspended by hand{}{ago}, and Git does not say so: it does not run",
        object.told(),
        live.text("/spec/schedule"),
        writer.told(),
    );
    let mut field = live.field_evidence("spec.suspend", "true");
    field.at = writer.at;
    let resume = graph.shell(
        "kubectl patch cronjob {} -n {} --type=merge -p '{\"spec\":{\"suspend\":false}}'",
        &[&object.name, &object.namespace],
    );
    Some(
        Diagnosis::new(CAUSE.id, object, message)
            .warning()
            .seen_all([field])
            .seen_all(declared_evidence(graph, live))
            .look_at(graph.describe(object))
            .mended_by(Remedy::new(
                resume,
                "It runs at its next time again, as Git says; times that were missed are not made up for.",
                "SUSPEND False, and LAST SCHEDULE within one period",
            ))
            .mended_by(Remedy::change(
                format!("If it is to stay suspended, put suspend: true into its spec in {} and push.", declared.file),
                "the file says what is live",
            ))
            .documented("https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension"),
    )
}

/// Recognises one that ran until it was suspended, for so long that it was probably forgotten.
fn for_weeks(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    // One that never ran is there to be run by hand.
    let last = live.time("/status/lastScheduleTime")?;
    let periods = longest_gap(live.text("/spec/schedule"))?.as_secs().saturating_mul(2);
    if !graph.is_past(Some(last), LONG.max(periods)) {
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
            .seen_all(declared_evidence(graph, live))
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(
                "Take spec.suspend out of the repository and push, or take the CronJob out if it is not needed any more.",
                "SUSPEND False, and LAST SCHEDULE within one period",
            ))
            .documented("https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension"),
    )
}
