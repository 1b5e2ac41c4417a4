//! Cluster-scoped objects have no namespace: the API server removes one that a kustomization set.

use std::collections::HashMap;

use super::Rendered;
use super::object::{Object, at};
use crate::model::scope::is_cluster_scoped;

/// Holds the scopes of kinds from their CRDs: whether each is cluster-scoped.
#[derive(Debug, Default, Clone)]
pub(super) struct Scopes(HashMap<(String, String), bool>);

impl Scopes {
    /// Adds the scopes from the CRDs among objects.
    pub(super) fn learn(&mut self, objects: &[Object]) {
        for crd in objects.iter().filter(|object| object.is("apiextensions.k8s.io", "CustomResourceDefinition")) {
            let word = |pointer: &str| at(&crd.body, pointer).as_str().unwrap_or_default().to_owned();
            let is_cluster = word("/spec/scope") == "Cluster";
            self.0.insert((word("/spec/group"), word("/spec/names/kind")), is_cluster);
        }
    }

    /// Removes the namespace of a cluster-scoped object.
    pub(super) fn settle(&self, object: &mut Object) {
        if object.object.namespace.is_empty() {
            return;
        }
        let (group, kind) = (&object.object.group, &object.object.kind);
        let said = self.0.get(&(group.clone(), kind.clone())).copied();
        if said.unwrap_or_else(|| is_cluster_scoped(group, kind)) {
            if let Some(metadata) = object.body.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
                metadata.shift_remove("namespace");
            }
            object.object.namespace.clear();
        }
    }
}

/// Applies that to everything, once all CRDs are known.
pub(super) fn settle(of: &mut [Rendered]) {
    let mut scopes = Scopes::default();
    for one in of.iter() {
        scopes.learn(&one.objects);
    }
    for object in of.iter_mut().flat_map(|one| one.objects.iter_mut()) {
        scopes.settle(object);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Rendered, settle};
    use crate::render::{Object, Origin};

    #[test]
    fn a_namespace_is_taken_from_what_belongs_to_the_cluster() {
        let object = |kind: &str, version: &str| {
            let body = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "b"}});
            Object::new(body, Origin::default(), Vec::new())
        };
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.org"},
            "spec": {"group": "example.org", "scope": "Cluster", "names": {"kind": "Thing"}}
        });
        let mut of = vec![Rendered::default(), Rendered::default()];
        of[1].objects = vec![Object::new(crd, Origin::default(), Vec::new())];
        of[0].objects = vec![
            object("ClusterIssuer", "cert-manager.io/v1"),
            object("Issuer", "cert-manager.io/v1"),
            object("Thing", "example.org/v1"),
            object("Thing", "example.com/v1"),
        ];
        settle(&mut of);
        let namespaces: Vec<&str> = of[0].objects.iter().map(|object| object.object.namespace.as_str()).collect();
        assert_eq!(namespaces, ["", "b", "", "b"]);
        assert!(of[0].objects[0].body["metadata"].get("namespace").is_none());
    }
}
