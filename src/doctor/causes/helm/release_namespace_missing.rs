//! The namespace that a release goes into is not there.

use super::failure::{FailedRelease, WhyFailed, failures};
use super::{MANUAL, again, failing, with};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "release-namespace-missing", title: "The namespace of a release is missing", find };

/// helm: `create: failed to create: namespaces "web" not found`, where its storage or an object goes there.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failures(graph, WhyFailed::Namespace)
        .filter_map(|failure: FailedRelease<'_>| diagnosis(graph, &failure.live, &failure.condition));
    let undecided = failing(graph, "StateError").filter_map(|(live, ready)| diagnosis(graph, &live, &ready));
    failed.chain(undecided).collect()
}

fn diagnosis(
    graph: &LiveGraph,
    live: &crate::doctor::LiveObject<'_>,
    condition: &crate::model::Condition,
) -> Option<Diagnosis> {
    let name = between(&condition.message, "namespaces \"", "\" not found")?;
    let namespace = ObjectRef::new("Namespace", "", "", name);
    // It may have been made since.
    if graph.get(&namespace).found().is_some() {
        return None;
    }
    let message = format!("Namespace {name} is missing, and {} installs into it", live.object.told());
    let diagnosis = Diagnosis::new(CAUSE.id, &namespace, message)
        .seen_all([live.condition_evidence(condition)])
        .explaining([live.object.clone()])
        .lacking(&namespace)
        .look_at(graph.shell("kubectl get namespaces", &[]))
        .mended_by(Remedy::change(
            "Add the Namespace to the repository, before the release, or set spec.install.createNamespace: true; a namespace that is misspelt stands in spec.targetNamespace, spec.storageNamespace or the chart's values.",
            "the namespace is there, and Ready True",
        ))
        .documented(&format!("{MANUAL}#target-namespace"));
    Some(with(diagnosis, again(graph, live.object)))
}
