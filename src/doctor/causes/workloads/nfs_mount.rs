//! An NFS export cannot be mounted.

use super::pods::{self, PodFault, joined};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ShellLine;

pub(super) const CAUSE: Cause = Cause { id: "nfs-mount", title: "An NFS export cannot be mounted", find };

/// The kubelet quotes what it ran: `Mounting arguments: -t nfs 10.0.0.5:/export /var/lib/kubelet/…`, `Output: mount.nfs: …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Nfs);
    joined(all.iter().map(|ill| {
        let said = ill.said.as_str();
        let arguments = said.split_once("Mounting arguments: ").map(|(_, rest)| rest).unwrap_or_default();
        let export = arguments.split_whitespace().find(|word| word.contains(":/")).unwrap_or_default();
        let host = export.split(":/").next().unwrap_or_default();
        let output = said.split_once("Output: ").map_or(said, |(_, output)| output);
        let (why, fix) = if said.contains("helper program") || said.contains("bad option") {
            ("the node has no mount.nfs", "Install nfs-common (Debian, Ubuntu) or nfs-utils on the nodes.")
        } else if said.contains("access denied") {
            ("the server denies access", "Add the nodes' addresses to the export's access list on the server.")
        } else if said.contains("No such file or directory") {
            ("the server has no such export", "Correct the path in the volume, or export it on the server.")
        } else if said.contains("timed out")
            || said.contains("refused")
            || said.contains("No route")
            || said.contains("unreachable")
        {
            (
                "the server does not answer",
                "Mend the server or the way to it (port 2049); the kubelet tries again by itself.",
            )
        } else if said.contains("not known") || said.contains("resolve") {
            ("the server's name is not known to DNS", "Correct the server's name in the volume, or the node's DNS.")
        } else {
            ("", "Mend what mount.nfs complains of; the kubelet tries again by itself.")
        };
        let why = if why.is_empty() { short(output) } else { why.to_owned() };
        let message = format!(
            "NFS export {export} of {} cannot be mounted on node {}: {why}",
            ill.workload.told(),
            ill.pod.text("/spec/nodeName")
        );
        let found = ill
            .diagnosis(CAUSE.id, message)
            .look_at(ShellLine::new("showmount -e {}", &[host]))
            .look_at(graph.describe(ill.pod.object))
            .mended_by(Remedy::change(fix, "the pod leaves ContainerCreating"))
            .documented("https://kubernetes.io/docs/concepts/storage/volumes/#nfs");
        (export.to_owned(), found)
    }))
}
