//! An init container fails.

use super::crash_loop;
use super::pods::{self, PodFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "init-container-failed", title: "An init container fails", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Init);
    let told = all.iter().map(|ill| {
        crash_loop::diagnosis(graph, ill, CAUSE.id)
            .documented("https://kubernetes.io/docs/concepts/workloads/pods/init-containers/")
    });
    told.collect()
}
