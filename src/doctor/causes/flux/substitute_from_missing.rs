//! The ConfigMap or Secret that variables come from is not there.

use super::failure::{failed_for, is_there, then_push};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause =
    Cause { id: "substitute-from-missing", title: "The object that variables come from is missing", find };

/// fluxcd/pkg/kustomize 1.24 says `substitute from 'ConfigMap/x' error: configmaps "x" not found`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failed_for(graph, "BuildFailed").filter_map(|failure| {
        let (kind, name) = between(failure.message(), "substitute from '", "'")?.split_once('/')?;
        if !failure.says("not found") {
            return None;
        }
        let object = failure.object();
        let variables = failure.live.beside(kind, "", name);
        if is_there(graph, &variables) {
            return Some(retry_pending::of(graph, &failure, &format!("{} is there now", variables.told())));
        }
        let other = elsewhere(graph, &variables);
        let hint = elsewhere::told(other.as_ref());
        let message =
            format!("{} takes variables from {}, which does not exist{hint}", object.told(), variables.told());
        let found = failure
            .found(CAUSE.id, message)
            .lacking(&variables)
            .look_at(graph.shell("kubectl get {} {} -n {}", &[&kind.to_lowercase(), name, &object.namespace]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-substitute-from");
        let what = if other.is_some() {
            "Variables come from the Kustomization's own namespace alone: add a copy there by a Kustomization that this one depends on, or move the Kustomization (spec.targetNamespace says where its objects go); then push."
        } else {
            "Add it in the Kustomization's own namespace by a Kustomization that this one depends on, correct the name in spec.postBuild.substituteFrom, or set optional: true; then push."
        };
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
