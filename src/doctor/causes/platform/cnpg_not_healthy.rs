//! A CloudNativePG cluster is not healthy.

use super::databases::{self, HEALTHY, NO_SPACE, SETS_UP};
use super::for_long;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "cnpg-cluster-not-healthy", title: "A PostgreSQL cluster is not healthy", find };

/// The phases that end only when somebody acts (CloudNativePG 1.28, `api/v1/cluster_types.go`).
const STOPPED: &[(&str, &str)] = &[
    ("Waiting for user action", "The operator waits for a switchover: promote a replica, or restart the primary."),
    (
        "Cluster is unrecoverable and needs manual intervention",
        "No instance holds usable data: restore the last backup into a new Cluster.",
    ),
    (
        "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
        "Install the plugin that spec.plugins names, in the operator's namespace, or remove it.",
    ),
    (
        "Cluster cannot proceed to reconciliation due to an error while interacting with plugins",
        "Look at the log of the plugin's Deployment, and at the objects that its parameters name.",
    ),
    ("Cluster has incomplete or invalid image catalog", "Give the ImageCatalog an image for this major version."),
    (
        "Cluster cannot execute instance online upgrade due to missing architecture binary",
        "Use an operator image that has this architecture.",
    ),
    ("Unable to create required cluster objects", "Mend what the reason names: a quota, a webhook, a missing Secret."),
    ("Invalid cluster definition", "Mend the field that the reason names, and push."),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    databases::clusters(graph).filter_map(|cluster| diagnosis(graph, &cluster)).collect()
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Option<Diagnosis> {
    let phase = databases::phase(cluster);
    let is_restored = cluster.value.pointer("/spec/bootstrap/recovery").is_some();
    if matches!(phase, "" | HEALTHY | NO_SPACE) || (phase == SETS_UP && is_restored) {
        return None;
    }
    if databases::lost_primary(graph, cluster).is_some() {
        return None;
    }
    let ready = databases::condition(cluster, "Ready");
    let since = ready.filter(|ready| ready.status != "True").and_then(|ready| ready.at).or(cluster.created());
    let stopped = STOPPED.iter().find(|(name, _)| *name == phase);
    // What progresses may take its time: a new replica of a large database copies for long.
    let patience = if stopped.is_some() { 1 } else { 20 };
    let is_ready = ready.is_some_and(|ready| ready.status == "True");
    if !graph.is_past(since, patience * 60) || (stopped.is_none() && is_ready) {
        return None;
    }
    let (running, wanted) = (
        cluster.number("/status/readyInstances").unwrap_or_default(),
        cluster.number("/spec/instances").unwrap_or_default(),
    );
    let says = short(&databases::said(cluster));
    let message = format!(
        "{} {}: {says}; {running} of {wanted} instances are ready",
        cluster.object.told(),
        for_long(graph.now, since, ["is not healthy", "has not been healthy for"])
    );
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    let found = Diagnosis::new(CAUSE.id, cluster.object, message)
        .unless_deeper()
        .seen_all([cluster.field_evidence("status.phase", &databases::said(cluster))])
        .look_at(graph.describe(cluster.object))
        .look_at(graph.shell("kubectl get pods -n {} -l {}", &[namespace, &format!("cnpg.io/cluster={name}")]))
        .documented("https://cloudnative-pg.io/documentation/current/troubleshooting/");
    let found = match stopped {
        Some((_, fix)) => found.mended_by(Remedy::change(*fix, "phase: Cluster in healthy state")),
        None => found,
    };
    let is_running = running > 0 && stopped.is_none();
    Some(if is_running { found.warning() } else { found })
}
