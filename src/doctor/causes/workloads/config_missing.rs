//! A ConfigMap, a Secret or a key of one is missing.

use super::config::missing_in;
use super::pods::{self, PodFault, joined};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "config-missing", title: "A ConfigMap or Secret that pods need, or a key of it, is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = pods::with(graph, PodFault::Config);
    joined(all.iter().filter_map(|ill| {
        let missing = missing_in(&ill.said, &ill.pod)?;
        let object = &missing.object;
        let what = match missing.key.as_str() {
            "" => format!("{} {}/{} is missing", object.kind, object.namespace, object.name),
            key => format!("{} {}/{} has no key {key}", object.kind, object.namespace, object.name),
        };
        let who = if ill.container.name().is_empty() { ill.workload.told() } else { ill.of() };
        let mut found = ill.diagnosis(CAUSE.id, format!("{what}, and {who} cannot start without it"));
        let kind = object.kind.to_lowercase();
        found = match missing.key.as_str() {
            "" => found
                .lacking(object)
                .look_at(graph.shell("kubectl get {} -n {}", &[&kind, &object.namespace]))
                .mended_by(Remedy::change(
                    format!(
                        "Declare {} {} in namespace {}{}, or correct the name that the workload refers to, and push.",
                        object.kind,
                        object.name,
                        object.namespace,
                        if object.kind == "Secret" { ", sealed," } else { "" }
                    ),
                    "the kubelet finds it within a minute, and the pod is Running",
                )),
            key => found.look_at(graph.describe(object)).mended_by(Remedy::change(
                format!(
                    "Add key {key} to {} {}, or correct the key that the workload refers to, and push.",
                    object.kind, object.name
                ),
                "the kubelet finds it within a minute, and the pod is Running",
            )),
        };
        let told =
            found.documented("https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/");
        Some((format!("{object} {}", missing.key), told))
    }))
}
