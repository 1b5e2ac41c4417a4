//! A namespace cannot be deleted.

use super::{PlainCondition, api_service, nodes};
use crate::doctor::message::{between, short};
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::ObjectRef;
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "namespace-terminating", title: "A namespace cannot be deleted", find };

/// What the namespace controller writes where something remains, the most telling first
/// (kube-controller-manager, `namespaced_resources_deleter.go`).
const CONDITIONS: &[&str] = &[
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let ending = graph.all("", "Namespace").filter(|one| one.text("/status/phase") == "Terminating");
    ending.filter_map(|namespace| diagnosis(graph, &namespace)).collect()
}

fn diagnosis(graph: &LiveGraph, namespace: &LiveObject<'_>) -> Option<Diagnosis> {
    let since = namespace.time("/metadata/deletionTimestamp")?;
    let conditions = namespace.value.pointer("/status/conditions");
    let mut told: Vec<(&str, PlainCondition<'_>)> = CONDITIONS
        .iter()
        .filter_map(|kind| Some((*kind, PlainCondition::of(conditions, kind).filter(|one| one.status == "True")?)))
        .collect();
    // Its controller lists every kind, also those of which none is here: a conversion webhook has a cause of its own.
    let has_finalizers = told.iter().any(|(kind, _)| *kind == "NamespaceFinalizersRemaining");
    told.retain(|(_, one)| !(has_finalizers && one.message.contains("conversion webhook for ")));
    let (kind, first) = told.first()?;
    // An API that does not answer, and a pod on a lost node, are causes of their own.
    let is_explained = (*kind == "NamespaceDeletionDiscoveryFailure" && !api_service::unavailable(graph).is_empty())
        || nodes::not_ready(graph).iter().any(|(node, _)| {
            nodes::pods_at_fault(graph, node.object).iter().any(|pod| pod.object.namespace == namespace.object.name)
        });
    if !graph.is_past(Some(since), 300) || is_explained {
        return None;
    }
    let waits_for_webhook = first.message.contains("conversion webhook for ");
    let name = &namespace.object.name;
    let message = format!(
        "{} has been in deletion for {} and does not end: {}",
        namespace.object.told(),
        age(graph.now, since),
        short(first.says())
    );
    let evidence = told.iter().map(|(kind, one)| crate::doctor::Evidence {
        text: one.says().to_owned(),
        at: one.at,
        from: format!("{} condition {kind}=True", namespace.object.told()),
    });
    let remaining = told.iter().find_map(|(_, one)| between(one.message, "remaining: ", " has "));
    let mut found = Diagnosis::new(CAUSE.id, namespace.object, message)
        .seen_all(evidence)
        .explaining(refused(graph, name))
        .look_at(graph.yaml(namespace.object));
    if waits_for_webhook {
        found = found.unless_deeper().mended_by(Remedy::change(
            "Bring the conversion webhook up that is named: until it answers, no namespace ends.",
            "the namespace is gone",
        ));
        return Some(found);
    }
    if let Some(kind) = remaining {
        let kind = kind.trim_end_matches('.');
        found = found.look_at(graph.shell("kubectl get {} -n {} -o yaml", &[kind, name]));
    }
    Some(
        found
            .mended_by(Remedy::change(
                "Bring back the controller whose finalizer remains: it cleans up and lets go. Only where it is gone for good, take its finalizer away from each object that remains.",
                "the namespace is gone",
            ))
            .documented("https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace"),
    )
}

/// Names what Flux cannot apply because the namespace ends: `… because it is being terminated`.
fn refused(graph: &LiveGraph, name: &str) -> Vec<ObjectRef> {
    let words = format!("in namespace {name} because it is being terminated");
    let all = [kinds::KUSTOMIZATION, kinds::HELM_RELEASE].into_iter().flat_map(|kind| graph.all(kind.group, kind.kind));
    all.filter(|live| graph.row(live.object).is_some_and(|row| row.message.contains(&words)))
        .map(|live| live.object.clone())
        .collect()
}
