//! Causes in what a cluster rests on: nodes, storage, databases, certificates, addresses, routes, secrets of others.

use super::Cause;

mod certificates;
mod databases;
mod nodes;
mod storage;

causes! {
    control_plane_quorum,
    node_not_ready,
    node_pressure,
    node_network,
    node_cordoned,
    node_disk_filling,
    longhorn_volume_faulted,
    longhorn_volume_degraded,
    longhorn_volume_not_scheduled,
    longhorn_disk,
    cnpg_not_healthy,
    cnpg_no_primary,
    cnpg_disk_full,
    cnpg_archiving,
    cnpg_backup,
    cnpg_restore,
    cnpg_not_applied,
    issuer_missing,
    issuer_not_ready,
    acme_solver,
    dns_propagation,
    http_self_check,
    acme_order,
    certificate_denied,
    certificate_not_issued,
    certificate_ending,
    load_balancer,
    ingress_route,
    ingress_backend,
    ingress_class,
    tls_secret,
    gateway_route,
    renovate,
    api_service,
    external_secret,
    secret_store,
    namespace_terminating,
    persistent_volume,
}

use jiff::Timestamp;
use serde_json::Value;

use crate::doctor::graph::Lookup;
use crate::doctor::live::text;
use crate::doctor::{LiveGraph, LiveObject};
use crate::model::ObjectRef;
use crate::model::clock::age;
use crate::model::text::some_of;

/// Says for how long something lasts by now: `has not been ready for 12m`; `is not ready` while the time is unknown.
fn for_long(now: Timestamp, at: Option<Timestamp>, [present, perfect]: [&str; 2]) -> String {
    at.map_or_else(|| present.to_owned(), |at| format!("{perfect} {}", age(now, at)))
}

/// Lists names for a sentence: the first three, and how many more there are.
fn names_of(names: impl IntoIterator<Item = String>) -> String {
    some_of(names, ", ")
}

/// Reads a condition that stands anywhere in an object, and whose times may be empty texts, as Longhorn writes them.
#[derive(Debug, Clone, Copy)]
struct PlainCondition<'a> {
    status: &'a str,
    reason: &'a str,
    message: &'a str,
    at: Option<Timestamp>,
    /// The generation that it is about.
    observed: Option<i64>,
}

impl<'a> PlainCondition<'a> {
    /// Finds a condition by its type in a list of conditions.
    fn of(conditions: Option<&'a Value>, kind: &str) -> Option<Self> {
        let all = conditions.and_then(Value::as_array)?;
        all.iter().find(|one| text(one, "/type") == kind).map(Self::read)
    }

    fn read(value: &'a Value) -> Self {
        Self {
            status: text(value, "/status"),
            reason: text(value, "/reason"),
            message: text(value, "/message"),
            at: text(value, "/lastTransitionTime").parse().ok(),
            observed: value.get("observedGeneration").and_then(Value::as_i64),
        }
    }

    /// Returns the message, or the reason where there is none.
    fn says(&self) -> &'a str {
        if self.message.trim().is_empty() { self.reason } else { self.message }
    }
}

/// Tells whether an object is there as far as that is known: `Some(false)` is what the server said.
fn is_there(lookup: &Lookup<LiveObject<'_>>) -> Option<bool> {
    match lookup {
        Lookup::Found(_) => Some(true),
        Lookup::Absent => Some(false),
        Lookup::Unknown => None,
    }
}

/// Names a Secret.
fn secret(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new("Secret", "", namespace, name)
}

/// Names a Service.
fn service(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new("Service", "", namespace, name)
}

/// Finds a Service by its name, among all: it is not asked for by itself.
fn found_service<'a>(graph: &'a LiveGraph, namespace: &str, name: &str) -> Lookup<LiveObject<'a>> {
    if graph.is_listed("", "Service") { graph.get(&service(namespace, name)) } else { Lookup::Unknown }
}

/// Tells whether a Service has a port, by its number or its name; one without ports, as an `ExternalName` may be, has all.
fn has_port(service: &LiveObject<'_>, port: &Value) -> bool {
    let ports = service.items("/spec/ports");
    let is_it = |one: &Value| match port {
        Value::Number(number) => one.get("port").and_then(Value::as_i64) == number.as_i64(),
        Value::String(name) => {
            text(one, "/name") == name
                || one.get("port").and_then(Value::as_i64).is_some_and(|number| name.parse() == Ok(number))
        }
        _ => true,
    };
    ports.is_empty() || ports.iter().any(is_it)
}

/// Lists the ports of a Service for a sentence: `80 (http), 443 (https)`.
fn ports_of(service: &LiveObject<'_>) -> String {
    names_of(service.items("/spec/ports").iter().map(|one| {
        let number = one.get("port").map(ToString::to_string).unwrap_or_default();
        match text(one, "/name") {
            "" => number,
            name => format!("{number} ({name})"),
        }
    }))
}
