//! The owners of fields, by `metadata.managedFields`, as kustomize-controller goes by them.

use std::collections::BTreeSet;

use crate::model::managed_fields::OwnedFields;

/// The finalizers, which count though nothing else of metadata but labels and annotations does: kustomize-controller removes
/// those of kubectl, and an object with one that nobody takes away cannot be deleted.
pub(super) const FINALIZERS: &str = "/metadata/finalizers/";

/// Returns the JSON Pointers of what the next run of kustomize-controller removes, though a dry run of its apply does
/// not show that: fields of managers that it takes over, and that nobody else owns.
pub(super) fn folded(owned: &[OwnedFields]) -> Vec<String> {
    outermost(&alone(owned, OwnedFields::is_taken_over))
}

/// Returns the compared fields and items that only the chosen managers own.
pub(super) fn alone(owned: &[OwnedFields], chosen: impl Fn(&OwnedFields) -> bool) -> BTreeSet<&String> {
    let (taken, kept): (Vec<_>, Vec<_>) = owned.iter().partition(|one| chosen(one));
    let is_free = |pointer: &&String| {
        let is_part =
            ["/metadata/labels/", "/metadata/annotations/", FINALIZERS].iter().any(|part| pointer.starts_with(part));
        let is_compared = is_part || !pointer.starts_with("/metadata") && !pointer.starts_with("/status");
        is_compared && !pointer.is_empty() && !kept.iter().any(|one| one.owns(pointer))
    };
    taken.into_iter().flat_map(|one| one.leaves.iter().chain(&one.items)).filter(is_free).collect()
}

/// Leaves out what goes with the map or the item that it is in.
pub(super) fn outermost(found: &BTreeSet<&String>) -> Vec<String> {
    let is_within = |pointer: &str| {
        found.iter().any(|outer| pointer.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    found.iter().filter(|pointer| !is_within(pointer)).map(|pointer| (*pointer).clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::folded;
    use crate::model::managed_fields::OwnedFields;

    fn object() -> Value {
        json!({
            "metadata": {
                "labels": {"app": "web", "by-hand": "yes"},
                "annotations": {"kept": "a"},
                "managedFields": [
                    {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:app": {}}},
                        "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}
                    }},
                    {"manager": "kubectl-label", "operation": "Update", "time": "2026-11-29T10:00:00Z", "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:by-hand": {}}}
                    }},
                    {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {
                        "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"side\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}
                    }},
                    {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
                    {"manager": "vpa-recommender-controller", "operation": "Update", "fieldsV1": {
                        "f:metadata": {"f:annotations": {".": {}, "f:kept": {}}}, "f:spec": {"f:finalizers": {"v:\"x\"": {}}}
                    }}
                ]
            },
            "spec": {
                "replicas": 3, "finalizers": ["y", "x"],
                "template": {"spec": {"containers": [{"name": "side", "image": "s"}, {"name": "app", "image": "a"}]}}
            }
        })
    }

    #[test]
    fn what_owns_an_empty_structure_owns_nothing_in_it() {
        let written = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "fieldsV1": {"f:spec": fields}});
        let object = json!({
            "metadata": {"managedFields": [
                written("kustomize-controller", "Apply", json!({"f:resources": {}, "f:whole": {"f:a": {}}})),
                written("kubectl-set", "Update", json!({"f:resources": {"f:limits": {".": {}, "f:cpu": {}}}, "f:whole": {"f:b": {}}})),
                written("kubectl-edit", "Update", json!({"f:whole": {}})),
            ]},
            "spec": {"resources": {"limits": {"cpu": "1"}}, "whole": {"a": 1, "b": 2}},
        });
        // The first writer keeps a part of the map that the last one owns as a whole.
        assert_eq!(folded(&OwnedFields::of(&object)), ["/spec/resources/limits", "/spec/whole/b"]);
    }

    #[test]
    fn fields_of_kubectl_go_with_the_next_run_and_those_of_others_stay() {
        let owned = OwnedFields::of(&object());
        assert_eq!(folded(&owned), ["/metadata/labels/by-hand", "/spec/template/spec/containers/0"]);
        let scaled = owned.iter().find(|one| one.touches("/spec/replicas")).unwrap();
        assert_eq!(
            (scaled.manager.as_str(), scaled.is_taken_over(), scaled.is_controller()),
            ("kubectl", false, false)
        );
        assert!(owned[4].is_controller() && owned[4].leaves.contains("/spec/finalizers/1"), "{:?}", owned[4]);
        assert!(owned[0].touches("/spec/template/spec/containers/1") && owned[0].is_applier("kustomize-controller"));
        assert!(!owned[0].touches("/spec/template/spec/containers/0/image"));
    }
}
