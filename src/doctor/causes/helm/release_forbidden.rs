//! helm-controller may not make an object of a chart, or a quota is full.

use super::failure::{FailedRelease, WhyFailed, failures};
use super::{MANUAL, failing};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause =
    Cause { id: "release-forbidden", title: "A release may not make one of its objects", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failures(graph, WhyFailed::Forbidden).map(|failure| diagnosis(graph, &failure));
    let undecided = failing(graph, "StateError").filter_map(|(live, ready)| storage(graph, &live, &ready));
    failed.chain(undecided).collect()
}

/// The service account may not read helm's own storage; helm-controller 1.4: `Could not determine release state: failed to
/// retrieve last release from storage: query: failed to query with labels: secrets is forbidden: User
/// "system:serviceaccount:apps:deployer" cannot list resource "secrets" …`.
fn storage(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let (_, why) = ready.message.split_once(" is forbidden: ").filter(|(_, why)| why.contains("User \""))?;
    let object = live.object;
    let account = between(why, "User \"system:serviceaccount:", "\"").and_then(|account| account.split_once(':'));
    let account = account.map(|(namespace, name)| ObjectRef::new("ServiceAccount", "", namespace, name));
    if let Some(account) = account.filter(|account| graph.get(account).is_absent()) {
        let message = format!("{} is applied as {}, which does not exist", object.told(), account.told());
        let found = Diagnosis::new(CAUSE.id, object, message)
            .seen_all([live.condition_evidence(ready)])
            .lacking(&account)
            .look_at(graph.shell("kubectl get serviceaccounts -n {}", &[&account.namespace]))
            .mended_by(Remedy::change(
                "Add the ServiceAccount with a RoleBinding, or correct spec.serviceAccountName, and push.",
                "Ready True",
            ))
            .documented(&format!("{MANUAL}#service-account-reference"));
        return Some(found);
    }
    let message = format!("{} cannot read what helm stored of it: {}", object.told(), short(why));
    let found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(ready)])
        .look_at(graph.describe(object));
    Some(match between(why, "User \"", "\"") {
        Some(user) => may_not(graph, found, user, &object.namespace),
        None => found,
    })
}

/// Adds what to do where a service account lacks rights.
fn may_not(graph: &LiveGraph, found: Diagnosis, user: &str, namespace: &str) -> Diagnosis {
    found
        .look_at(graph.shell("kubectl auth can-i --list --as {} -n {}", &[user, namespace]))
        .mended_by(Remedy::change(
            "Bind a Role with these rights to that service account: the release is applied as spec.serviceAccountName, or as the controller's --default-service-account.",
            "Ready True",
        ))
        .documented(&format!("{MANUAL}#service-account-reference"))
}

/// The API server: `deployments.apps "web" is forbidden: User "system:serviceaccount:apps:deployer" cannot create resource
/// …`, `services "web" is forbidden: exceeded quota: small, requested: …, used: …, limited: …`.
fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let why = failure.said.split_once(" is forbidden: ").map_or_else(|| failure.words(), |(_, why)| short(why));
    let what = failure.refused().map_or_else(|| "an object".to_owned(), |(kind, name)| format!("{kind} {name}"));
    let diagnosis = failure.diagnosis(graph, CAUSE.id, &format!("{what} is forbidden: {why}"));
    if let Some(quota) = between(&failure.said, "exceeded quota: ", ",") {
        let quota = ObjectRef::new("ResourceQuota", "", &failure.namespace, quota);
        return diagnosis.look_at(graph.describe(&quota)).mended_by(Remedy::change(
            "Raise the ResourceQuota, or ask for less in the release's values.",
            "Ready True, and the quota has room",
        ));
    }
    match between(&failure.said, "User \"", "\"") {
        Some(user) => may_not(graph, diagnosis, user, &failure.namespace),
        None => diagnosis.look_at(graph.yaml(failure.live.object)),
    }
}
