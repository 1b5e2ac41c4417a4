//! A post renderer of a release fails on what the chart renders to.

use super::MANUAL;
use super::failure::{WhyFailed, failures};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-post-render-failed", title: "A post renderer of a release fails", find };

/// helm 3.19 in helm-controller 1.4: `error while running post render on files: WHY`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::PostRender).map(|failure| {
        let said = failure.said.split_once("post render").map_or(failure.said.as_str(), |(_, rest)| rest);
        let said = said.trim_start_matches(" on files").trim_start_matches([':', ' ']);
        failure
            .diagnosis(graph, CAUSE.id, &format!("spec.postRenderers cannot be applied to it: {}", short(said)))
            .look_at(graph.yaml(failure.live.object))
            .mended_by(Remedy::change(
                "Correct the patch in spec.postRenderers[].kustomize: its target (kind, name) and its path have to be in what this version of the chart renders; an upgrade of the chart may have renamed them. Then push.",
                "Ready True",
            ))
            .documented(&format!("{MANUAL}#post-renderers"))
    });
    found.collect()
}
