//! The repository has the chart, but not in that version.

use super::trouble::{ServerTrouble, trouble};
use super::{charts_that, declared, source_of};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ShellLine};

pub(super) const CAUSE: Cause = Cause { id: "chart-version-not-found", title: "A chart has no such version", find };

/// source-controller 1.7: `no 'NAME' chart with version matching 'VERSION' found` of an index, `could not locate a version
/// matching provided version string VERSION` of a registry's tags, and `failed to download chart for remote reference:
/// failed to get 'oci://…:VERSION': … not found` of a tag.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    charts_that(graph, is_it, diagnosis)
}

fn is_it(ready: &Condition) -> bool {
    let said = &ready.message;
    let is_tag = said.contains("failed to download chart") && trouble(said) == Some(ServerTrouble::Missing);
    said.contains("chart with version matching")
        || said.contains("could not locate a version matching")
        || said.contains("no chart version found")
        || is_tag
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Diagnosis {
    let (chart, version) = (live.text("/spec/chart"), live.text("/spec/version"));
    let object = declared(graph, live);
    let from = source_of(graph, live.object).map_or_else(String::new, crate::model::ObjectRef::told);
    let version = if version.is_empty() { "*" } else { version };
    let mut message = format!("{}: {from} has no version of chart {chart} that fits {version}", object.told());
    let kept = live.text("/status/artifact/revision");
    if !kept.is_empty() {
        message.push_str("; its release stays at ");
        message.push_str(kept);
    }
    let diagnosis = Diagnosis::new(CAUSE.id, object, message).seen_all([live.field_evidence("spec.version", version)]);
    about(diagnosis, live, ready).look_at(graph.describe(live.object))
        .look_at(available(graph, live))
        .mended_by(Remedy::change(
            "Set spec.chart.spec.version to a version that there is (with or without `v`, as the repository writes it); a version that was published just now is found at the next fetch of the index.",
            "the HelmChart is Ready True, and its releases follow",
        ))
        .documented("https://fluxcd.io/flux/components/source/helmcharts/#version")
}

/// Adds what is the same for every chart that is not found: its evidence, and that it explains the HelmChart.
pub(super) fn about(diagnosis: Diagnosis, chart: &LiveObject<'_>, ready: &Condition) -> Diagnosis {
    let source = format!("{} {}", chart.text("/spec/sourceRef/kind"), chart.text("/spec/sourceRef/name"));
    let explained = Some(chart.object.clone()).filter(|one| *one != diagnosis.object);
    diagnosis
        .seen_all([chart.condition_evidence(ready), chart.field_evidence("spec.sourceRef", &source)])
        .explaining(explained)
}

/// Writes how the versions that there are can be seen.
pub(super) fn available(graph: &LiveGraph, chart: &LiveObject<'_>) -> ShellLine {
    let name = chart.text("/spec/chart");
    let source = source_of(graph, chart.object).and_then(|source| graph.get(source).found());
    match source.map(|source| (source.object.clone(), source.text("/spec/url"))) {
        Some((_, url)) if url.starts_with("oci://") => {
            ShellLine::new("helm show chart {}", &[&format!("{}/{name}", url.trim_end_matches('/'))])
        }
        Some((source, url)) if source.kind == "HelmRepository" && !url.is_empty() => {
            ShellLine::new("helm show chart {} --repo {}", &[name, url])
        }
        Some((source, _)) => graph.describe(&source),
        None => graph.describe(chart.object),
    }
}
