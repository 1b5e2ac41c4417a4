//! A volume cannot be attached or mounted.

use super::pods::{self, PodFault, after_colon};
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "volume-not-mounted", title: "A volume cannot be attached or mounted", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Mount);
    let found = all.iter().map(|ill| {
        let said = ill.said.as_str();
        let volume = between(said, "for volume \"", "\"").or_else(|| between(said, "unmounted volumes=[", "]")).unwrap_or_default();
        let why = said.split_once("\" : ").map_or(said, |(_, why)| why);
        let message = format!(
            "Volume {volume} of {} cannot be mounted{}",
            ill.workload.told(),
            after_colon(why.trim_start_matches("rpc error: "))
        );
        ill.diagnosis(CAUSE.id, message)
            .unless_deeper()
            .look_at(graph.describe(ill.pod.object))
            .look_at(graph.shell("kubectl get pvc -n {}", &[&ill.pod.object.namespace]))
            .mended_by(Remedy::change(
                "Mend what the storage driver complains of, or correct the volume in the manifest; the kubelet tries again by itself.",
                "the pod leaves ContainerCreating",
            ))
            .documented("https://kubernetes.io/docs/concepts/storage/persistent-volumes/")
    });
    found.collect()
}
