//! An object waits for one that is not there.

use super::failure::{appliers, is_there, then_push};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;

pub(super) const CAUSE: Cause =
    Cause { id: "dependency-missing", title: "dependsOn names an object that is not there", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let waiting = appliers(graph).filter(|failure| failure.said.reason == "DependencyNotReady");
    let found = waiting.filter_map(|failure| {
        let object = failure.object();
        let on = graph.row(object)?.flux.as_ref()?.depends_on.clone();
        // Only what the message names: the controller checks them in their order, and stops at the first.
        let missing = on
            .iter()
            .find(|one| failure.says(&format!("'{}/{}'", one.namespace, one.name)) && graph.get(one).is_absent())?;
        let other = elsewhere(graph, missing);
        // A release can wait for releases alone.
        let namesake = kinds::KUSTOMIZATION.object(&missing.namespace, &missing.name);
        let is_other_kind = other.is_none() && *missing != namesake && is_there(graph, &namesake);
        let hint = if is_other_kind {
            format!("; {} is there, and a HelmRelease can wait for HelmReleases only", namesake.told())
        } else {
            elsewhere::told(other.as_ref())
        };
        let message = format!("{} waits for {}, which does not exist{hint}", object.told(), missing.told());
        let found = failure
            .found(CAUSE.id, message)
            .lacking(missing)
            .look_at(graph.shell("kubectl get {} -A", &[&missing.whole_kind().to_lowercase()]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies");
        let what = match other {
            Some(other) => format!(
                "Write namespace: {} into the entry {} of its spec.dependsOn (without one it means its own namespace), and push.",
                other.namespace, missing.name
            ),
            None if is_other_kind => format!(
                "Take the entry {} out of its spec.dependsOn, let the Kustomization that applies the release depend on {}, and push.",
                missing.name,
                namesake.told()
            ),
            None => format!(
                "Correct or remove the entry {} of its spec.dependsOn, or add {}, and push.",
                missing.name,
                missing.told()
            ),
        };
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
