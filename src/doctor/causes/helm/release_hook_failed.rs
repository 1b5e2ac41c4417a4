//! A hook of a chart failed: mostly a Job that runs before or after an install or upgrade.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::{self, between};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "release-hook-failed", title: "A hook of a chart failed", find };

/// What helm says, and the hook that it means.
const PHASES: &[(&str, &str)] = &[
    ("failed pre-install", "pre-install"),
    ("failed post-install", "post-install"),
    ("pre-upgrade hooks failed", "pre-upgrade"),
    ("post-upgrade hooks failed", "post-upgrade"),
    ("Hook pre-install", "pre-install"),
    ("Hook post-install", "post-install"),
    ("Hook pre-upgrade", "pre-upgrade"),
    ("Hook post-upgrade", "post-upgrade"),
];

/// helm 3: `failed pre-install: 1 error occurred:⏎* job web-migrate failed: BackoffLimitExceeded`, `pre-upgrade hooks
/// failed: 1 error occurred:⏎* timed out waiting for the condition`; helm-controller 1.5 and newer: `failed pre-install:
/// timeout waiting for: [Job/apps/web-migrate status: 'Failed']`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::Hook).map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let phase = PHASES.iter().find(|(sign, _)| failure.said.contains(sign)).map_or("", |(_, phase)| *phase);
    let release = failure.live.object;
    let Some(job) = job(graph, failure, phase) else {
        let remedy = if knows_jobs(graph, failure) {
            "Mend what the hook does: its Job is gone (helm.sh/hook-delete-policy), so its log is only where logs are kept; helm's last lines stand in the event."
        } else {
            "Mend what the hook does: Jobs could not be read here, so look at its Job and that one's log with an account that may; helm's last lines stand in the event."
        };
        return failure
            .diagnosis(graph, CAUSE.id, &format!("its {phase} hook failed: {}", failure.words()))
            .unless_deeper()
            .look_at(graph.shell("kubectl get jobs,pods -n {}", &[&failure.namespace]))
            .mended_by(Remedy::change(remedy, "the next attempt passes the hook"))
            .documented("https://helm.sh/docs/topics/charts_hooks/");
    };
    let how = job.condition("Failed").filter(|failed| failed.status == "True");
    let why = match &how {
        Some(failed) => format!("failed ({})", failed.reason),
        None => "did not complete in time".to_owned(),
    };
    let (lines, pod) = last_lines(graph, &job);
    let words = lines.last().map(|line| format!(": {}", message::short(line))).unwrap_or_default();
    let text = format!("{}, the {phase} hook of {}, {why}{words}", job.object.told(), release.told());
    let mut diagnosis = Diagnosis::new(CAUSE.id, job.object, text)
        .seen_all(failure.evidence())
        .seen_all(how.iter().map(|failed| job.condition_evidence(failed)))
        .explaining([release.clone()])
        .unless_deeper()
        .look_at(graph.describe(job.object))
        .look_at(graph.shell("kubectl logs job/{} -n {}", &[&job.object.name, &job.object.namespace]));
    if let Some(pod) = pod {
        diagnosis = diagnosis.seen_all(lines.iter().map(|line| crate::doctor::Evidence {
            text: line.clone(),
            at: None,
            from: format!("log of {}", pod.told()),
        }));
    }
    diagnosis
        .documented("https://helm.sh/docs/topics/charts_hooks/")
        .documented(&format!("{MANUAL}#install-configuration"))
}

/// Names the Job that the message tells of.
fn named(failure: &FailedRelease<'_>) -> Option<ObjectRef> {
    let spelt = message::objects(&failure.said).into_iter().find(|object| object.kind == "Job");
    spelt.or_else(|| between(&failure.said, "job ", " failed").map(|name| failure.namespaced(name)))
}

/// Tells whether the Job would have been seen, were it there.
fn knows_jobs(graph: &LiveGraph, failure: &FailedRelease<'_>) -> bool {
    match named(failure) {
        Some(job) => graph.get(&job).is_absent(),
        None => graph.is_listed_in("batch", "Job", &failure.namespace, ""),
    }
}

/// Finds the hook's Job: the one that the message names, else one of that phase that has failed.
fn job<'a>(graph: &'a LiveGraph, failure: &FailedRelease<'_>, phase: &str) -> Option<LiveObject<'a>> {
    if let Some(found) = named(failure).and_then(|object| graph.get(&object).found()) {
        return Some(found);
    }
    let is_hook = |job: &LiveObject<'_>| {
        let hooks = job.annotation("helm.sh/hook");
        let instance = job.label("app.kubernetes.io/instance");
        hooks.split(',').any(|hook| hook.trim() == phase) && (instance.is_empty() || instance == failure.release)
    };
    let is_open = |job: &LiveObject<'_>| job.condition("Complete").is_none_or(|complete| complete.status != "True");
    graph.labelled("batch", "Job", &failure.namespace, "").find(|job| is_hook(job) && is_open(job))
}

/// Reads the last lines of a Job's newest pod.
fn last_lines<'a>(graph: &'a LiveGraph, job: &LiveObject<'_>) -> (Vec<String>, Option<&'a ObjectRef>) {
    let Some(pod) = graph.pods_of(job).into_iter().max_by_key(LiveObject::created) else { return (Vec::new(), None) };
    let containers = pod.items("/spec/containers");
    let Some(container) = containers.first().and_then(|one| one.get("name")?.as_str()) else {
        return (Vec::new(), None);
    };
    let lines = graph.log(pod.object, container, false);
    let from = lines.len().saturating_sub(3);
    (lines.get(from..).unwrap_or_default().to_vec(), Some(pod.object))
}

impl FailedRelease<'_> {
    fn namespaced(&self, job: &str) -> ObjectRef {
        ObjectRef::new("Job", "batch", &self.namespace, job)
    }
}
