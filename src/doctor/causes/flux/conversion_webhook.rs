//! The conversion webhook of a definition does not answer, so that nothing of its kind can be read or applied.

use std::collections::BTreeMap;

use serde_json::Value;

use super::crd_missing::definition;
use super::failure::{after, appliers, flux_objects, then_reconcile};
use super::webhook_down::serving;
use crate::doctor::causes::admission_webhooks::service_in;
use crate::doctor::live::text;
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, Evidence, LiveGraph, Remedy};
use crate::model::text::some_of;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "conversion-webhook-down", title: "The conversion webhook of a kind does not answer", find };

const SAYS: &str = "conversion webhook for ";

/// The API server says `conversion webhook for GROUP/VERSION, Kind=KIND failed: Post "https://SERVICE.NAMESPACE.svc:443/…":
/// CAUSE` of each request for the kind in another version than the stored one. No namespace can end then: its controller
/// lists every kind, and writes the same into `NamespaceDeletionContentFailure`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let applied = appliers(graph).map(|failure| {
        let seen = failure.live.condition_evidence(&failure.said);
        (failure.object(), failure.message().to_owned(), seen)
    });
    let ending = graph.all("", "Namespace").filter(|one| one.text("/status/phase") == "Terminating");
    let held = ending.filter_map(|live| {
        let says = |one: &&Value| text(one, "/status") == "True" && text(one, "/message").contains(SAYS);
        let condition = live.items("/status/conditions").iter().find(says)?;
        let (message, kind) = (text(condition, "/message"), text(condition, "/type"));
        let from = format!("{} condition {kind}=True", live.object.told());
        let at = text(condition, "/lastTransitionTime").parse().ok();
        Some((live.object, message.to_owned(), Evidence { text: message.to_owned(), at, from }))
    });
    let mut by_kind: BTreeMap<(String, String), Vec<Said<'_>>> = BTreeMap::new();
    for said in applied.chain(held) {
        if let Some(kind) = between(&said.1, SAYS, " failed: ").and_then(kind_in) {
            by_kind.entry(kind).or_default().push(said);
        }
    }
    by_kind.iter().filter_map(|((group, kind), all)| diagnosis(graph, group, kind, all)).collect()
}

/// Holds who is held up, what is said of it, and where that was read.
type Said<'a> = (&'a ObjectRef, String, Evidence);

/// Reads group and kind out of `GROUP/VERSION, Kind=KIND`.
fn kind_in(said: &str) -> Option<(String, String)> {
    let (version, kind) = said.split_once(", Kind=")?;
    let (group, _) = version.split_once('/')?;
    Some((group.to_owned(), kind.to_owned()))
}

/// Finds the Kustomizations that are to remove objects of the kind, and cannot.
fn pruning(graph: &LiveGraph, group: &str, kind: &str) -> Vec<ObjectRef> {
    let end = format!("_{group}_{kind}");
    let holds = flux_objects(graph)
        .filter(|(live, _, flux)| live.is_deleting() && flux.inventory.iter().any(|id| id.ends_with(&end)));
    holds.map(|(live, ..)| live.object.clone()).collect()
}

fn diagnosis(graph: &LiveGraph, group: &str, kind: &str, all: &[Said<'_>]) -> Option<Diagnosis> {
    let (first, said, _) = all.first()?;
    let (definition, service) = (definition(group, kind), service_in(said));
    let deployment = service.as_ref().and_then(|service| serving(graph, service));
    let down = deployment.filter(|live| graph.row(live.object).is_none_or(|row| row.state != State::Ready));
    let is_missing = service.as_ref().is_some_and(|service| graph.get(service).is_absent());
    let why = match (&down, &service) {
        (Some(live), _) => format!(
            "{} has {} of {} pods ready",
            live.object.told(),
            live.number("/status/readyReplicas").unwrap_or(0),
            live.number("/spec/replicas").unwrap_or(1)
        ),
        (None, Some(service)) if is_missing => format!("{} does not exist", service.told()),
        _ => after(said, " failed: Post "),
    };
    let (namespaces, others): (Vec<&Said<'_>>, Vec<&Said<'_>>) = all.iter().partition(|one| one.0.kind == "Namespace");
    let names = |all: &[&Said<'_>]| some_of(all.iter().map(|one| one.0.told()), ", ");
    let mut fate = Vec::new();
    if !others.is_empty() {
        fate.push(format!("{} cannot be applied", names(&others)));
    }
    if !namespaces.is_empty() {
        fate.push(format!("{} cannot end", names(&namespaces)));
    }
    let message = format!(
        "The conversion webhook of {kind} ({group}) does not answer, so nobody can read the kind, and {}: {why}",
        fate.join(", and ")
    );
    let object = down.map_or(&definition, |live| live.object);
    let mut found = Diagnosis::new(CAUSE.id, object, message)
        .seen_all(others.iter().chain(&namespaces).take(3).map(|one| one.2.clone()))
        .explaining(all.iter().map(|one| one.0.clone()))
        .explaining(pruning(graph, group, kind))
        .look_at(graph.yaml(&definition))
        .documented("https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion");
    if let Some(service) = &service {
        found = found
            .look_at(graph.shell(
                "kubectl get endpointslices -n {} -l kubernetes.io/service-name={}",
                &[&service.namespace, &service.name],
            ))
            .lacking(service);
    }
    if let Some(live) = down {
        found = found.unless_deeper().look_at(graph.describe(live.object));
    }
    found = found.mended_by(Remedy::change(
        "Bring the operator's webhook up (its release, its pods, its Service); where the definition names another Service than the operator has, correct spec.conversion of the definition, and push.",
        "objects of the kind can be listed",
    ));
    if is_missing {
        let line = graph.shell(
            "kubectl patch crd {} --type=merge -p '{\"spec\":{\"conversion\":{\"strategy\":\"None\",\"webhook\":null}}}'",
            &[&definition.name],
        );
        let why = "Where the operator was removed for good: the API server then changes the version alone, so that objects can be listed and deleted.";
        found = found.mended_by(Remedy::new(line, why, "objects of the kind can be listed"));
    }
    Some(then_reconcile(graph, found, first))
}
