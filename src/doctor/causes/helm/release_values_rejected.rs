//! The chart's schema refuses the values of a release.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-values-rejected", title: "The chart's schema refuses the values", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::Schema).map(|failure| diagnosis(graph, &failure)).collect()
}

/// helm 3.18 and newer: `values don't meet the specifications of the schema(s) in the following chart(s):⏎web:⏎- at
/// '/replicas': got string, want integer⏎`; older: `- replicas: Invalid type. Expected: integer, given: string`.
fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let lines = || failure.said.lines().map(str::trim);
    let complaints: Vec<&str> = lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let subchart = lines().find_map(|line| line.strip_suffix(':').filter(|name| !name.contains(' ')));
    let schema = match subchart {
        Some(name) if failure.chart.split('@').next() != Some(name) => format!("the schema of its subchart {name}"),
        _ => "the chart's schema".to_owned(),
    };
    let first = complaints.first().map_or_else(|| failure.words(), |first| short(first));
    let more = match complaints.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count.saturating_sub(1)),
    };
    failure
        .diagnosis(graph, CAUSE.id, &format!("{schema} refuses the values: {first}{more}"))
        .look_at(graph.yaml(failure.live.object))
        .mended_by(Remedy::change(
            "Change the value at that path in spec.values, or in what spec.valuesFrom names, to what the schema asks for; after an upgrade of the chart a value may have been renamed or removed: its changelog says so.",
            "Ready True",
        ))
        .documented(&format!("{MANUAL}#values"))
        .documented("https://helm.sh/docs/topics/charts/#schema-files")
}
