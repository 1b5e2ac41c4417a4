//! A workload runs with a value that is still sealed.

use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;

pub(super) const CAUSE: Cause =
    Cause { id: "literal-encrypted-value", title: "A workload has a sealed value as its environment", find };

const SEALED: &str = "ENC[AES256_GCM,";

/// kustomize-controller refuses sealed Secrets alone: any other object with `ENC[…]` is applied as it is.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let workloads = kinds::WORKLOADS.iter().flat_map(|kind| graph.all(kind.group, kind.kind));
    let found = workloads.filter_map(|live| {
        let containers = live.items("/spec/template/spec/containers").iter();
        let variables = containers.filter_map(|one| one.get("env")?.as_array()).flatten();
        let text = crate::doctor::live::text;
        let sealed = variables.filter(|one| text(one, "/value").starts_with(SEALED)).map(|one| text(one, "/name"));
        let names: Vec<String> = sealed.map(str::to_owned).collect();
        let first = names.first()?;
        let object = live.object;
        let message = format!("{} runs with the sealed text ENC[…] as {}", object.told(), super::failure::some_of(&names));
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .seen_all([live.field_evidence(&format!("spec.template.spec.containers env {first}"), "ENC[AES256_GCM,…]")])
                .look_at(graph.yaml(object))
                .mended_by(Remedy::change(
                    "Put the value into a Secret that is sealed as a whole, add spec.decryption to the Kustomization that applies it, and push.",
                    "the pods have the plain value",
                ))
                .documented("https://fluxcd.io/flux/guides/mozilla-sops/"),
        )
    });
    found.collect()
}
