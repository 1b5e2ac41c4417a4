//! Job and `CronJob`.

use serde_json::Value;

use super::pod::template;
use super::writer::{Writer, at, conditions, controlled_by, list, marks};

/// Describes a Job.
pub(super) fn job(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    controlled_by(value, writer);
    for (label, pointer) in [
        ("Parallelism", "/spec/parallelism"),
        ("Completions", "/spec/completions"),
        ("Completion Mode", "/spec/completionMode"),
        ("Suspend", "/spec/suspend"),
        ("Backoff Limit", "/spec/backoffLimit"),
        ("TTL Seconds After Finished", "/spec/ttlSecondsAfterFinished"),
        ("Active Deadline Seconds", "/spec/activeDeadlineSeconds"),
        ("Start Time", "/status/startTime"),
        ("Completed At", "/status/completionTime"),
    ] {
        writer.some(label, at(value, pointer));
    }
    let of = |name: &str| {
        let text = at(value, &format!("/status/{name}"));
        if text.is_empty() { "0".to_owned() } else { text }
    };
    let statuses = format!("{} Active / {} Succeeded / {} Failed", of("active"), of("succeeded"), of("failed"));
    writer.field("Pods Statuses", statuses);
    template(value, "/spec/template", writer);
    conditions(value, writer);
}

/// Describes a `CronJob`.
pub(super) fn cron_job(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    for (label, pointer) in [
        ("Schedule", "/spec/schedule"),
        ("Time Zone", "/spec/timeZone"),
        ("Concurrency Policy", "/spec/concurrencyPolicy"),
        ("Suspend", "/spec/suspend"),
        ("Successful Job History Limit", "/spec/successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "/spec/failedJobsHistoryLimit"),
        ("Starting Deadline Seconds", "/spec/startingDeadlineSeconds"),
        ("Last Schedule Time", "/status/lastScheduleTime"),
        ("Last Successful Time", "/status/lastSuccessfulTime"),
    ] {
        writer.some(label, at(value, pointer));
    }
    let active: Vec<String> = list(value, "/status/active").map(|job| at(job, "/name")).collect();
    writer.field("Active Jobs", active.join(", "));
    template(value, "/spec/jobTemplate/spec/template", writer);
}
