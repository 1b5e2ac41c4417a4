//! helm's records of a release have no revision that was ever deployed.

use super::failure::{WhyFailed, failures};
use super::helm;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-without-deployed", title: "A release has no deployed revision to upgrade from", find };

/// helm: `"web" has no deployed releases`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failures(graph, WhyFailed::NothingDeployed).map(|failure| {
        let (name, namespace) = (failure.release.as_str(), failure.namespace.as_str());
        failure
            .diagnosis(graph, CAUSE.id, &format!("helm's records have no deployed revision of {name} to upgrade from"))
            .look_at(helm(graph, "helm history {} -n {}", &[name, namespace]))
            .mended_by(Remedy::new(
                helm(graph, "helm uninstall {} -n {}", &[name, namespace]),
                "It removes the records of the attempts that never succeeded, with what they left; then helm-controller installs anew. Look at the history first: data in claims that the chart owns goes too.",
                "helm history finds no such release",
            ))
            .mended_by(
                Remedy::new(
                    graph.shell("flux reconcile helmrelease {} -n {} --force", &[&failure.live.object.name, &failure.live.object.namespace]),
                    "helm-controller has counted its failures, and installs again only when it is told to.",
                    "Ready True, InstallSucceeded",
                )
                .by("reconcile-force", failure.live.object),
            )
            .documented("https://helm.sh/docs/helm/helm_history/")
    });
    found.collect()
}
