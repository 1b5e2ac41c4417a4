//! The origin of an object: its owners, the Flux object that applied it, the source of that, and the commit.

use serde::Serialize;
use serde_json::Value;

use super::node::{LineageNode, row};
use crate::cluster::Cluster;
use crate::model::known;
use crate::model::{Fault, ObjectRef};

/// The longest chain; a longer one is a circle.
const LONGEST: usize = 16;

/// The kinds whose controllers apply objects and label them.
const APPLIES: [(&str, &str); 2] = [(known::KUSTOMIZE, "Kustomization"), (known::HELM, "HelmRelease")];

/// Holds the chain from an object to its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The object first, then each of its origins.
    pub chain: Vec<LineageNode>,
    /// The revision of the source at the end, such as `main@sha1:…`; `None` where the chain ends before a source.
    pub revision: Option<String>,
}

/// Follows an object to its origin; the chain ends at an object without a known origin.
///
/// # Errors
/// Fails when the cluster cannot be queried.
pub async fn trace(cluster: &Cluster, object: &ObjectRef) -> Result<Lineage, Fault> {
    let mut chain: Vec<LineageNode> = Vec::new();
    let mut revision = None;
    let mut next = Some(object.clone());
    while let Some(object) = next.take() {
        let value = cluster.detail(&object).await?.map(|detail| detail.value);
        chain.push(LineageNode::judge(&object, value.as_ref()));
        let Some(value) = value else { break };
        if object.group == known::SOURCE {
            let artifact = value.pointer("/status/artifact/revision").and_then(Value::as_str);
            revision = artifact.map(ToOwned::to_owned);
        }
        next = above(&object, &value)
            .filter(|above| chain.len() < LONGEST && chain.iter().all(|known| known.object != *above));
    }
    Ok(Lineage { chain, revision })
}

/// Finds the Flux object that maintains an object: the one that applied it, or its controller's controller; `None`
/// where Flux does not.
///
/// # Errors
/// Fails when the cluster cannot be queried.
pub async fn keeper(cluster: &Cluster, object: &ObjectRef) -> Result<Option<ObjectRef>, Fault> {
    let mut seen = vec![object.clone()];
    let mut at = object.clone();
    while let Some(detail) = cluster.detail(&at).await? {
        match above(&at, &detail.value).filter(|above| seen.len() < LONGEST && !seen.contains(above)) {
            Some(above) if APPLIES.contains(&(above.group.as_str(), above.kind.as_str())) => return Ok(Some(above)),
            Some(above) => {
                seen.push(above.clone());
                at = above;
            }
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Returns the origin of an object: its controller, else the Flux object in its labels, else its source.
fn above(object: &ObjectRef, value: &Value) -> Option<ObjectRef> {
    ObjectRef::controller_of(value, &object.namespace).or_else(|| {
        let source = || row(object, value)?.flux?.source;
        let applied = || {
            let labels = value.pointer("/metadata/labels")?;
            let by = |prefix: &str, kind: &str| {
                let of = |word: &str| labels.get(format!("{prefix}/{word}")).and_then(Value::as_str);
                Some(ObjectRef::new(kind, prefix, of("namespace")?, of("name")?))
            };
            // An object of a chart has both, where a Kustomization applied its HelmRelease: the release comes first.
            by(known::HELM, "HelmRelease").or_else(|| by(known::KUSTOMIZE, "Kustomization"))
        };
        match object.kind.as_str() {
            // The commit that a Kustomization applies comes from its source, not from the object that declared the
            // Kustomization.
            "Kustomization" => source(),
            "GitRepository" | "OCIRepository" | "Bucket" | "ExternalArtifact" => None,
            "HelmChart" | "HelmRepository" => source().or_else(applied),
            _ => applied().or_else(source),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::above;
    use crate::model::ObjectRef;
    use serde_json::json;

    fn object(text: &str, group: &str) -> ObjectRef {
        ObjectRef { group: group.to_owned(), ..text.parse().unwrap() }
    }

    #[test]
    fn a_pod_comes_from_its_controller_and_a_workload_from_what_applied_it() {
        let pod = json!({"metadata": {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": true}]}});
        assert_eq!(above(&object("Pod/web/web-1-x", ""), &pod).unwrap().to_string(), "ReplicaSet/web/web-1");
        let labels = json!({"metadata": {"labels": {
            "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "web",
            "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        }}});
        let found = above(&object("Deployment/web/web", "apps"), &labels).unwrap();
        assert_eq!((found.kind.as_str(), found.name.as_str()), ("HelmRelease", "web"));
    }

    #[test]
    fn a_kustomization_comes_from_its_source_and_a_source_from_nowhere() {
        let kustomization = json!({
            "metadata": {"name": "apps", "namespace": "flux-system", "labels": {
                "kustomize.toolkit.fluxcd.io/name": "flux-system", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}},
            "spec": {"sourceRef": {"kind": "GitRepository", "name": "flux-system"}, "interval": "10m", "path": "./apps", "prune": true},
        });
        let apps = object("Kustomization/flux-system/apps", "kustomize.toolkit.fluxcd.io");
        assert_eq!(above(&apps, &kustomization).unwrap().to_string(), "GitRepository/flux-system/flux-system");
        let git = object("GitRepository/flux-system/flux-system", "source.toolkit.fluxcd.io");
        assert_eq!(above(&git, &kustomization), None);
    }
}
