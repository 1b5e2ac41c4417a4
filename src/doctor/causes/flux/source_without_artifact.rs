//! A Kustomization waits for an artifact that its source has not.

use super::controllers::namespace_of;
use super::dependency_suspended::holding;
use super::failure::{failed_for, is_there, then_reconcile};
use super::retry_pending;
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::State;

pub(super) const CAUSE: Cause = Cause { id: "source-without-artifact", title: "The source has no artifact", find };

/// kustomize-controller 1.7 says `Source artifact not found, retrying in 30s`, and where source-controller lost it
/// `Source is not ready, artifact not found, retrying in 30s`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let said = ["Source artifact not found", "artifact not found, retrying", "failed to download archive"];
    let failed = failed_for(graph, "ArtifactFailed").filter(|failure| failure.says_any(&said));
    let found = failed.filter_map(|failure| {
        let object = failure.object();
        let source = graph.row(object)?.flux.as_ref()?.source.clone()?;
        if !is_there(graph, &source) || !holding(graph, &failure).is_empty() {
            return None;
        }
        let row = graph.row(&source)?;
        let has_artifact = row.flux.as_ref().is_some_and(|flux| !flux.revision.is_empty());
        if row.state == State::Ready && has_artifact && failure.says("Source artifact not found") {
            return Some(retry_pending::of(graph, &failure, &format!("{} has its artifact now", source.told())));
        }
        // Its first fetch is under way.
        if row.state == State::Progressing && !has_artifact {
            return None;
        }
        let message = if has_artifact {
            format!("{} cannot fetch the artifact of {} from source-controller", object.told(), source.told())
        } else {
            format!("{} waits for {}, which has fetched nothing yet", object.told(), source.told())
        };
        let found = failure
            .found(CAUSE.id, message)
            .unless_deeper()
            .look_at(graph.describe(&source))
            .look_at(graph.shell("kubectl get pods -n {} -l app=source-controller", &[&namespace_of(graph, &source)]))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#artifact");
        Some(then_reconcile(graph, found, if has_artifact { &source } else { object }))
    });
    found.collect()
}
