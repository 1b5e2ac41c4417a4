//! The difference of two renderings: the objects that a change creates, alters and deletes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::fate::Sides;
use super::{Object, Rendering};
use crate::helm::diff::{self, DocumentChange};
use crate::yaml;

/// Names an object with its context: environment, Kustomization and object.
type Key = (String, String, String);

/// Describes the change of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The environment's name.
    pub env: String,
    /// The Kustomization that applies it.
    pub kustomization: String,
    /// The object, `Kind/namespace/name`.
    pub object: String,
    /// The kind of change.
    pub change: DocumentChange,
    /// The unified difference of its YAML, values of Secrets masked.
    pub diff: String,
    /// What Flux does otherwise than the change looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether the object stays in the cluster as it is, for a reason that the note gives.
    #[serde(skip)]
    pub stays: bool,
}

/// Compares the rendered output of two states of a repository, by environment, Kustomization and object.
///
/// A Kustomization that one side cannot render is left out: an unknown output is no change.
pub fn compare(old: &Rendering, new: &Rendering) -> Vec<Difference> {
    let broken: BTreeSet<(&str, String)> = old
        .of
        .iter()
        .chain(&new.of)
        .filter(|one| one.finding.is_some())
        .map(|one| (one.env.as_str(), one.shown()))
        .collect();
    let (before, mut after) = (index(old, &broken), index(new, &broken));
    let mut found = Vec::new();
    let told = |key: Key, before: Option<&Object>, after: Option<&Object>| {
        let sides = Sides { old, new, env: &key.0, kustomization: &key.1 };
        let fate = match (before, after) {
            (old, Some(new)) => sides.applied(old, new),
            (Some(old), None) => sides.deleted(old),
            (None, None) => None,
        };
        let stays = fate.as_ref().is_some_and(|fate| fate.stays);
        let note = fate.map(|fate| fate.note);
        difference(key, before, after).map(|difference| Difference { note, stays, ..difference })
    };
    for (key, own) in before {
        let other = after.remove(&key);
        if other.is_none_or(|other| other.body != own.body) {
            found.extend(told(key, Some(own), other));
        }
    }
    found.extend(after.into_iter().filter_map(|(key, own)| told(key, None, Some(own))));
    found.sort_by(|one, other| {
        (&one.env, &one.kustomization, &one.object).cmp(&(&other.env, &other.kustomization, &other.object))
    });
    found
}

fn index<'a>(rendering: &'a Rendering, broken: &BTreeSet<(&str, String)>) -> BTreeMap<Key, &'a Object> {
    let mut found = BTreeMap::new();
    for one in rendering.of.iter().filter(|one| !broken.contains(&(one.env.as_str(), one.shown()))) {
        for object in &one.objects {
            let group = &object.object.group;
            let name = if group.is_empty() { object.object.to_string() } else { format!("{} {group}", object.object) };
            found.insert((one.env.clone(), one.shown(), name), object);
        }
    }
    found
}

fn difference(key: Key, old: Option<&Object>, new: Option<&Object>) -> Option<Difference> {
    let text =
        |object: Option<&Object>| object.and_then(|object| yaml::to_string(&object.body).ok()).unwrap_or_default();
    let (change, object) = match (old, new) {
        (Some(_), Some(new)) => (DocumentChange::Update, new),
        (None, Some(new)) => (DocumentChange::Create, new),
        (Some(old), None) => (DocumentChange::Delete, old),
        (None, None) => return None,
    };
    let diff = diff::manifests(&text(old), &text(new)).into_iter().map(|one| one.diff).collect();
    let object = object.object.to_string();
    Some(Difference { env: key.0, kustomization: key.1, object, change, diff, note: None, stays: false })
}

/// Holds the difference of two environments.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The objects that differ, or that only one has; `kustomization` is the application, and `Create` means that only
    /// the second has it.
    pub differences: Vec<Difference>,
    /// The number of equal objects of each application.
    pub same: BTreeMap<String, usize>,
}

/// Compares the rendered output of two environments, object by object; objects of one namespace belong together.
///
/// The values of a secret are encrypted for each environment separately: only their keys are compared.
pub fn environments(rendering: &Rendering, one: &str, other: &str) -> Compared {
    let side = |env: &str| -> BTreeMap<String, (String, Object)> {
        let known = rendering.objects(env).map(|(_, object)| {
            let own = &object.object;
            let name = if own.group.is_empty() { own.to_string() } else { format!("{own} {}", own.group) };
            let application = match (own.namespace.as_str(), own.kind.as_str()) {
                ("", "Namespace") => own.name.clone(),
                ("", _) => "(cluster)".to_owned(),
                (namespace, _) => namespace.to_owned(),
            };
            let mut object = object.clone();
            if let Some(fields) = object.body.as_object_mut() {
                fields.shift_remove("sops");
            }
            veil(&mut object.body);
            (name, (application, object))
        });
        known.collect()
    };
    let (before, mut after) = (side(one), side(other));
    let mut compared = Compared::default();
    for (name, (application, old)) in before {
        let new = after.remove(&name).map(|(_, object)| object);
        if new.as_ref().is_some_and(|new| new.body == old.body) {
            *compared.same.entry(application).or_default() += 1;
            continue;
        }
        let key = (one.to_owned(), application, name);
        compared.differences.extend(difference(key, Some(&old), new.as_ref()));
    }
    for (name, (application, new)) in after {
        compared.differences.extend(difference((other.to_owned(), application, name), None, Some(&new)));
    }
    compared.differences.sort_by(|a, b| (&a.kustomization, &a.object).cmp(&(&b.kustomization, &b.object)));
    compared
}

/// Replaces every encrypted value by one word.
fn veil(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) if text.starts_with("ENC[") => "(encrypted)".clone_into(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(veil),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(veil),
        _ => {}
    }
}
