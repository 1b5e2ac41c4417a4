//! The file of an object, found by its kind and name.
//!
//! Kustomize can annotate each object with it, but takes a seventh longer for all of them; if nothing renames objects,
//! the names are enough.

use std::collections::HashMap;

use serde_json::Value;

use super::changes::Changes;
use super::object::{Object, Origin};
use crate::repo::{Declared, Feed, Role};
use crate::yaml;

/// Fields of a kustomization that create or rename objects.
const NAMING: [&str; 8] = [
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
    "namePrefix",
    "nameSuffix",
];

/// Holds the declarations of a Kustomization's files by group, kind and name.
pub(super) struct Origins<'a>(HashMap<(&'a str, &'a str, &'a str), &'a Declared>);

impl<'a> Origins<'a> {
    /// Lists the declarations; `None` if names are not enough: if something creates or renames objects, or two files
    /// declare objects of one name.
    pub(super) fn by_name(feed: &'a Feed, spec: &yaml::Value, changes: &Changes<'_>) -> Option<Self> {
        let is_set = |value: Option<&yaml::Value>| value.is_some_and(|value| !value.is_null());
        let renames = |body: &yaml::Mapping| NAMING.iter().any(|key| is_set(body.get(key)));
        if is_set(spec.get("namePrefix")) || is_set(spec.get("nameSuffix")) || changes.kustomizations().any(renames) {
            return None;
        }
        let mut known = HashMap::new();
        for declared in feed.declared.iter().filter(|declared| declared.role == Role::Resource) {
            let object = &declared.object;
            let key = (object.group.as_str(), object.kind.as_str(), object.name.as_str());
            // A base that is read twice repeats its declarations.
            let other: Option<&Declared> = known.insert(key, declared);
            if other.is_some_and(|other| (&other.file, other.index) != (&declared.file, declared.index)) {
                return None;
            }
        }
        Some(Self(known))
    }

    /// Finds the origin of an object; `None` if nothing declares it.
    pub(super) fn place(&self, body: Value, changes: &Changes<'_>) -> Option<Object> {
        let mut object = Object::new(body, Origin::default(), Vec::new());
        let name = &object.object;
        let declared = self.0.get(&(name.group.as_str(), name.kind.as_str(), name.name.as_str()))?;
        let line = Some(declared.line);
        object.origin = Origin { file: declared.file.clone(), line, ..Origin::default() };
        object.changed_by = changes.files_changing(&object.origin.file, &object.object, &object.body);
        Some(object)
    }
}
