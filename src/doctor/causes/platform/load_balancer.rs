//! A Service of type `LoadBalancer` has no address.

use super::{for_long, names_of};
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "load-balancer-no-address", title: "A LoadBalancer Service has no address", find };

/// The group of `MetalLB`, and its annotations, the present ones first (`MetalLB` 0.15 and newer).
const METALLB: &str = "metallb.io";
const POOL: &[&str] = &["metallb.io/address-pool", "metallb.universe.tf/address-pool"];
const ADDRESSES: &[&str] = &["metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let waiting = graph.all("", "Service").filter(|service| {
        let is_waiting =
            service.text("/spec/type") == "LoadBalancer" && service.items("/status/loadBalancer/ingress").is_empty();
        is_waiting && !service.is_deleting() && graph.is_past(service.created(), 120)
    });
    waiting.filter_map(|service| diagnosis(graph, &service)).collect()
}

fn diagnosis(graph: &LiveGraph, service: &LiveObject<'_>) -> Option<Diagnosis> {
    let event = graph
        .event(service.object, &["AllocationFailed", "LoadBalancerFailed", "SyncLoadBalancerFailed", "InternalError"]);
    let event = event.filter(|event| !graph.is_past(event.at, 24 * 60 * 60));
    let pools: Vec<LiveObject<'_>> = graph.all(METALLB, "IPAddressPool").collect();
    let (why, fix) = match graph.is_served(METALLB, "IPAddressPool") {
        None => event.map(|event| (short(&event.message), String::new()))?,
        Some(true) => of_metallb(service, &pools, event.map(|event| event.message.as_str())),
        Some(false) => without_metallb(graph, service, event.map(|event| event.message.as_str())),
    };
    let object = service.object;
    let message = format!(
        "{} {}: {why}",
        object.told(),
        for_long(graph.now, service.created(), ["has no address", "has had no address for"])
    );
    let mut found = Diagnosis::new(CAUSE.id, object, message)
        .seen("status.loadBalancer is empty", service.created(), object.told())
        .look_at(graph.describe(object))
        .documented(if graph.is_served(METALLB, "IPAddressPool") == Some(true) {
            "https://metallb.io/usage/"
        } else {
            "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer"
        });
    if let Some(event) = event {
        found = found.seen(
            format!("{}: {}", event.reason, event.message),
            event.at,
            format!("events of {}", object.told()),
        );
    }
    for pool in &pools {
        let addresses = names_of(pool.items("/spec/addresses").iter().filter_map(|one| Some(one.as_str()?.to_owned())));
        found = found.seen_all([pool.field_evidence("spec.addresses", &addresses)]);
    }
    if !pools.is_empty() {
        found = found.look_at(graph.shell("kubectl get ipaddresspools.metallb.io -A -o yaml", &[]));
    }
    Some(if fix.is_empty() { found } else { found.mended_by(Remedy::change(fix, "the Service has an EXTERNAL-IP")) })
}

fn of_metallb(service: &LiveObject<'_>, pools: &[LiveObject<'_>], said: Option<&str>) -> (String, String) {
    let annotation = |names: &[&str]| {
        names.iter().map(|name| service.annotation(name)).find(|value| !value.is_empty()).unwrap_or_default()
    };
    let pool = annotation(POOL);
    let wanted = match annotation(ADDRESSES) {
        "" => service.text("/spec/loadBalancerIP"),
        addresses => addresses,
    };
    let class = service.text("/spec/loadBalancerClass");
    let is_automatic = |pool: &LiveObject<'_>| pool.value.pointer("/spec/autoAssign").is_none_or(|on| on != false);
    if pools.is_empty() {
        return (
            "MetalLB has no IPAddressPool".to_owned(),
            "Add an IPAddressPool with addresses of your network, and an L2Advertisement or BGPAdvertisement for it."
                .to_owned(),
        );
    }
    if !pool.is_empty() && !pools.iter().any(|one| one.object.name == pool) {
        let known = names_of(pools.iter().map(|pool| pool.object.name.clone()));
        return (
            format!("it asks MetalLB for the pool {pool}, which is missing (there is {known})"),
            format!(
                "Name a pool that is there in the annotation {}, or add the IPAddressPool {pool}.",
                POOL.first().unwrap_or(&"")
            ),
        );
    }
    match said {
        Some(said) if !wanted.is_empty() && !said.contains("no available IPs") => (
            format!("MetalLB cannot give it {wanted} ({})", short(said)),
            "Ask for an address of a pool that no other Service has, or share it by metallb.io/allow-shared-ip on both.".to_owned(),
        ),
        Some(said) if pool.is_empty() && !pools.iter().any(is_automatic) => (
            format!("no IPAddressPool gives addresses by itself (autoAssign: false; {})", short(said)),
            "Name a pool in the annotation metallb.io/address-pool, or let one assign by itself.".to_owned(),
        ),
        Some(said) if said.contains("no available IPs") => (
            format!("MetalLB has no free address ({})", short(said)),
            "Add addresses to the IPAddressPool, or remove a LoadBalancer Service that nobody needs; a pool may also be closed to this namespace (serviceAllocation).".to_owned(),
        ),
        Some(said) => (short(said), "Mend what MetalLB says.".to_owned()),
        None if !class.is_empty() => (
            format!("nobody answers for its loadBalancerClass {class}"),
            "MetalLB takes a Service with a class only where it was started with --lb-class: compare them.".to_owned(),
        ),
        None => (
            "MetalLB says nothing about it".to_owned(),
            "Look whether MetalLB's controller runs, and at its log.".to_owned(),
        ),
    }
}

fn without_metallb(graph: &LiveGraph, service: &LiveObject<'_>, said: Option<&str>) -> (String, String) {
    // Other controllers, such as Cilium's, say it in a condition of the Service.
    let condition = service.items("/status/conditions").iter().find(|one| text(one, "/status") == "False");
    if let Some(said) = said.or(condition.map(|one| text(one, "/message"))).filter(|said| !said.is_empty()) {
        return (short(said), "Mend what the controller of the addresses says.".to_owned());
    }
    // ServiceLB of K3s runs a DaemonSet for each Service, whose pods take the Service's ports of their nodes.
    let label = format!("svccontroller.k3s.cattle.io/svcname={}", service.object.name);
    let pods = graph.labelled("apps", "DaemonSet", "kube-system", &label).next();
    let ports = names_of(service.items("/spec/ports").iter().filter_map(|one| Some(one.get("port")?.to_string())));
    match pods {
        Some(pods) => (
            format!("{} of ServiceLB has no ready pod; the ports {ports} may be taken on every node", pods.object.told()),
            format!("Only one LoadBalancer Service can have the ports {ports} of a node: change a port, or remove the other Service."),
        ),
        None => (
            "no controller has given it one, and there is no MetalLB".to_owned(),
            "Install MetalLB, or switch on what the cluster has for it (ServiceLB of K3s, the cloud's controller); else make it a NodePort or ClusterIP.".to_owned(),
        ),
    }
}
