//! Which file an object is from, by its kind and name.
//!
//! Kustomize writes it on each object when asked to, and takes a seventh longer for all of them; where nothing gives objects other names,
//! the names tell it as well.

use std::collections::HashMap;

use serde_json::Value;

use super::changes::Changes;
use super::object::{Object, Origin};
use crate::repo::{Declared, Feed, Role};
use crate::yaml;

/// Fields of a kustomization that make objects, or give them other names.
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
    /// Lists what is declared; `None` where names do not tell it: when something makes objects or renames them, or two files declare
    /// objects of one name.
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
            // A base that is read twice declares the same once more.
            let other: Option<&Declared> = known.insert(key, declared);
            if other.is_some_and(|other| (&other.file, other.index) != (&declared.file, declared.index)) {
                return None;
            }
        }
        Some(Self(known))
    }

    /// Finds where an object comes from; `None` where nothing declares it.
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
