//! A live object as causes read it: fields by their JSON pointer, empty where they are missing.

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use super::diagnosis::Evidence;
use crate::model::known::{HELM, KUSTOMIZE};
use crate::model::{Condition, ObjectRef};

/// Reads a live object.
#[derive(Debug, Clone, Copy)]
pub struct LiveObject<'a> {
    /// The object's name.
    pub object: &'a ObjectRef,
    /// The whole object, without managedFields; a Secret's values are masked.
    pub value: &'a Value,
}

impl<'a> LiveObject<'a> {
    /// Returns a text by its JSON pointer; empty if it is missing or no text.
    pub fn text(&self, pointer: &str) -> &'a str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a whole number by its JSON pointer.
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.value.pointer(pointer).and_then(Value::as_i64)
    }

    /// Tells whether a field is `true`.
    pub fn is_true(&self, pointer: &str) -> bool {
        self.value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Returns the items of a list by its JSON pointer; empty if it is missing.
    pub fn items(&self, pointer: &str) -> &'a [Value] {
        self.value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns a time by its JSON pointer.
    pub fn time(&self, pointer: &str) -> Option<Timestamp> {
        self.text(pointer).parse().ok()
    }

    /// Returns a condition by its type.
    pub fn condition(&self, kind: &str) -> Option<Condition> {
        let found = self.items("/status/conditions").iter().find(|one| text(one, "/type") == kind)?;
        Condition::deserialize(found).ok()
    }

    /// Returns a condition if it has this status and is about the present generation.
    pub fn present_condition(&self, kind: &str, status: &str) -> Option<Condition> {
        let condition = self.condition(kind).filter(|condition| condition.status == status)?;
        let is_old = crate::model::health::is_old(&condition, self.number("/metadata/generation"));
        (!is_old).then_some(condition)
    }

    /// Returns a label's value; empty if it is missing.
    pub fn label(&self, name: &str) -> &'a str {
        self.metadata("labels", name)
    }

    /// Returns an annotation's value; empty if it is missing.
    pub fn annotation(&self, name: &str) -> &'a str {
        self.metadata("annotations", name)
    }

    fn metadata(&self, field: &str, name: &str) -> &'a str {
        let found = self.value.get("metadata").and_then(|metadata| metadata.get(field)?.get(name)?.as_str());
        found.unwrap_or_default()
    }

    /// Returns the namespace and the name of the release that it belongs to, by helm-controller's labels; empty ones if
    /// it belongs to none.
    pub fn release(&self) -> (&'a str, &'a str) {
        (self.label(&format!("{HELM}/namespace")), self.label(&format!("{HELM}/name")))
    }

    /// Returns the name of the Kustomization that applied it, by kustomize-controller's label; empty if none did.
    pub fn applier(&self) -> &'a str {
        self.label(&format!("{KUSTOMIZE}/name"))
    }

    /// Returns the namespace of the Kustomization that applied it; empty if none did.
    pub fn applier_namespace(&self) -> &'a str {
        self.label(&format!("{KUSTOMIZE}/namespace"))
    }

    /// Returns the creation time.
    pub fn created(&self) -> Option<Timestamp> {
        self.time("/metadata/creationTimestamp")
    }

    /// Tells whether it is being deleted.
    pub fn is_deleting(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }

    /// Returns its controller by its owner references, else its first owner.
    pub fn owner(&self) -> Option<ObjectRef> {
        let owners = self.items("/metadata/ownerReferences");
        let controls = |one: &&Value| one.get("controller").and_then(Value::as_bool) == Some(true);
        let owner = owners.iter().find(controls).or_else(|| owners.first())?;
        Some(ObjectRef::of_reference(owner, &self.object.namespace))
    }

    /// Names an object in its namespace.
    pub fn beside(&self, kind: &str, group: &str, name: &str) -> ObjectRef {
        ObjectRef::new(kind, group, &self.object.namespace, name)
    }

    /// Makes evidence of a condition.
    pub fn condition_evidence(&self, condition: &Condition) -> Evidence {
        // Folders of controllers lead nowhere: the path in the repository does.
        let message = crate::kinds::in_source(&condition.message).into_owned();
        Evidence {
            text: if message.is_empty() { condition.reason.clone() } else { message },
            at: condition.last_transition_time,
            from: format!("{} condition {}={}", self.object.told(), condition.kind, condition.status),
        }
    }

    /// Makes evidence of a field, named by its path: `spec.replicas`.
    pub fn field_evidence(&self, path: &str, value: &str) -> Evidence {
        Evidence { text: format!("{path}: {value}"), at: None, from: self.object.told() }
    }
}

/// Returns a text of a value by its JSON pointer; empty if it is missing or no text.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
