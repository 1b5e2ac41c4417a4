//! A metric of an autoscaler is missing.

use super::autoscalers::{self, Unscaled};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "autoscaler-metric-missing", title: "A metric of an autoscaler is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = autoscalers::idle(graph, Unscaled::NoMetric);
    let found = all.iter().map(|idle| {
        let object = idle.autoscaler.object;
        let said = idle.condition.message.as_str();
        let why = said.strip_prefix("the HPA was unable to compute the replica count: ").unwrap_or(said);
        let message = format!("{} cannot scale {}: {}", object.told(), idle.target(), short(why));
        idle.diagnosis(graph, CAUSE.id, object, message).mended_by(Remedy::change(
            "Correct the metric's name or selector in spec.metrics, or mend the adapter that provides it, and push.",
            "ScalingActive True",
        ))
    });
    found.collect()
}
