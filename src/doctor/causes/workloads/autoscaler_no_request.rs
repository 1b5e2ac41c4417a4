//! An autoscaler compares with a request that is not there.

use super::autoscalers::{self, Unscaled};
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "autoscaler-no-request", title: "An autoscaler compares with a request that is not there", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = autoscalers::idle(graph, Unscaled::NoRequest);
    let found = all.iter().map(|idle| {
        let said = idle.condition.message.as_str();
        let resource = between(said, "missing request for ", " ").unwrap_or("cpu");
        let container = between(said, " in container ", " ").unwrap_or("its container");
        let object = idle.autoscaler.object;
        let message = format!(
            "{} cannot scale {}: container {container} has no request of {resource} that its use could be compared with",
            object.told(),
            idle.target()
        );
        idle.diagnosis(graph, CAUSE.id, object, message).mended_by(Remedy::change(
            format!("Set resources.requests.{resource} of container {container}, and push."),
            "ScalingActive True",
        ))
    });
    found.collect()
}
