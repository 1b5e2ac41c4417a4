//! A readiness probe fails.

use super::pods::{self, PodFault};
use super::probes;
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "readiness-probe", title: "A readiness probe fails", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Readiness);
    all.iter().map(|ill| probes::diagnosis(graph, ill, CAUSE.id, "readinessProbe")).collect()
}
