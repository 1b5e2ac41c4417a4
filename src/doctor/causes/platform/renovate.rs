//! Renovate failed, or never ran: updates stop, and nothing else says so.

use super::databases;
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "renovate-not-running", title: "Renovate failed or never ran", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = graph
        .all("batch", "CronJob")
        .filter(|cron| is_renovate(cron, "/spec/jobTemplate/spec/template/spec/containers"));
    let jobs: Vec<LiveObject<'_>> =
        graph.all("batch", "Job").filter(|job| is_renovate(job, "/spec/template/spec/containers")).collect();
    let mut found: Vec<Diagnosis> = Vec::new();
    for cron in all.filter(|cron| !cron.is_deleting() && !cron.is_true("/spec/suspend")) {
        let own = jobs.iter().filter(|job| job.owner().as_ref() == Some(cron.object));
        found.extend(failed(graph, &cron, own).or_else(|| never_ran(graph, &cron)));
    }
    let alone: Vec<LiveObject<'_>> = jobs.iter().filter(|job| job.owner().is_none()).copied().collect();
    for job in &alone {
        found.extend(failed(graph, job, std::iter::once(job)));
    }
    found
}

fn is_renovate(live: &LiveObject<'_>, containers: &str) -> bool {
    live.object.name.contains("renovate")
        || live.items(containers).iter().any(|one| text(one, "/image").contains("renovate"))
}

/// Finds the newest Job that ended, where it failed.
fn failed<'a>(
    graph: &LiveGraph,
    of: &LiveObject<'_>,
    jobs: impl Iterator<Item = &'a LiveObject<'a>>,
) -> Option<Diagnosis> {
    let ended = jobs
        .filter(|job| job.condition("Failed").or(job.condition("Complete")).is_some_and(|one| one.status == "True"));
    let job = ended.max_by_key(|job| job.created())?;
    let condition = job.condition("Failed").filter(|one| one.status == "True")?;
    let message = format!(
        "Renovate failed {} ago: {} ({})",
        age(graph.now, condition.last_transition_time?),
        job.object.told(),
        short(&condition.message)
    );
    let mut found = Diagnosis::new(CAUSE.id, of.object, message)
        .warning()
        .seen_all([job.condition_evidence(&condition)])
        .explaining((job.object != of.object).then(|| job.object.clone()))
        .look_at(graph.shell("kubectl logs -n {} {} --tail=50", &[&job.object.namespace, &format!("job/{}", job.object.name)]))
        .mended_by(Remedy::change(
            "Mend what its log names: mostly the token (expired, or without rights), the config, or a limit of the registry.",
            "the next Job completes",
        ))
        .documented("https://docs.renovatebot.com/troubleshooting/");
    let labels = format!("job-name={}", job.object.name);
    let pods = graph.labelled("", "Pod", &job.object.namespace, &labels);
    if let Some(pod) = pods.max_by_key(LiveObject::created)
        && let Some(container) = pod.items("/spec/containers").first().map(|one| text(one, "/name"))
        && let Some(line) = databases::last_error(graph, pod.object, container)
    {
        found = found.seen(short(line), None, format!("log of {}", pod.object.told()));
    }
    Some(found)
}

fn never_ran(graph: &LiveGraph, cron: &LiveObject<'_>) -> Option<Diagnosis> {
    let schedule = cron.text("/spec/schedule");
    let mut fields = schedule.split_whitespace().skip(2);
    let is_daily =
        schedule == "@daily" || schedule == "@hourly" || (fields.clone().count() == 3 && fields.all(|one| one == "*"));
    let hours = if is_daily { 26 } else { 8 * 24 };
    let has_run = !cron.text("/status/lastScheduleTime").is_empty();
    if has_run || !graph.is_past(cron.created(), (hours * 60) * 60) {
        return None;
    }
    let message = format!("{} never ran since it was made {} ago", cron.object.told(), age(graph.now, cron.created()?));
    Some(
        Diagnosis::new(CAUSE.id, cron.object, message)
            .warning()
            .seen(
                format!("spec.schedule: {schedule}, status.lastScheduleTime is empty"),
                cron.created(),
                cron.object.told(),
            )
            .look_at(graph.describe(cron.object))
            .mended_by(Remedy::change(
                "Look at the schedule and its time zone, at startingDeadlineSeconds, and at the events of the CronJob.",
                "status.lastScheduleTime is set",
            ))
            .documented("https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"),
    )
}
