//! A Job failed.

use std::collections::BTreeMap;

use super::pods::job_or_cron_job;
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause = Cause { id: "job-failed", title: "A Job failed", find };

/// The Job controller sets Failed with reason `BackoffLimitExceeded`, `DeadlineExceeded`, `PodFailurePolicy`, `FailedIndexes` or
/// `MaxFailedIndexesExceeded` (batch/v1). Of a CronJob's Jobs only the newest that ended counts.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut newest: BTreeMap<ObjectRef, LiveObject<'_>> = BTreeMap::new();
    for job in graph.all("batch", "Job").filter(|job| !job.is_deleting() && is_over(job) && !is_renovate(job)) {
        let of = job_or_cron_job(graph, job.object.clone());
        match newest.get(&of) {
            Some(known) if known.created() >= job.created() => {}
            _ => {
                newest.insert(of, job);
            }
        }
    }
    let failed = newest.into_iter().filter_map(|(of, job)| {
        let condition = job.condition("Failed").filter(|condition| condition.status == "True")?;
        let succeeded = graph
            .all("batch", "CronJob")
            .find(|one| *one.object == of)
            .and_then(|one| one.time("/status/lastSuccessfulTime"));
        let is_mended = succeeded.is_some_and(|at| condition.last_transition_time.is_some_and(|failed| at > failed));
        (!is_mended && !is_told_by_release(graph, &job)).then(|| diagnosis(graph, &of, &job, &condition))
    });
    failed.collect()
}

fn is_over(job: &LiveObject<'_>) -> bool {
    ["Failed", "Complete"].iter().any(|kind| job.condition(kind).is_some_and(|condition| condition.status == "True"))
}

fn diagnosis(graph: &LiveGraph, of: &ObjectRef, job: &LiveObject<'_>, condition: &Condition) -> Diagnosis {
    let object = job.object;
    let why = match condition.reason.as_str() {
        "BackoffLimitExceeded" => {
            let limit = job.number("/spec/backoffLimit").unwrap_or(6);
            let failed = job.number("/status/failed").unwrap_or_default();
            format!("{failed} of its pods failed (backoffLimit {limit})")
        }
        "DeadlineExceeded" => {
            let seconds = job.number("/spec/activeDeadlineSeconds").unwrap_or_default();
            format!("it was not done within {seconds} s (activeDeadlineSeconds)")
        }
        _ => short(&condition.message),
    };
    let end = last_end(graph, job);
    let how = end.as_ref().map(|end| format!(", the last with {}", end.told)).unwrap_or_default();
    let since = condition.last_transition_time.map(|at| format!(" {} ago", age(graph.now, at))).unwrap_or_default();
    let last = end.as_ref().and_then(|end| end.lines.last()).map(|line| format!(": {line}")).unwrap_or_default();
    let by = if of == object { String::new() } else { format!(" of {}", of.told()) };
    let message = format!("{}{by} failed{since}: {why}{how}{last}", object.told());
    let mut found = Diagnosis::new(CAUSE.id, of, message)
        .explaining([object.clone()])
        .seen_all([job.condition_evidence(condition)]);
    if let Some(end) = end {
        let pod = end.pod.object;
        found = found
            .seen(end.told.clone(), None, format!("{} container {}", pod.told(), end.container))
            .explaining([pod.clone()]);
        for line in end.lines.iter().rev().take(4).rev() {
            found = found.seen(line.clone(), None, format!("log of {} container {}", pod.told(), end.container));
        }
        found = found.look_at(graph.shell("kubectl logs {} -n {} -c {}", &[&pod.name, &pod.namespace, end.container]));
    }
    // What failed long ago and is nobody's turn holds nothing up.
    if of == object && graph.is_past(condition.last_transition_time, 86_400) {
        found = found.warning();
    }
    found = found.look_at(graph.describe(object)).mended_by(Remedy::change(
        "The last lines of its log say why: mend that, and push. A Job does not try again, and its template cannot be changed.",
        "Complete True",
    ));
    let found = if of == object {
        found.mended_by(
            Remedy::new(
                graph.shell("kubectl delete job {} -n {}", &[&object.name, &object.namespace]),
                "Flux makes a Job anew that is missing; one that a person or a hook made stays away.",
                "the new Job is Complete",
            )
            .by("delete", object),
        )
    } else {
        let name = format!("{}-by-hand", of.name);
        let from = format!("cronjob/{}", of.name);
        found.mended_by(
            Remedy::new(
                graph.shell("kubectl create job {} --from={} -n {}", &[&name, &from, &of.namespace]),
                "It runs once now instead of at its next time.",
                "the new Job is Complete",
            )
            .by("run-now", of),
        )
    };
    found.documented(
        "https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures",
    )
}

/// Tells whether a Job is a hook that its release names, so that a cause of releases tells it: `pre-upgrade hooks failed:
/// … job migrate failed: BackoffLimitExceeded`.
fn is_told_by_release(graph: &LiveGraph, job: &LiveObject<'_>) -> bool {
    if job.annotation("helm.sh/hook").is_empty() {
        return false;
    }
    let words = [format!("job {} failed", job.object.name), job.object.to_string()];
    let says = |release: &LiveObject<'_>, kind: &str| {
        release.condition(kind).is_some_and(|one| words.iter().any(|words| one.message.contains(words)))
    };
    let mut releases = graph.not_ready(kinds::HELM_RELEASE.group, kinds::HELM_RELEASE.kind);
    releases.any(|release| says(&release, "Ready") || says(&release, "Released"))
}

/// Tells whether a Job or CronJob runs Renovate, which has a cause of its own.
pub(super) fn is_renovate(live: &LiveObject<'_>) -> bool {
    let lists = ["/spec/template/spec/containers", "/spec/jobTemplate/spec/template/spec/containers"];
    let mut containers = lists.iter().flat_map(|list| live.items(list));
    live.object.name.contains("renovate") || containers.any(|one| text(one, "/image").contains("renovate"))
}

/// Holds how the last pod of a Job ended.
struct Ended<'a> {
    pod: LiveObject<'a>,
    container: &'a str,
    told: String,
    lines: Vec<String>,
}

fn last_end<'a>(graph: &'a LiveGraph, job: &LiveObject<'a>) -> Option<Ended<'a>> {
    let mut pods = graph.pods_of(job);
    pods.sort_by_key(LiveObject::created);
    pods.into_iter().rev().find_map(|pod| {
        let statuses = pod.items("/status/initContainerStatuses").iter().chain(pod.items("/status/containerStatuses"));
        let mut failed = statuses.filter_map(|status| {
            let end = status.pointer("/state/terminated").or_else(|| status.pointer("/lastState/terminated"))?;
            let code = end.get("exitCode").and_then(serde_json::Value::as_i64).filter(|code| *code != 0)?;
            Some((text(status, "/name"), code, text(end, "/reason")))
        });
        let (container, code, reason) = failed.next()?;
        let told = match reason {
            "" | "Error" => format!("exit code {code}"),
            reason => format!("exit code {code}, {reason}"),
        };
        let lines = graph.log(pod.object, container, false);
        let lines = lines.iter().map(|line| short(line)).filter(|line| !line.is_empty()).collect();
        Some(Ended { pod, container, told, lines })
    })
}
