//! The server of a source does not answer.

use super::controllers::namespace_of;
use super::transport::{Trouble, by_host, of_host, reason};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "source-unreachable", title: "The server of a source does not answer", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let hosts = by_host(graph, Trouble::Unreachable);
    let found = hosts.iter().filter_map(|(host, failures)| {
        let why = failures.first().map(|failure| reason(failure.message())).unwrap_or_default();
        let found = of_host(graph, CAUSE.id, failures, &format!("{host} does not answer ({why})"))?;
        let why = "Look whether the server runs, and whether the cluster may reach it: a firewall, a proxy (spec.proxySecretRef), the NetworkPolicy of the namespace of source-controller, the port in the address.";
        let line = graph.shell("kubectl get networkpolicies -n {}", &[&namespace_of(graph, failures.first()?.object())]);
        Some(found.look_at(line).mended_by(Remedy::change(why, "the source is Ready")).documented("https://fluxcd.io/flux/cheatsheets/troubleshooting/"))
    });
    found.collect()
}
