//! Objects are still stored in a version that their definition no longer has.

use super::failure::{Failure, appliers, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::known::is_flux;

pub(super) const CAUSE: Cause =
    Cause { id: "stored-version", title: "Objects are stored in a version that is gone", find };

/// The API server says `status.storedVersions[0]: Invalid value: "v1beta2": must appear in spec.versions` (since Kubernetes
/// 1.31 `missing from spec.versions`) of a new definition, and of an object whose managedFields name an old version
/// `request to convert CR to an invalid group/version: notification.toolkit.fluxcd.io/v1beta1`. Each version of Flux that
/// removes one brings them (2.7: fluxcd/flux2, discussion 5572).
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    appliers(graph).filter_map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &Failure<'_>) -> Option<Diagnosis> {
    let said = failure.message();
    let stored = between(said, "status.storedVersions[", "spec.versions").and_then(|part| between(part, "\"", "\""));
    let converted = said.split_once("an invalid group/version: ").filter(|_| failure.says("request to convert CR"));
    let (group, message) = if let Some(version) = stored {
        let definition = between(said, "CustomResourceDefinition.apiextensions.k8s.io \"", "\"").unwrap_or_default();
        let group = definition.split_once('.').map_or("", |(_, group)| group);
        let message = format!(
            "CustomResourceDefinition/{definition} cannot be replaced: objects are stored as {version}, which the new one does not have"
        );
        (group, message)
    } else {
        let (_, version) = converted?;
        let version = version.split([' ', ',', '\n', '"', ')']).next().unwrap_or(version).trim_end_matches(['.', ';']);
        let group = crate::model::api_group(version);
        let named = failure.named();
        let message = format!(
            "{} cannot be applied: the cluster still has it as {version}, which its definition does not have any more",
            named.told()
        );
        (group, message)
    };
    let found = failure.found(CAUSE.id, message).look_at(graph.shell(
        "kubectl get crds -o 'custom-columns=NAME:.metadata.name,STORED:.status.storedVersions,SERVED:.spec.versions[*].name'",
        &[],
    ));
    let found = if is_flux(group) {
        let why = "It writes every object of Flux again in its present version, and takes the old ones out of storedVersions. flux-operator does so by itself, or with: flux-operator reconcile instance flux --force.";
        found
            .mended_by(Remedy::new(graph.shell("flux migrate", &[]), why, "no old version is left in STORED"))
            .documented("https://github.com/fluxcd/flux2/discussions/5572")
    } else {
        found
            .mended_by(Remedy::change(
                "Go to a version of the operator that has both versions, write each object again in the new one, take the old one out of status.storedVersions of the definition, then go on.",
                "no old version is left in STORED",
            ))
            .documented("https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#upgrade-existing-objects-to-a-new-stored-version")
    };
    Some(then_reconcile(graph, found, failure.object()))
}
