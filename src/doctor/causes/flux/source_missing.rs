//! An object names a source that is not there.

use super::failure::{Failure, appliers, failed_kind, then_push};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "source-missing", title: "The source is not there", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let images =
        failed_kind(graph, "ImagePolicy").filter(|failure| failure.says("failed to get the referred ImageRepository"));
    let failed =
        appliers(graph).filter(|failure| ["ArtifactFailed", "SourceNotReady"].contains(&failure.said.reason.as_str()));
    let found = failed.chain(images).filter_map(|failure| {
        let object = failure.object();
        let source = source(graph, &failure)?;
        if !graph.get(&source).is_absent() {
            return None;
        }
        let other = elsewhere(graph, &source);
        let hint = elsewhere::told(other.as_ref());
        let message = format!("{} takes its content from {}, which does not exist{hint}", object.told(), source.told());
        let kind = source.whole_kind().to_lowercase();
        let mut found = failure
            .found(CAUSE.id, message)
            .lacking(&source)
            .look_at(graph.shell("kubectl get {} -A", &[&kind]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference");
        if kinds::HELM_RELEASE.is(object) {
            // helm-controller names the chart that it asks for so.
            let name = format!("{}-{}", object.namespace, object.name);
            found = found.explaining([kinds::HELM_CHART.object(&source.namespace, &name)]);
        }
        let what = match other {
            Some(other) => format!(
                "Write namespace: {} into the reference (without one it means the object's own namespace), and push.",
                other.namespace
            ),
            None => format!("Correct kind, name and namespace of the reference, or add {}, and push.", source.told()),
        };
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}

fn source(graph: &LiveGraph, failure: &Failure<'_>) -> Option<ObjectRef> {
    let name = failure.live.text("/spec/imageRepositoryRef/name");
    if name.is_empty() {
        return graph.row(failure.object())?.flux.as_ref()?.source.clone();
    }
    let namespace = match failure.live.text("/spec/imageRepositoryRef/namespace") {
        "" => &failure.object().namespace,
        namespace => namespace,
    };
    Some(ObjectRef::new("ImageRepository", &failure.object().group, namespace, name))
}
