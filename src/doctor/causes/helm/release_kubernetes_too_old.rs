//! A chart is not made for the cluster's version of Kubernetes.

use super::failure::{WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-kubernetes-too-old", title: "A chart is not made for this version of Kubernetes", find };

/// helm: `chart requires kubeVersion: >=1.33.0-0 which is incompatible with Kubernetes v1.31.4`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::KubernetesTooOld).map(|failure| {
        let why = failure
            .words()
            .replace("chart requires kubeVersion: ", "the chart requires Kubernetes ")
            .replace("which is incompatible with Kubernetes", "and this cluster has");
        failure
            .diagnosis(graph, CAUSE.id, &why)
            .look_at(graph.shell("kubectl version", &[]))
            .mended_by(Remedy::change(
                "Take a version of the chart that is made for this Kubernetes, or upgrade the cluster first.",
                "Ready True",
            ))
            .documented("https://helm.sh/docs/topics/charts/#the-kubeversion-field")
    });
    found.collect()
}
