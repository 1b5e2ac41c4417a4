//! The repository has no such chart.

use super::chart_version_not_found::{about, available};
use super::trouble::{ServerTrouble, trouble};
use super::{charts_that, declared, source_of};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::Condition;

pub(super) const CAUSE: Cause = Cause { id: "chart-not-found", title: "A repository has no such chart", find };

/// source-controller 1.7: `… no chart name found` of an index (helm's `ErrNoChartName`), `… could not get tags for "NAME":
/// … 404 …` and `unable to locate any tags in provided repository` of a registry, and of a Git repository `invalid chart
/// reference: stat /tmp/…: no such file or directory`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    charts_that(graph, is_it, diagnosis)
}

fn is_it(ready: &Condition) -> bool {
    let said = &ready.message;
    let is_without_tags = said.contains("could not get tags for") && trouble(said) == Some(ServerTrouble::Missing);
    let is_without_path = ready.reason == "InvalidChartReference" && said.contains("no such file or directory");
    let is_without_file = ready.reason == "InvalidChartReference" && said.contains("no 'Chart.yaml' found");
    said.contains("no chart name found")
        || said.contains("unable to locate any tags")
        || is_without_tags
        || is_without_path
        || is_without_file
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Diagnosis {
    let chart = live.text("/spec/chart");
    let from = source_of(graph, live.object).map_or_else(String::new, crate::model::ObjectRef::told);
    let is_path = live.text("/spec/sourceRef/kind") != "HelmRepository";
    let (what, fix) = if is_path {
        (
            format!("{from} has no chart at the path {chart}"),
            "Correct the path in spec.chart.spec.chart (from the root of the source, to the folder of Chart.yaml), or push the chart; a file that .sourceignore leaves out is not there.",
        )
    } else {
        (
            format!("{from} has no chart named {chart}"),
            "Correct spec.chart.spec.chart or the sourceRef; for a registry the name is what follows the address.",
        )
    };
    let object = declared(graph, live);
    let message = format!("{}: {what}", object.told());
    about(Diagnosis::new(CAUSE.id, object, message), live, ready)
        .look_at(graph.describe(live.object))
        .look_at(available(graph, live))
        .mended_by(Remedy::change(fix, "the HelmChart is Ready True, and its releases follow"))
        .documented("https://fluxcd.io/flux/components/source/helmcharts/#chart")
}
