//! The target of an autoscaler is missing.

use super::autoscalers::{self, Unscaled};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "autoscaler-no-target", title: "The target of an autoscaler is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = autoscalers::idle(graph, Unscaled::NoTarget);
    let found = all.iter().map(|idle| {
        let object = idle.autoscaler.object;
        let message = format!("{} cannot scale {}: {}", object.told(), idle.target(), short(&idle.condition.message));
        idle.diagnosis(graph, CAUSE.id, object, message).lacking(&idle.target_object()).mended_by(Remedy::change(
            "Correct spec.scaleTargetRef, or take the autoscaler out of the repository, and push.",
            "AbleToScale True",
        ))
    });
    found.collect()
}
