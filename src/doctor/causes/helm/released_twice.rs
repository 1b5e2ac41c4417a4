//! Two HelmReleases have one release, and upgrade it against each other.

use std::collections::BTreeMap;

use super::MANUAL;
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "released-twice", title: "Two HelmReleases have one release", find };

/// helm knows a release by its name and the namespace of its storage; helm-controller 1.4 upgrades one that is not as its
/// own HelmRelease says, at every run.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut by_release: BTreeMap<(&str, &str), Vec<LiveObject<'_>>> = BTreeMap::new();
    for live in graph.all(kinds::HELM_RELEASE.group, kinds::HELM_RELEASE.kind) {
        // Another cluster has releases of its own; one that is suspended does nothing.
        if live.value.pointer("/spec/kubeConfig").is_some() || live.is_deleting() || live.is_true("/spec/suspend") {
            continue;
        }
        let name = live.text("/status/history/0/name");
        if !name.is_empty() {
            by_release.entry((live.text("/status/storageNamespace"), name)).or_default().push(live);
        }
    }
    by_release.iter().filter_map(|((namespace, name), all)| diagnosis(graph, namespace, name, all)).collect()
}

fn diagnosis(graph: &LiveGraph, namespace: &str, name: &str, all: &[LiveObject<'_>]) -> Option<Diagnosis> {
    let last = all.iter().max_by_key(|live| (live.created(), live.object)).filter(|_| all.len() > 1)?;
    let who: Vec<String> = all.iter().map(|live| live.object.told()).collect();
    let message = format!(
        "{} have one release, {namespace}/{name}: each upgrades it to its own values, and the deletion of one removes it for both",
        who.join(" and ")
    );
    let evidence = all.iter().map(|live| {
        let newest = live.items("/status/history").first();
        let chart = newest.map(|one| format!("{}@{}", text(one, "/chartName"), text(one, "/chartVersion")));
        live.field_evidence("status.history[0]", &format!("{name} from {}", chart.unwrap_or_default()))
    });
    Some(
        Diagnosis::new(CAUSE.id, last.object, message)
            .warning()
            .seen_all(evidence)
            .look_at(super::helm(graph, "helm history {} -n {}", &[name, namespace]))
            .mended_by(Remedy::change(
                "Give one of them another spec.releaseName (or namespace), and push; one that is to go has to be suspended before it is deleted, or its deletion uninstalls the release.",
                "helm history grows no more",
            ))
            .documented(&format!("{MANUAL}#release-name")),
    )
}
