//! The account that a Kustomization applies with may not do so.

use super::failure::{Failure, kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "forbidden", title: "The applying account lacks a right", find };

/// The API server says `… is forbidden: User "system:serviceaccount:NS:NAME" cannot VERB resource "R" in API group "G" …`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let granting = kustomizations(graph).filter_map(|failure| granting(graph, &failure));
    let failed = kustomizations(graph)
        .filter(|failure| failure.said.reason != "PruneFailed" && failure.says("is forbidden: User \""));
    let found = failed.filter_map(|failure| {
        let object = failure.object();
        let user = between(failure.message(), "is forbidden: User \"", "\"")?;
        let denied = failure.message().lines().find_map(|line| line.split_once(&format!("User \"{user}\" ")).map(|(_, denied)| denied))?;
        let account = user.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
        let account = account.map(|(namespace, name)| ObjectRef::new("ServiceAccount", "", namespace, name));
        let is_missing = account.as_ref().is_some_and(|account| graph.get(account).is_absent());
        let message = match &account {
            Some(account) if is_missing => format!("{} applies as {}, which does not exist", object.told(), account.told()),
            Some(account) => format!("{} applies as {}, which {}", object.told(), account.told(), short(denied)),
            None => format!("{} applies as {user}, which {}", object.told(), short(denied)),
        };
        let (verb, resource) = (between(denied, "cannot ", " resource").unwrap_or("patch"), between(denied, "resource \"", "\"").unwrap_or("pods"));
        let namespace = between(denied, "in the namespace \"", "\"").unwrap_or("default");
        let line = graph.shell("kubectl auth can-i {} {} -n {} --as {}", &[verb, resource, namespace, user]);
        let found = failure.found(CAUSE.id, message);
        let found = account.iter().filter(|_| is_missing).fold(found, Diagnosis::lacking).look_at(line).documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#role-based-access-control");
        let what = if is_missing {
            "Add the ServiceAccount with a RoleBinding, or correct spec.serviceAccountName, and push."
        } else {
            "Bind a Role to the account that allows this (in the Kustomization that makes the account, not in this one), and push."
        };
        Some(then_push(graph, found, object, what))
    });
    found.chain(granting).collect()
}

/// Nobody may grant what they do not hold: `roles.rbac.authorization.k8s.io "R" is forbidden: user "U" (groups=[…]) is
/// attempting to grant RBAC permissions not currently held: …`.
fn granting(graph: &LiveGraph, failure: &Failure<'_>) -> Option<Diagnosis> {
    let user = between(failure.message(), "is forbidden: user \"", "\"")
        .filter(|_| failure.says("attempting to grant RBAC permissions not currently held"))?;
    let (object, at) = (failure.object(), failure.named());
    let rights = failure.message().split_once("not currently held:").map_or("", |(_, rights)| rights);
    let message = format!(
        "{} applies as {user}, which may not grant by {} what it does not hold itself: {}",
        object.told(),
        at.told(),
        short(rights)
    );
    let found = failure
        .found(CAUSE.id, message)
        .look_at(graph.shell("kubectl auth can-i --list --as {} -n {}", &[user, &object.namespace]))
        .documented("https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping");
    let what = "Take the rights out of the role that the account does not have; or let a Kustomization with more rights apply it; or bind the account a role with these rights (or with the verbs escalate and bind). Then push.";
    Some(then_push(graph, found, object, what))
}
