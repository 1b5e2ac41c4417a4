//! The restore of a database does not end.

use super::databases::{self, SETS_UP};
use super::for_long;
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "cnpg-restore-stuck", title: "The restore of a PostgreSQL cluster fails", find };

/// What the restore's log says, and what that means (barman-cloud, CloudNativePG 1.28).
const REASONS: &[(&str, &str)] = &[
    (
        "no target backup found",
        "The object store has no base backup under this serverName: compare externalClusters' serverName and destinationPath with those of the old Cluster.",
    ),
    (
        "Expected empty archive",
        "Give the new Cluster a serverName of its own for its archive: that of the old one is in use.",
    ),
    ("NoSuchBucket", "Mend destinationPath of externalClusters: there is no such bucket."),
    ("AccessDenied", "Let the key of externalClusters read the bucket."),
    ("InvalidAccessKeyId", "Mend the access key in the Secret that externalClusters names."),
    ("SignatureDoesNotMatch", "Mend the secret key in the Secret that externalClusters names."),
    (
        "recovery ended before configured recovery target was reached",
        "The archive has no WAL up to recoveryTarget: choose an earlier time, or none.",
    ),
    ("No space left on device", "Raise spec.storage.size: the backup does not fit."),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let restored = databases::clusters(graph).filter(|cluster| {
        databases::phase(cluster) == SETS_UP && cluster.value.pointer("/spec/bootstrap/recovery").is_some()
    });
    restored.filter_map(|cluster| diagnosis(graph, &cluster)).collect()
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Option<Diagnosis> {
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    let labels = format!("cnpg.io/cluster={name}");
    let jobs = graph.labelled("batch", "Job", namespace, &labels);
    let job = jobs.filter(|job| job.object.name.contains("recovery")).max_by_key(LiveObject::created);
    let failed = job.and_then(|job| job.number("/status/failed")).unwrap_or_default();
    let since = job.and_then(|job| job.created()).or(cluster.created());
    // A large backup takes its time; a Job that failed does not.
    if failed == 0 && !graph.is_past(since, 7200) {
        return None;
    }
    let mut lines: Vec<(String, &str)> = Vec::new();
    if let Some(job) = job {
        let labels = format!("job-name={}", job.object.name);
        let pods = graph.labelled("", "Pod", namespace, &labels);
        if let Some(pod) = pods.max_by_key(LiveObject::created)
            && let Some(container) = pod.items("/spec/containers").first().map(|one| text(one, "/name"))
            && let Some(line) = databases::last_error(graph, pod.object, container)
        {
            lines.push((pod.object.told(), line));
        }
    }
    let known = REASONS.iter().find(|(words, _)| lines.iter().any(|(_, line)| line.contains(words)));
    let source = cluster.text("/spec/bootstrap/recovery/source");
    let says = match (known, lines.first()) {
        (Some((words, _)), _) => (*words).to_owned(),
        (None, Some((_, line))) => short(line),
        (None, None) if failed > 0 => format!("its Job failed {failed} times"),
        (None, None) => "its Job has not ended".to_owned(),
    };
    let message = format!(
        "{} {}: {says}",
        cluster.object.told(),
        for_long(graph.now, since, ["is not restored", "has not been restored for"])
    );
    let fix =
        known.map_or("Look at the log of the restoring Job: it names what it looked for, and where.", |(_, fix)| fix);
    let mut found = Diagnosis::new(CAUSE.id, cluster.object, message)
        .unless_deeper()
        .seen_all([cluster.field_evidence("status.phase", &databases::said(cluster))])
        .seen_all([cluster.field_evidence("spec.bootstrap.recovery.source", source)])
        .look_at(graph.shell("kubectl get jobs,pods -n {} -l {}", &[namespace, &labels]))
        .mended_by(Remedy::change(fix, "phase: Cluster in healthy state"))
        .documented("https://cloudnative-pg.io/documentation/current/recovery/");
    if let Some(job) = job {
        let line = graph.shell("kubectl logs -n {} {} --tail=50", &[namespace, &format!("job/{}", job.object.name)]);
        found = found
            .seen(format!("status.failed: {failed}"), job.created(), job.object.told())
            .explaining([job.object.clone()])
            .look_at(line);
    }
    for (pod, line) in lines {
        found = found.seen(short(line), None, format!("log of {pod}"));
    }
    Some(found)
}
