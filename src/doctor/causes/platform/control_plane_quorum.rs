//! Half of the control plane's nodes or more are not ready.

use super::{for_long, names_of, nodes};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "control-plane-quorum", title: "The control plane is below its quorum", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let Some(quorum) = nodes::lost_quorum(graph) else { return Vec::new() };
    let Some((first, _)) = quorum.lost.first() else { return Vec::new() };
    let (lost, members) = (quorum.lost.len(), quorum.members);
    let names = names_of(quorum.lost.iter().map(|(node, _)| node.object.name.clone()));
    let needs = members / 2 + 1;
    let oldest = quorum.lost.iter().filter_map(|(_, ready)| ready.last_transition_time).min();
    let whose = if quorum.is_etcd { "etcd" } else { "etcd, where it runs on them," };
    let message = format!(
        "{lost} of {members} control plane nodes {}: {names}; {whose} writes only while {needs} are there",
        for_long(graph.now, oldest, ["are not ready", "have not been ready for"])
    );
    let mut found = Diagnosis::new(CAUSE.id, first.object, message);
    for (node, ready) in &quorum.lost {
        found = found
            .seen_all([node.condition_evidence(ready)])
            .explaining([node.object.clone()])
            .explaining(nodes::resting_on(graph, node.object))
            .mended_by(Remedy::new(
                nodes::restart_line(node),
                "Bring the nodes back one after the other, and remove none: a removed member makes the quorum no easier to reach.",
                "Ready True for more than half of the control plane",
            ));
    }
    let found = found
        .look_at(graph.shell("kubectl get nodes -o wide", &[]))
        .documented("https://etcd.io/docs/latest/op-guide/recovery/");
    vec![if quorum.is_etcd { found.documented("https://docs.k3s.io/datastore/backup-restore") } else { found }]
}
