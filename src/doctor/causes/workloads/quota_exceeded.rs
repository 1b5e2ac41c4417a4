//! A `ResourceQuota` refuses pods.

use super::pods::joined;
use super::refusals::{self, Admission, Refused};
use crate::doctor::live::text;
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::model::ObjectRef;
use crate::model::nodes::quantity;

pub(super) const CAUSE: Cause = Cause { id: "quota-exceeded", title: "A quota refuses pods", find };

/// `exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=4, limited: requests.cpu=4`, or `failed
/// quota: compute: must specify limits.cpu for: main`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::Quota);
    joined(all.iter().filter_map(|one| diagnosis(graph, one)))
}

/// Tells it, with the quota's name.
fn diagnosis(graph: &LiveGraph, one: &Refused) -> Option<(String, Diagnosis)> {
    let said = one.said.as_str();
    let rest =
        said.split_once("exceeded quota: ").or_else(|| said.split_once("failed quota: ")).map(|(_, rest)| rest)?;
    let name = rest.split([',', ':']).next().unwrap_or_default();
    let quota = ObjectRef::new("ResourceQuota", "", &one.workload.namespace, name);
    let asked = rest.split_once("requested: ").map(|(_, rest)| rest.split(", used: ").next().unwrap_or_default());
    let is_mended = match graph.get(&quota) {
        Lookup::Absent => true,
        Lookup::Found(live) => asked.is_some_and(|asked| fits(&live, asked)),
        Lookup::Unknown => false,
    };
    let what =
        match between(rest, "must specify ", "\n").or_else(|| rest.split_once("must specify ").map(|(_, rest)| rest)) {
            Some(fields) => format!("its pods have to state {fields}"),
            None => rest.split_once(", ").map_or(rest, |(_, rest)| rest).to_owned(),
        };
    let message = format!(
        "ResourceQuota {}/{name} refuses pods of {}: {}",
        quota.namespace,
        one.workload.told(),
        crate::doctor::message::short(&what)
    );
    let found = one.diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.describe(&quota))
            .look_at(graph.describe(&one.workload))
            .mended_by(Remedy::change(
                if rest.contains("must specify ") {
                    "State these fields in resources of every container, or add a LimitRange with defaults for them to the namespace (a quota of a resource refuses pods that do not state it), and push."
                } else {
                    "Raise spec.hard of the quota, or lower the requests, limits or replicas of workloads in the namespace, and push."
                },
                "the controller makes the pods at its next try, at the latest 17 minutes after",
            ))
            .documented("https://kubernetes.io/docs/concepts/policy/resource-quotas/");
    Some((quota.to_string(), if is_mended { refusals::mended(graph, found) } else { found }))
}

/// Tells whether what was refused would fit now.
fn fits(quota: &LiveObject<'_>, asked: &str) -> bool {
    asked.split(',').all(|part| {
        let Some((resource, amount)) = part.split_once('=') else { return false };
        let of = |field: &str| {
            let found = quota.value.pointer(&format!("/status/{field}")).and_then(|all| all.get(resource));
            found.and_then(|one| quantity(text(one, "")))
        };
        match (quantity(amount), of("used"), of("hard")) {
            (Some(asked), Some(used), Some(hard)) => asked + used <= hard,
            _ => false,
        }
    })
}
