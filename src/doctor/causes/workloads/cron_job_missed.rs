//! A CronJob does not run at its times.

use super::cron::longest_gap;
use super::job_failed::is_renovate;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "cron-job-missed", title: "A CronJob does not run at its times", find };

/// The reasons of the CronJob controller's events (kube-controller-manager 1.35).
const REASONS: &[&str] = &[
    "TooManyMissedTimes",
    "FailedNeedsStart",
    "MissSchedule",
    "UnparseableSchedule",
    "InvalidSchedule",
    "UnknownTimeZone",
    "FailedCreate",
    "JobAlreadyActive",
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let live = graph.all("batch", "CronJob").filter(|one| !one.is_true("/spec/suspend") && !one.is_deleting());
    live.filter_map(|one| diagnosis(graph, &one)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let schedule = live.text("/spec/schedule");
    let last = live.time("/status/lastScheduleTime");
    let since = last.max(live.created());
    let gap = longest_gap(schedule);
    if last.is_none() && is_renovate(live) {
        return None;
    }
    // Two times were missed, with some minutes for the controller.
    if let Some(gap) = gap
        && !graph.is_past(since, gap.as_secs().saturating_mul(2).saturating_add(600))
    {
        return None;
    }
    if gap.is_none() && !graph.is_past(since, 60) {
        return None;
    }
    let event = graph.event(live.object, REASONS);
    // A schedule that is not understood here may be understood by the controller.
    if gap.is_none() && event.is_none() {
        return None;
    }
    let object = live.object;
    let active = crate::doctor::live::text(live.value, "/status/active/0/name");
    let why = match (active, event) {
        ("", Some(event)) => short(&event.message),
        ("", None) => "the CronJob controller does not start it".to_owned(),
        (job, _) => {
            let job = ObjectRef::new("Job", "batch", &object.namespace, job);
            let started = graph.all("batch", "Job").find(|one| *one.object == job).and_then(|job| job.created());
            let runs =
                started.map_or_else(|| "still runs".to_owned(), |at| format!("has run for {}", age(graph.now, at)));
            format!("its Job {} {runs}, and concurrencyPolicy is {}", job.name, live.text("/spec/concurrencyPolicy"))
        }
    };
    let ran = last.map_or_else(|| "has never run".to_owned(), |at| format!("ran last {} ago", age(graph.now, at)));
    let message = format!("{} ({schedule}) {ran}: {why}", object.told());
    let mut found = Diagnosis::new(CAUSE.id, object, message).seen_all([
        live.field_evidence("spec.schedule", schedule),
        live.field_evidence("status.lastScheduleTime", &last.map_or_else(|| "none".to_owned(), |at| at.to_string())),
    ]);
    if let Some(event) = event {
        found = found.seen(event.message.trim(), event.at, format!("event {} of {}", event.reason, object.told()));
    }
    found = found.look_at(graph.describe(object));
    found = if active.is_empty() {
        found.mended_by(Remedy::change(
            "Correct spec.schedule or spec.timeZone, or set spec.startingDeadlineSeconds so that missed times are left out, and push.",
            "LAST SCHEDULE is younger than one period",
        ))
    } else {
        let (name, namespace) = (active, &object.namespace);
        found.look_at(graph.shell("kubectl logs job/{} -n {} --tail=20", &[name, namespace])).mended_by(Remedy::new(
            graph.shell("kubectl delete job {} -n {}", &[name, namespace]),
            "It ends the run that hangs; the CronJob starts at its next time. Set spec.jobTemplate.spec.activeDeadlineSeconds against the next hanging run.",
            "LAST SCHEDULE is younger than one period",
        ))
    };
    let from = format!("cronjob/{}", object.name);
    let name = format!("{}-by-hand", object.name);
    Some(
        found
            .mended_by(
                Remedy::new(
                    graph.shell("kubectl create job {} --from={} -n {}", &[&name, &from, &object.namespace]),
                    "It runs once now.",
                    "the new Job is Complete",
                )
                .by("run-now", object),
            )
            .documented("https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"),
    )
}
