//! The owners of fields, by `metadata.managedFields`, and what kustomize-controller does with them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::below;

/// The beginnings of managers whose fields kustomize-controller takes over before it applies, so that it removes what
/// Git does not have (`applyOpts.Cleanup` in its `kustomization_controller.go`).
const FOLDED: [&str; 2] = ["kubectl", "before-first-apply"];

/// The manager of kustomize-controller.
pub(super) const KUSTOMIZE_CONTROLLER: &str = "kustomize-controller";

/// Managers that keep fields of live objects as their work: Kubernetes' own, and those of K3s and RKE2.
const CONTROLLERS: [&str; 12] = [
    "kube-controller-manager",
    "kube-scheduler",
    "kube-apiserver",
    "kubelet",
    "cloud-controller-manager",
    "k3s",
    "rke2",
    "kubeadm",
    "coredns",
    "helm",
    "Helm",
    "Go-http-client",
];

/// The endings of the names that controllers give their managers by custom.
const ENDINGS: [&str; 8] =
    ["controller", "operator", "manager", "scheduler", "injector", "webhook", "provisioner", "autoscaler"];

/// Describes what one manager owns of an object.
#[derive(Debug)]
pub(super) struct OwnedFields {
    /// The manager's name.
    pub(super) manager: String,
    /// Whether it applies, rather than updates.
    applies: bool,
    /// The subresource that it wrote through, such as `scale`; empty for the object itself.
    pub(super) subresource: String,
    /// The time of its last change.
    pub(super) at: Option<Timestamp>,
    /// The JSON Pointers of its fields.
    pub(super) leaves: BTreeSet<String>,
    /// The JSON Pointers of the maps and items that it owns as such.
    pub(super) items: BTreeSet<String>,
}

impl OwnedFields {
    /// Lists the managers of an object.
    pub(super) fn of(object: &Value) -> Vec<Self> {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        entries.into_iter().flatten().map(|entry| Self::new(entry, object)).collect()
    }

    fn new(entry: &Value, object: &Value) -> Self {
        let word = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let (mut leaves, mut items) = (BTreeSet::new(), BTreeSet::new());
        if let Some(fields) = entry.get("fieldsV1") {
            collect(fields, object, "", &mut leaves, &mut items);
        }
        Self {
            manager: word("manager").to_owned(),
            applies: word("operation") == "Apply",
            subresource: word("subresource").to_owned(),
            at: word("time").parse().ok(),
            leaves,
            items,
        }
    }

    /// Tells whether it is the manager that applies an object from Git or from a chart.
    pub(super) fn is_applier(&self, manager: &str) -> bool {
        self.applies && self.manager == manager
    }

    /// Tells whether kustomize-controller takes over its fields before it applies.
    pub(super) fn is_folded(&self) -> bool {
        let is_former = !self.applies && self.manager == KUSTOMIZE_CONTROLLER;
        self.subresource.is_empty() && (is_former || FOLDED.iter().any(|name| self.manager.starts_with(name)))
    }

    /// Tells whether its name is that of a controller, which keeps fields as its work.
    pub(super) fn is_controller(&self) -> bool {
        let name = self.manager.as_str();
        CONTROLLERS.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
    }

    /// Tells whether it owns a field, something within it, or what the field is within.
    pub(super) fn touches(&self, pointer: &str) -> bool {
        let is_within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.leaves.iter().any(|leaf| is_within(leaf, pointer) || is_within(pointer, leaf))
    }
}

/// Collects the fields of a `fieldsV1` that the object has.
fn collect(fields: &Value, live: &Value, pointer: &str, leaves: &mut BTreeSet<String>, items: &mut BTreeSet<String>) {
    for (key, inner) in fields.as_object().into_iter().flatten() {
        let Some((form, name)) = key.split_once(':') else {
            // A dot is the map or the item itself.
            items.insert(pointer.to_owned());
            continue;
        };
        let found = match form {
            "f" => live.get(name).map(|value| (name.to_owned(), value)),
            "k" => keyed(live, name),
            "v" => equal(live, name),
            "i" => name.parse::<usize>().ok().and_then(|index| Some((index.to_string(), live.get(index)?))),
            _ => None,
        };
        let Some((token, value)) = found else { continue };
        let place = below(pointer, &token);
        if inner.as_object().is_none_or(serde_json::Map::is_empty) {
            leaves.insert(place);
        } else {
            collect(inner, value, &place, leaves, items);
        }
    }
}

/// Finds the item of a list by its key fields.
fn keyed<'a>(list: &'a Value, keys: &str) -> Option<(String, &'a Value)> {
    let keys: serde_json::Map<String, Value> = serde_json::from_str(keys).ok()?;
    let mut items = list.as_array()?.iter().enumerate();
    let (index, item) = items.find(|(_, item)| keys.iter().all(|(key, value)| item.get(key) == Some(value)))?;
    Some((index.to_string(), item))
}

/// Finds the item of a set by its value.
fn equal<'a>(list: &'a Value, value: &str) -> Option<(String, &'a Value)> {
    let value: Value = serde_json::from_str(value).ok()?;
    let (index, item) = list.as_array()?.iter().enumerate().find(|(_, item)| **item == value)?;
    Some((index.to_string(), item))
}

/// Returns the JSON Pointers of what the next run of kustomize-controller removes, though a dry run of its apply does
/// not show that: fields of managers that it takes over, and that nobody else owns.
pub(super) fn folded(owned: &[OwnedFields]) -> Vec<String> {
    outermost(&alone(owned, OwnedFields::is_folded))
}

/// Returns the compared fields and items that only the chosen managers own.
pub(super) fn alone(owned: &[OwnedFields], chosen: impl Fn(&OwnedFields) -> bool) -> BTreeSet<&String> {
    let (taken, kept): (Vec<_>, Vec<_>) = owned.iter().partition(|one| chosen(one));
    let is_free = |pointer: &&String| {
        let is_part = ["/metadata/labels/", "/metadata/annotations/"].iter().any(|part| pointer.starts_with(part));
        let is_compared = is_part || !pointer.starts_with("/metadata") && !pointer.starts_with("/status");
        is_compared
            && !pointer.is_empty()
            && !kept.iter().any(|one| one.touches(pointer) || one.items.contains(*pointer))
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

    use super::{OwnedFields, folded};

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
    fn fields_of_kubectl_go_with_the_next_run_and_those_of_others_stay() {
        let owned = OwnedFields::of(&object());
        assert_eq!(folded(&owned), ["/metadata/labels/by-hand", "/spec/template/spec/containers/0"]);
        let scaled = owned.iter().find(|one| one.touches("/spec/replicas")).unwrap();
        assert_eq!((scaled.manager.as_str(), scaled.is_folded(), scaled.is_controller()), ("kubectl", false, false));
        assert!(owned[4].is_controller() && owned[4].leaves.contains("/spec/finalizers/1"), "{:?}", owned[4]);
        assert!(owned[0].touches("/spec/template/spec/containers/1") && owned[0].is_applier("kustomize-controller"));
        assert!(!owned[0].touches("/spec/template/spec/containers/0/image"));
    }
}
