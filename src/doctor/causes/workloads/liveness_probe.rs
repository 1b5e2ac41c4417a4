//! A liveness probe fails.

use super::pods::{self, PodFault};
use super::probes;
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "liveness-probe", title: "A liveness probe fails", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Liveness);
    all.iter().map(|ill| probes::diagnosis(graph, ill, CAUSE.id, "livenessProbe")).collect()
}
