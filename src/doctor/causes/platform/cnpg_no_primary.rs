//! A CloudNativePG cluster has no primary.

use super::{databases, for_long};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "cnpg-no-primary", title: "A PostgreSQL cluster has no primary", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    databases::clusters(graph).filter_map(|cluster| diagnosis(graph, &cluster)).collect()
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Option<Diagnosis> {
    let primary = databases::lost_primary(graph, cluster)?;
    let times = ["/status/currentPrimaryFailingSinceTimestamp", "/status/targetPrimaryTimestamp"];
    let ready = databases::condition(cluster, "Ready").filter(|ready| ready.status != "True");
    let since = times.into_iter().find_map(|pointer| cluster.time(pointer)).or(ready.and_then(|ready| ready.at));
    if !graph.is_past(since, 60) {
        return None;
    }
    let target = cluster.text("/status/targetPrimary");
    let wait = match target {
        "" => String::new(),
        // The operator writes `pending` until every WAL receiver is down.
        "pending" => ", and the operator has not chosen another one".to_owned(),
        target if target == primary => String::new(),
        target => format!(", and the failover to {target} has not ended"),
    };
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    let message = format!(
        "{} {}: {primary} is not ready{wait} ({})",
        cluster.object.told(),
        for_long(graph.now, since, ["has no primary", "has had no primary for"]),
        short(&databases::said(cluster))
    );
    let pod = databases::pod(cluster, primary);
    Some(
        Diagnosis::new(CAUSE.id, cluster.object, message)
            .unless_deeper()
            .seen_all([cluster.field_evidence("status.phase", &databases::said(cluster))])
            .seen(
                format!("status.currentPrimary: {primary}, status.targetPrimary: {target}"),
                since,
                cluster.object.told(),
            )
            .explaining([pod.clone()])
            .look_at(graph.describe(&pod))
            .look_at(graph.shell("kubectl logs -n {} {} -c postgres --tail=50", &[namespace, primary]))
            .mended_by(Remedy::new(
                graph.shell("kubectl get pods -n {} -l {} -o wide", &[namespace, &format!("cnpg.io/cluster={name}")]),
                "Bring the primary's pod back, or let a replica that has all its WAL take over.",
                "phase: Cluster in healthy state",
            ))
            .documented("https://cloudnative-pg.io/documentation/current/failover/"),
    )
}
