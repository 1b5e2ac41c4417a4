//! An image is not built for the node's architecture.

use super::containers;
use super::images::{self, ImageFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::{ObjectRef, ShellLine};

pub(super) const CAUSE: Cause =
    Cause { id: "image-architecture", title: "An image is not built for the node's architecture", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::Architecture);
    let found = all.iter().map(|ill| {
        let node = ill.pod.text("/spec/nodeName");
        let live = graph.get(&ObjectRef::new("Node", "", "", node)).found();
        let architecture = live.map(|node| node.text("/status/nodeInfo/architecture")).unwrap_or_default();
        let on = match architecture {
            "" => format!("the architecture of node {node}"),
            architecture => format!("{architecture}, the architecture of node {node}"),
        };
        let mut found = images::diagnosis(graph, ill, CAUSE.id, &format!("is not built for {on}"));
        if let Some(live) = live.filter(|_| !architecture.is_empty()) {
            found = found.seen_all([live.field_evidence("status.nodeInfo.architecture", architecture)]);
        }
        found
            .seen_all(
                containers::log_evidence(graph, ill.pod.object, &ill.container)
                    .into_iter()
                    .filter(|one| one.text.contains("exec format error")),
            )
            .look_at(ShellLine::new("docker manifest inspect {}", &[ill.container.image()]))
            .mended_by(images::change(ill, "Name an image that is built for it"))
            .mended_by(Remedy::change(
                "Or place the pod on nodes that the image is built for: nodeSelector kubernetes.io/arch.",
                "the new pod is on such a node and Running",
            ))
    });
    found.collect()
}
