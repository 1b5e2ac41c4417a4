//! A startup probe fails.

use super::pods::{self, PodFault};
use super::probes;
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "startup-probe", title: "A startup probe fails", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Startup);
    all.iter().map(|ill| probes::diagnosis(graph, ill, CAUSE.id, "startupProbe")).collect()
}
