//! The API server does not accept an object of a chart.

use super::MANUAL;
use super::failure::{WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-manifest-invalid", title: "An object of a chart is not valid", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::Manifest).map(|failure| {
        let (what, said) = match failure.refused() {
            Some((kind, name)) => {
                let said = failure.said.split_once("\" is invalid: ").map_or(failure.said.as_str(), |(_, rest)| rest);
                (format!("{kind} {name} is not valid: "), short(said))
            }
            None => (String::new(), failure.words()),
        };
        failure
            .diagnosis(graph, CAUSE.id, &format!("{what}{said}"))
            .look_at(graph.yaml(failure.live.object))
            .mended_by(Remedy::change(
                "Correct the value that the field is made of (spec.values, spec.valuesFrom), or the chart; spec.postRenderers may have changed it too.",
                "Ready True",
            ))
            .documented(&format!("{MANUAL}#values"))
    });
    found.collect()
}
