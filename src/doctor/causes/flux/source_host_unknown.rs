//! No name server knows the host of a source.

use super::transport::{Trouble, by_host, of_host};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "source-host-unknown", title: "The host of a source has no address", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let hosts = by_host(graph, Trouble::UnknownHost);
    let found = hosts.iter().filter_map(|(host, failures)| {
        let what = format!("no name server that the cluster asks knows the host {host}");
        let found = of_host(graph, CAUSE.id, failures, &what)?.look_at(graph.shell("kubectl get pods -n kube-system -l k8s-app=kube-dns", &[]));
        let why = "Correct the host in the address and push; where it is right, the cluster's DNS does not know it (CoreDNS, its upstream, or a name that exists inside of your network alone).";
        Some(found.mended_by(Remedy::change(why, "the source is Ready with a new revision")).documented("https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/"))
    });
    found.collect()
}
