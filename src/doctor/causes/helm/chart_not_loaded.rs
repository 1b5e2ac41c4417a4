//! The artifact that a release takes as its chart is none, or helm-controller cannot fetch it.

use super::{MANUAL, again, failing, source_of, with};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "chart-not-loaded", title: "A release's artifact is no chart", find };

/// What is said where source-controller does not answer: it is down, which has a cause of its own.
const UNANSWERED: &[&str] = &["connection refused", "i/o timeout", "no such host", "no route to host", "502", "503"];

/// helm-controller 1.4, `ArtifactFailed`: `Could not load chart: failed to load chart from ARTIFACT: WHY`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failing(graph, "ArtifactFailed");
    let found = failed.filter_map(|(live, ready)| {
        let said = ready.message.strip_prefix("Could not load chart: ")?;
        let object = live.object;
        let source = source_of(graph, object)?;
        let is_unanswered = UNANSWERED.iter().any(|words| said.contains(words));
        let message = if is_unanswered {
            format!("{} cannot fetch the artifact of {} from source-controller: {}", object.told(), source.told(), short(said))
        } else {
            format!("{} cannot use the artifact of {} as a chart: {}", object.told(), source.told(), short(said))
        };
        let found = Diagnosis::new(CAUSE.id, object, message)
            .seen_all([live.condition_evidence(&ready)])
            .look_at(graph.yaml(source));
        if is_unanswered {
            return Some(with(found.unless_deeper(), again(graph, source)));
        }
        let found = found
            .mended_by(Remedy::change(
                "Let chartRef name a source that holds a packaged Helm chart: an OCIRepository with the layer application/vnd.cncf.helm.chart.content.v1.tar+gzip (spec.layerSelector, operation: copy), not one of plain manifests. Then push.",
                "Ready True",
            ))
            .documented(&format!("{MANUAL}#chart-reference"));
        Some(with(found, again(graph, object)))
    });
    found.collect()
}
