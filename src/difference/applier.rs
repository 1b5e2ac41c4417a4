//! The Kustomization or HelmRelease that applied a live object, by the labels that Flux's controllers set.

use serde_json::Value;

use super::LiveComparison;
use super::prepare::PreparedSets;
use super::wanted::AppliedSet;
use crate::cluster::Cluster;
use crate::model::known::{HELM, KUSTOMIZE};
use crate::model::{Fault, ObjectRef};

/// The most owners between an object and what Flux applied: a pod has two, the pod of a `CronJob` three.
const MOST_OWNERS: usize = 4;

/// Holds a live object that Flux applied, and what applied it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributedObject {
    /// The object: the asked one, or the owner of it that Flux applied.
    pub object: ObjectRef,
    /// The Kustomization or HelmRelease.
    pub applier: ObjectRef,
}

/// Finds what applied an object, or the owner of it; `None` if no label says so, or the object is not there.
///
/// # Errors
/// Fails when the server cannot be queried, or refuses.
pub async fn applier_of(cluster: &Cluster, object: &ObjectRef) -> Result<Option<AttributedObject>, Fault> {
    let mut object = object.clone();
    for _ in 0..MOST_OWNERS {
        let Some(live) = cluster.looked_up(&object).await? else { return Ok(None) };
        match (ObjectRef::controller_of(&live, &object.namespace), labelled(&live)) {
            (Some(owner), _) => object = owner,
            (None, applier) => return Ok(applier.map(|applier| AttributedObject { object, applier })),
        }
    }
    Ok(None)
}

/// Returns the HelmRelease or the Kustomization that the labels of an object name.
fn labelled(live: &Value) -> Option<ObjectRef> {
    let of = |kind: &str, group: &str| {
        let word = |key: &str| {
            let labels = live.pointer("/metadata/labels")?;
            labels.get(format!("{group}/{key}"))?.as_str().map(str::to_owned)
        };
        Some(ObjectRef::new(kind, group, &word("namespace")?, &word("name")?))
    };
    of("HelmRelease", HELM).or_else(|| of("Kustomization", KUSTOMIZE))
}

impl PreparedSets {
    /// Says of a set that applies Kustomizations which are not compared that what they apply is not looked at.
    pub fn remark_children(&mut self) {
        for set in &self.sets {
            let is_child = |object: &&ObjectRef| {
                object.kind == "Kustomization"
                    && object.group == KUSTOMIZE
                    && self.sets.iter().all(|other| other.owner != **object)
            };
            let count = set.objects.iter().map(|wanted| &wanted.object).filter(is_child).count();
            if count > 0 {
                let word = if count == 1 { "Kustomization" } else { "Kustomizations" };
                self.remarks.push(format!(
                    "{}: {}: it applies {count} more {word}; what those apply is compared with them, or with the whole environment",
                    set.env, set.shown
                ));
            }
        }
    }

    /// Leaves all objects but one out of the comparison.
    pub fn keep_only(&mut self, object: &ObjectRef) {
        self.sets.iter_mut().for_each(|set| set.keep_only(object));
    }
}

impl AppliedSet {
    fn keep_only(&mut self, object: &ObjectRef) {
        // The namespace of what names none is found out later.
        let is_it = |one: &ObjectRef| {
            (&one.group, &one.kind, &one.name) == (&object.group, &object.kind, &object.name)
                && (one.namespace.is_empty() || one.namespace == object.namespace)
        };
        self.objects.retain(|wanted| is_it(&wanted.object));
        self.uncompared.retain(|one| one.object == object.to_string());
        // Nothing else is told of, nor what would be pruned.
        self.prunes = false;
    }
}

impl LiveComparison {
    /// Leaves all objects but one out of the result.
    pub fn keep_only(&mut self, object: &ObjectRef) {
        let name = object.to_string();
        self.differences.retain(|one| one.object == name);
        self.uncompared.retain(|one| one.object == name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::labelled;
    use crate::model::ObjectRef;
    use crate::model::known::{HELM, KUSTOMIZE};

    #[test]
    fn labels_name_what_applied_an_object_and_references_what_controls_it() {
        let labels = |group: &str| json!({"metadata": {"labels": {format!("{group}/name"): "web", format!("{group}/namespace"): "shop"}}});
        assert_eq!(labelled(&labels(HELM)), Some(ObjectRef::new("HelmRelease", HELM, "shop", "web")));
        assert_eq!(labelled(&labels(KUSTOMIZE)), Some(ObjectRef::new("Kustomization", KUSTOMIZE, "shop", "web")));
        assert_eq!(labelled(&json!({"metadata": {"labels": {"app": "web"}}})), None);
        let pod = json!({"metadata": {"ownerReferences": [
            {"apiVersion": "example.org/v1", "kind": "Group", "name": "a"},
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": true},
        ]}});
        assert_eq!(ObjectRef::controller_of(&pod, "shop"), Some(ObjectRef::new("ReplicaSet", "apps", "shop", "web-1")));
        assert_eq!(ObjectRef::controller_of(&json!({}), "shop"), None);
    }
}
