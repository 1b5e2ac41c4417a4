//! The path of a Kustomization is not in its source.

use super::failure::{failed_for, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;

pub(super) const CAUSE: Cause = Cause { id: "path-missing", title: "The path is not in the source", find };

/// kustomize-controller 1.7 says `kustomization path not found: stat /tmp/kustomization-…/PATH: no such file or directory`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = failed_for(graph, "ArtifactFailed").filter(|failure| failure.says("kustomization path not found")).map(|failure| {
        let object = failure.object();
        let path = failure.live.text("/spec/path");
        let flux = graph.row(object).and_then(|row| row.flux.as_deref());
        let source = flux.and_then(|flux| flux.source.clone());
        let fetched = source.as_ref().and_then(|source| graph.row(source)?.flux.as_deref());
        let revision = fetched.map(|flux| format!(" at {}", kinds::short_revision(&flux.revision))).unwrap_or_default();
        let told = source.as_ref().map_or_else(|| "its source".to_owned(), crate::model::ObjectRef::told);
        // Cut in its middle where there is no room: what is wrong begins it, and the path ends it.
        let message = format!("{} applies a path that is not in {told}{revision}: {path}", object.told());
        let mut found = failure
            .found(CAUSE.id, message)
            .seen_all([failure.live.field_evidence("spec.path", path)])
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#path");
        if let Some(source) = source {
            found = found.look_at(graph.yaml(&source));
        }
        let what = "Correct spec.path, or push the folder to the branch that the source follows; a folder that .sourceignore or spec.ignore leaves out is missing, too.";
        then_push(graph, found, object, what)
    });
    found.collect()
}
