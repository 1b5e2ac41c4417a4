//! An Ingress or a route of Traefik names a TLS Secret that is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::{certificates, is_there, names_of, secret};
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "tls-secret-missing", title: "The TLS Secret of a route is missing", find };

/// The most Secrets that are asked for one by one.
const MOST: usize = 20;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut named: BTreeMap<ObjectRef, Vec<ObjectRef>> = BTreeMap::new();
    let mut note = |live: &LiveObject<'_>, name: &str| {
        if !name.is_empty() && !live.is_deleting() && graph.is_past(live.created(), 120) {
            named.entry(secret(&live.object.namespace, name)).or_default().push(live.object.clone());
        }
    };
    for ingress in graph.all("networking.k8s.io", "Ingress") {
        for tls in ingress.items("/spec/tls") {
            note(&ingress, text(tls, "/secretName"));
        }
    }
    for route in ["IngressRoute", "IngressRouteTCP"].into_iter().flat_map(|kind| graph.all("traefik.io", kind)) {
        note(&route, route.text("/spec/tls/secretName"));
    }
    if named.is_empty() {
        return Vec::new();
    }
    // Where what makes Secrets may not be read, nothing follows from one that is missing.
    let makers = [(certificates::GROUP, "Certificate"), ("external-secrets.io", "ExternalSecret")];
    if makers.iter().any(|(group, kind)| graph.is_served(group, kind).is_none()) {
        return Vec::new();
    }
    // What cert-manager or another operator makes is missing because of that.
    let certificates = graph.all(certificates::GROUP, "Certificate");
    let mut made: BTreeSet<ObjectRef> =
        certificates.map(|one| secret(&one.object.namespace, one.text("/spec/secretName"))).collect();
    for one in graph.all("external-secrets.io", "ExternalSecret") {
        let name = match one.text("/spec/target/name") {
            "" => one.object.name.as_str(),
            name => name,
        };
        made.insert(secret(&one.object.namespace, name));
    }
    named.retain(|secret, _| !made.contains(secret));
    // One list of this type answers for almost all: only the others are asked for by name.
    let typed: BTreeSet<&ObjectRef> =
        graph.selected("", "Secret", "type=kubernetes.io/tls").map(|secret| secret.object).collect();
    named.retain(|secret, _| !typed.contains(secret));
    if let Some(rest @ 1..) = named.len().checked_sub(MOST) {
        graph.leave_open(format!("{rest} TLS Secrets that routes name: only the first {MOST} are looked for"));
    }
    let missing = named.into_iter().take(MOST).filter(|(secret, _)| is_there(&graph.get(secret)) == Some(false));
    missing.filter_map(|(secret, users)| diagnosis(graph, &secret, &users)).collect()
}

fn diagnosis(graph: &LiveGraph, secret: &ObjectRef, users: &[ObjectRef]) -> Option<Diagnosis> {
    let first = users.first()?;
    let live = graph.get(first).found()?;
    // cert-manager makes the Certificate of an Ingress by its annotations.
    let asks = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"];
    let asks = asks.into_iter().find(|name| !live.annotation(name).is_empty());
    let why = match asks {
        Some(name) => format!("the annotation {name} should bring it, but cert-manager has made no Certificate"),
        None => "nothing in the cluster makes it".to_owned(),
    };
    let names = names_of(users.iter().map(ObjectRef::told));
    let message = format!("{} is missing: {names} serves a certificate that nobody trusts; {why}", secret.told());
    let fix = match asks {
        Some(_) => "Look whether cert-manager runs, and what its log says about the Ingress.",
        None => {
            "Add the Secret with tls.crt and tls.key in the route's own namespace, or a Certificate with this secretName."
        }
    };
    Some(
        Diagnosis::new(CAUSE.id, first, message)
            .lacking(secret)
            .seen_all([live.field_evidence("tls.secretName", &secret.name)])
            .seen(format!("{} is not there", secret.told()), None, "the API server")
            .explaining(users.iter().skip(1).cloned())
            .look_at(graph.shell("kubectl get secret {} -n {}", &[&secret.name, &secret.namespace]))
            .look_at(graph.shell("kubectl get certificates -n {}", &[&secret.namespace]))
            .mended_by(Remedy::change(fix, "the route serves its own certificate"))
            .documented("https://kubernetes.io/docs/concepts/services-networking/ingress/#tls"),
    )
}
