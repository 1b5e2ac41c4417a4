//! The disk of a database is full.

use super::databases::{self, NO_SPACE};
use super::names_of;
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "cnpg-disk-full", title: "The disk of a PostgreSQL cluster is full", find };

/// The operator stops an instance that has no room for two WAL files, and says `Not enough disk space`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let full = databases::clusters(graph).filter(|cluster| databases::phase(cluster) == NO_SPACE);
    full.map(|cluster| diagnosis(graph, &cluster)).collect()
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Diagnosis {
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    let labels = format!("cnpg.io/cluster={name}");
    let (data, wal) = (cluster.text("/spec/storage/size"), cluster.text("/spec/walStorage/size"));
    let sizes = match (data, wal) {
        ("", _) => String::new(),
        (data, "") => format!(" (spec.storage.size: {data})"),
        (data, wal) => format!(" (spec.storage.size: {data}, spec.walStorage.size: {wal})"),
    };
    let archiving = databases::condition(cluster, "ContinuousArchiving").filter(|one| one.status == "False");
    let grows = if archiving.is_some() { "; its WAL is not archived and piles up" } else { "" };
    let message = format!("{} stands still: its disk is full{sizes}{grows}", cluster.object.told());
    let pods: Vec<ObjectRef> = graph.labelled("", "Pod", namespace, &labels).map(|pod| pod.object.clone()).collect();
    let claims = graph.labelled("", "PersistentVolumeClaim", namespace, &labels);
    let claims =
        names_of(claims.map(|claim| format!("{} {}", claim.object.name, claim.text("/status/capacity/storage"))));
    let mut found = Diagnosis::new(CAUSE.id, cluster.object, message)
        .seen_all([cluster.field_evidence("status.phase", &databases::said(cluster))])
        .explaining(pods)
        .look_at(graph.shell("kubectl get pvc -n {} -l {}", &[namespace, &labels]))
        .look_at(graph.describe(cluster.object))
        .mended_by(Remedy::change(
            if wal.is_empty() {
                "Raise spec.storage.size of the Cluster and push: the operator enlarges the claims where the StorageClass allows it (allowVolumeExpansion)."
            } else {
                "Raise spec.walStorage.size or spec.storage.size of the Cluster, whichever is full, and push: the operator enlarges the claims where the StorageClass allows it (allowVolumeExpansion)."
            },
            "phase: Cluster in healthy state",
        ))
        .documented("https://cloudnative-pg.io/documentation/current/storage/#volume-expansion");
    if !claims.is_empty() {
        found = found.seen(claims, None, "PersistentVolumeClaims of the cluster");
    }
    if let Some(archiving) = archiving {
        found = found.seen(
            archiving.says(),
            archiving.at,
            format!("{} condition ContinuousArchiving=False", cluster.object.told()),
        );
    }
    for slot in cluster.items("/status/danglingPVC").iter().filter_map(serde_json::Value::as_str) {
        found = found.seen(format!("status.danglingPVC: {slot}"), None, cluster.object.told());
    }
    let states = cluster.value.pointer("/status/instancesStatus/failed").and_then(serde_json::Value::as_array);
    let failed = names_of(states.into_iter().flatten().map(|one| text(one, "").to_owned()));
    if failed.is_empty() {
        found
    } else {
        found.seen(format!("status.instancesStatus.failed: {failed}"), None, cluster.object.told())
    }
}
