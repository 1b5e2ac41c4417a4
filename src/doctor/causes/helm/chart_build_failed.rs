//! source-controller cannot make the chart's archive: its dependencies, values files, version or signature.

use super::chart_version_not_found::about;
use super::trouble::{ServerTrouble, trouble};
use super::{declared, failing_sources};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause =
    Cause { id: "chart-build-failed", title: "A chart cannot be built from its source", find };

/// The reasons of source-controller 1.7 (`internal/helm/chart/errors.go`), each with what it is about and what mends it.
const REASONS: &[(&str, &str, &str)] = &[
    (
        "DependencyBuildError",
        "its dependencies cannot be fetched",
        "Correct dependencies in Chart.yaml: each repository needs to be reached, and one that needs credentials needs a HelmRepository of the same address in the namespace.",
    ),
    (
        "ValuesFilesError",
        "one of its values files is not there or cannot be read",
        "Correct spec.chart.spec.valuesFiles: paths count from the root of a Git source, and within the chart otherwise.",
    ),
    ("MetadataPatchError", "its version is no semantic version", "Correct version in Chart.yaml."),
    ("ChartPackageError", "it cannot be packaged", "Correct the chart: `helm lint` and `helm package` say the same."),
    (
        "ChartVerificationError",
        "its signature is not the one that spec.verify asks for",
        "Check who signed this version before anything else; then correct spec.verify, or pin a version that is signed.",
    ),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failing_sources(graph, "HelmChart").filter_map(|(live, ready)| diagnosis(graph, &live, &ready)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let (_, what, fix) = REASONS.iter().find(|(reason, ..)| *reason == ready.reason)?;
    let said = ready.message.split_once("error: ").map_or(ready.message.as_str(), |(_, rest)| rest);
    let object = declared(graph, live);
    let message =
        format!("{}: chart {} cannot be built, {what}: {}", object.told(), live.text("/spec/chart"), short(said));
    let mut diagnosis =
        about(Diagnosis::new(CAUSE.id, object, message), live, ready).look_at(graph.describe(live.object));
    if matches!(trouble(said), Some(ServerTrouble::Unreachable(_))) {
        diagnosis = diagnosis.or("chart-repository-unreachable");
    }
    Some(
        diagnosis
            .mended_by(Remedy::change(*fix, "the HelmChart is Ready True, and its releases follow"))
            .documented("https://fluxcd.io/flux/components/source/helmcharts/"),
    )
}
