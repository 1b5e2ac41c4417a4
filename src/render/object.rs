//! A rendered object: the form that Flux would apply, and its origin.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flux_operator::{OperatorObject, resource_set};
use crate::model::ObjectRef;
use crate::yaml::confidential::is_surely_confidential;
pub use crate::yaml::manifest::at;

/// Holds an object as Flux would apply it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The object's name.
    pub object: ObjectRef,
    /// Its `apiVersion`.
    pub api_version: String,
    /// The object itself, without the labels that Flux adds on applying.
    pub body: Value,
    /// The origin of the object.
    pub origin: Origin,
    /// The files that change it on the way, the nearest to it first.
    pub changed_by: Vec<String>,
}

/// Describes the origin of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// The file below the repository's root; for a generated object the kustomization file. Empty if it comes from
    /// elsewhere.
    pub file: String,
    /// The line that its document starts on, if it is known.
    pub line: Option<usize>,
    /// Whether it is generated.
    pub generated: bool,
    /// The remote origin, if it is not from this repository.
    pub remote: Option<String>,
    /// The `ResourceSet` that flux-operator creates it from, which is the content of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
}

impl Object {
    /// Names an object of the build.
    pub fn new(body: Value, origin: Origin, changed_by: Vec<String>) -> Self {
        let api_version = at(&body, "/apiVersion").as_str().unwrap_or_default().to_owned();
        let object = ObjectRef::of_body(&body);
        Self { object, api_version, body, origin, changed_by }
    }

    /// Returns the object's kind.
    pub fn kind(&self) -> &str {
        &self.object.kind
    }

    /// Tells whether it is of a kind of a group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.object.kind == kind && self.object.group == group
    }

    /// Returns the namespace of a reference of this object: the stated one, else the object's own.
    pub fn namespace_of<'a>(&'a self, reference: &'a Value) -> &'a str {
        match at(reference, "/namespace").as_str().unwrap_or_default() {
            "" => &self.object.namespace,
            named => named,
        }
    }

    /// Tells whether the cluster adds entries to it that are unknown here: those of a copy of an object outside of the
    /// repository.
    pub fn is_filled_elsewhere(&self) -> bool {
        self.origin.made_by.is_some() && resource_set::is_filled_elsewhere(self.for_operator())
    }

    /// Returns the form for unfolding sets of flux-operator.
    pub(super) fn for_operator(&self) -> OperatorObject<'_> {
        OperatorObject { object: &self.object, body: &self.body }
    }

    /// Returns the files that it comes from: the one that declares it, then those that change it.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let mut seen = BTreeSet::new();
        std::iter::once(self.origin.file.as_str())
            .chain(self.changed_by.iter().map(String::as_str))
            .filter(move |file| !file.is_empty() && seen.insert(*file))
    }

    /// Tells whether it is a Secret with a plain value in the rendered output; a `sops` block alone hides nothing.
    pub fn is_plain_secret(&self) -> bool {
        self.is("", "Secret")
            && (self.body.get("sops").is_none()
                || ["data", "stringData"].into_iter().any(|field| is_open(&self.body, field)))
    }

    /// Tells whether it is such a Secret, or contains one: sets of flux-operator do, and so do values of charts and
    /// other wrappers.
    pub fn holds_plain_secret(&self) -> bool {
        let has = || crate::yaml::secrets::of_json(&self.body).iter().any(|held| held.filled && !held.sealed);
        self.is_plain_secret() || !self.is("", "Secret") && has()
    }
}

impl Object {
    /// Tells whether its values are substituted into Secrets, by the known carriers, or it defines a variable that
    /// marks itself as secret.
    pub(super) fn is_carrier(&self, carriers: &BTreeSet<&ObjectRef>) -> bool {
        let variables = at(&self.body, "/spec/postBuild/substitute").as_object();
        let mut texts = variables.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
        // Its name is unknown before the substitution.
        let may_be = self.object.name.contains("${") && !carriers.is_empty();
        may_be || carriers.contains(&self.object) || texts.any(|(name, value)| is_surely_confidential(name, value))
    }
}

/// Tells whether a field of a Secret has a plain value.
fn is_open(body: &Value, field: &str) -> bool {
    let is_sealed = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text.starts_with("ENC["),
        _ => false,
    };
    match body.get(field) {
        Some(Value::Object(entries)) => !entries.values().all(is_sealed),
        Some(other) => !other.is_null(),
        None => false,
    }
}
