//! The WAL of a database is not archived.

use super::databases::{self, NO_SPACE};
use super::for_long;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "cnpg-archiving-failing", title: "The WAL of a PostgreSQL cluster is not archived", find };

/// What the archiver says, and what that means (barman-cloud, and the object stores that it calls).
const REASONS: &[(&str, &str)] = &[
    (
        "Expected empty archive",
        "Its archive holds WAL of another cluster: give this one a serverName of its own, or a destinationPath that is empty.",
    ),
    ("NoSuchBucket", "Make the bucket that destinationPath names, or mend its name."),
    ("InvalidAccessKeyId", "Mend the access key in the Secret of the object store."),
    ("SignatureDoesNotMatch", "Mend the secret key in the Secret of the object store."),
    ("AccessDenied", "Let the key write to the bucket."),
    ("Forbidden", "Let the key write to the bucket."),
    ("no such host", "Mend endpointURL: its name has no address."),
    ("Could not connect to the endpoint", "Mend endpointURL, or bring the object store back."),
    ("connection refused", "Bring the object store back: nothing listens at endpointURL."),
    ("x509", "Give the object store's authority by endpointCA."),
    ("certificate verify failed", "Give the object store's authority by endpointCA."),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    databases::clusters(graph).filter_map(|cluster| diagnosis(graph, &cluster)).collect()
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Option<Diagnosis> {
    let condition = databases::condition(cluster, "ContinuousArchiving").filter(|one| one.status == "False")?;
    // One failure is tried again at once.
    if !graph.is_past(condition.at, 300) {
        return None;
    }
    let primary = cluster.text("/status/currentPrimary");
    let mut lines: Vec<&str> = Vec::new();
    if !primary.is_empty() {
        let pod = databases::pod(cluster, primary);
        let with_plugin = !cluster.items("/spec/plugins").is_empty();
        let container = if with_plugin { "plugin-barman-cloud" } else { "postgres" };
        lines.extend(databases::last_error(graph, &pod, container));
    }
    let known = REASONS
        .iter()
        .find(|(words, _)| condition.message.contains(words) || lines.iter().any(|line| line.contains(words)));
    let message = format!(
        "{} {}: {}",
        cluster.object.told(),
        for_long(graph.now, condition.at, ["does not archive its WAL", "has not archived its WAL for"]),
        known.map_or_else(|| short(condition.says()), |(words, _)| (*words).to_owned())
    );
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    let fix = known.map_or(
        "Look at the archiver's log, and mend what it names: the bucket, its key, or the way there. Until then nothing can be restored to a later time, and WAL fills the disk.",
        |(_, fix)| fix,
    );
    let from = format!("{} condition ContinuousArchiving=False", cluster.object.told());
    let mut found = Diagnosis::new(CAUSE.id, cluster.object, message)
        .seen(condition.says(), condition.at, from)
        .look_at(graph.describe(cluster.object))
        .look_at(graph.shell(
            "kubectl logs -n {} -l {} --all-containers --tail=50",
            &[namespace, &format!("cnpg.io/cluster={name},cnpg.io/instanceRole=primary")],
        ))
        .mended_by(Remedy::change(fix, "ContinuousArchiving True"))
        .documented("https://cloudnative-pg.io/documentation/current/wal_archiving/");
    for line in lines {
        found = found.seen(short(line), None, format!("log of Pod/{namespace}/{primary}"));
    }
    // A full disk comes first: without room the database does not run, and archives nothing.
    Some(if databases::phase(cluster) == NO_SPACE { found.unless_deeper() } else { found })
}
