//! What the server's answers mean for one object: pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{changes, comparable, path_of, unified, without};
use super::ignore::leave_out;
use super::normal::{SSA, says};
use super::owners::{alone, folded, outermost};
use super::veil::Veil;
use super::wanted::{AppliedSet, WantedObject};
use super::{DifferenceKind, FieldDrift, LiveDifference};
use crate::helm::diff::DocumentChange;
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
use crate::model::managed_fields::OwnedFields;
use crate::yaml::manifest::LAST_APPLIED;

/// The annotations by which people ask controllers for something, which no manifest has.
const REQUESTS: [&str; 2] = ["reconcile.fluxcd.io/", "fluxcd.io/"];

/// The field that the scale subresource changes, and its default.
const REPLICAS: &str = "/spec/replicas";
const DEFAULT_REPLICAS: u64 = 1;

/// Holds the answers about an object that is there.
pub(super) struct Answers<'a> {
    /// The live object.
    pub(super) live: &'a Value,
    /// What an apply would make of it.
    pub(super) dry: &'a Value,
    /// What an apply would make if it was not there, where that is known: it shows the server's defaults.
    pub(super) fresh: Option<&'a Value>,
}

/// Returns the fields that a run of kustomize-controller removes though its dry run keeps them.
pub(super) fn removed(set: &AppliedSet, wanted: &WantedObject, live: &Value, dry: &Value) -> Vec<String> {
    let merges = says(&wanted.body, SSA, "Merge") || says(live, SSA, "Merge");
    if set.manager != KUSTOMIZE_CONTROLLER || merges {
        return Vec::new();
    }
    let mut found = folded(&OwnedFields::of(dry));
    let copy = super::fields::below("/metadata/annotations", LAST_APPLIED);
    if dry.pointer(&copy).is_some() && !found.contains(&copy) {
        found.push(copy);
    }
    found
}

/// Compares the live object with what an apply makes of it; `None` if nothing differs.
pub(super) fn judge(
    set: &AppliedSet,
    wanted: &WantedObject,
    answers: &Answers<'_>,
    kind: DifferenceKind,
) -> Option<LiveDifference> {
    let mut removed = removed(set, wanted, answers.live, answers.dry);
    if let Some(fresh) = answers.fresh {
        // What the server sets again by itself is as good as never removed.
        removed.retain(|pointer| fresh.pointer(pointer) != answers.dry.pointer(pointer));
    }
    let (mut live, mut after) = (comparable(answers.live), comparable(answers.dry));
    without(&mut after, removed.iter().map(String::as_str));
    drop_empty(&mut after);
    for form in [&mut live, &mut after] {
        leave_out(&set.ignored, &wanted.object, form);
    }
    if kind == DifferenceKind::Next && live == after {
        return None;
    }
    let veil = Veil::new(&wanted.object, &[&live, &after], &wanted.values, &wanted.hidden);
    match kind {
        DifferenceKind::Next => {
            veil.cover(Some(&mut live), Some(&mut after));
            Some(difference(set, wanted, DocumentChange::Update, unified(Some(&live), Some(&after))))
        }
        DifferenceKind::Drift => drift(set, wanted, answers, (live, after), &veil),
    }
}

fn drift(
    set: &AppliedSet,
    wanted: &WantedObject,
    answers: &Answers<'_>,
    (mut live, mut after): (Value, Value),
    veil: &Veil,
) -> Option<LiveDifference> {
    let owned = OwnedFields::of(answers.live);
    let author = |pointer: &str| {
        let others = owned.iter().filter(|one| !one.is_applier(set.manager) && one.touches(pointer));
        others.max_by_key(|one| one.at)
    };
    let mut fields = Vec::new();
    for change in changes(&live, &after) {
        let by = author(&change.pointer);
        let (undone, why) = fate(set, change.to.is_some());
        fields.push(FieldDrift {
            path: change.path,
            applied: change.to.map(|value| veil.shown(&change.pointer, &value)),
            live: change.from.map(|value| veil.shown(&change.pointer, &value)),
            by: by.map(|one| one.manager.clone()),
            at: by.and_then(|one| one.at),
            undone,
            why,
        });
    }
    let kept = kept(set, answers, &live, &after);
    for pointer in &kept {
        let Some(value) = live.pointer(pointer) else { continue };
        let by = author(pointer);
        fields.push(FieldDrift {
            path: path_of(&live, pointer),
            applied: None,
            live: Some(veil.shown(pointer, value)),
            by: by.map(|one| one.manager.clone()),
            at: by.and_then(|one| one.at),
            undone: false,
            why: set.keeps.clone().unwrap_or_else(|| format!("nothing that {} applies sets it", set.manager)),
        });
    }
    if let Some(value) = scaled(wanted, &owned, &live) {
        fields.push(FieldDrift {
            path: path_of(&live, REPLICAS),
            applied: None,
            live: Some(value),
            by: None,
            at: None,
            undone: false,
            why: set.keeps.clone().unwrap_or_else(|| {
                "nothing in Git sets it; the API server does not note who scales, a HorizontalPodAutoscaler or somebody".to_owned()
            }),
        });
        without(&mut after, [REPLICAS]);
    }
    if fields.is_empty() {
        return None;
    }
    without(&mut after, kept.iter().map(String::as_str));
    drop_empty(&mut after);
    veil.cover(Some(&mut after), Some(&mut live));
    let text = unified(Some(&after), Some(&live));
    Some(LiveDifference { fields, ..difference(set, wanted, DocumentChange::Update, text) })
}

/// Returns the number of replicas that somebody set though nothing applies one: the scale subresource leaves no owner of
/// a field that had none, so only its difference from the default tells it.
fn scaled(wanted: &WantedObject, owned: &[OwnedFields], live: &Value) -> Option<Value> {
    let is_scaled =
        wanted.object.group == "apps" && matches!(&*wanted.object.kind, "Deployment" | "StatefulSet" | "ReplicaSet");
    let value = live.pointer(REPLICAS).filter(|value| is_scaled && value.as_u64() != Some(DEFAULT_REPLICAS))?;
    (!owned.iter().any(|one| one.touches(REPLICAS))).then(|| value.clone())
}

/// Tells whether the next run takes a drift back, and why.
pub(super) fn fate(set: &AppliedSet, is_stated: bool) -> (bool, String) {
    if let Some(why) = &set.keeps {
        return (false, why.clone());
    }
    let why = if is_stated {
        format!("{} applies it", set.manager)
    } else {
        format!("nothing in Git sets it, and {} removes what kubectl set", set.manager)
    };
    (true, why)
}

/// Returns the fields that people set and no run takes back: only managers that are no controllers own them.
fn kept(set: &AppliedSet, answers: &Answers<'_>, live: &Value, after: &Value) -> Vec<String> {
    let owned = OwnedFields::of(answers.dry);
    let is_hand =
        |one: &OwnedFields| !one.is_applier(set.manager) && !one.is_controller() && one.subresource != "status";
    let alone = alone(&owned, is_hand);
    // An item of a list counts as a whole, and a map field by field.
    let is_item = |pointer: &str| {
        pointer.rsplit_once('/').is_some_and(|(list, index)| {
            index.parse::<usize>().is_ok() && answers.dry.pointer(list).is_some_and(Value::is_array)
        })
    };
    let leaves: BTreeSet<&String> = owned.iter().flat_map(|one| &one.leaves).collect();
    let chosen: BTreeSet<&String> =
        alone.into_iter().filter(|pointer| leaves.contains(pointer) || is_item(pointer)).collect();
    let found = outermost(&chosen).into_iter().filter(|pointer| {
        let key = pointer.strip_prefix("/metadata/annotations/").unwrap_or_default();
        // What is taken back is told already.
        !REQUESTS.iter().any(|prefix| key.starts_with(&prefix.replace('/', "~1")))
            && live.pointer(pointer).is_some()
            && live.pointer(pointer) == after.pointer(pointer)
    });
    found.collect()
}

/// Describes an object that would be created, or that somebody deleted.
pub(super) fn absent(set: &AppliedSet, wanted: &WantedObject, kind: DifferenceKind) -> LiveDifference {
    let mut form = comparable(&wanted.body);
    let veil = Veil::new(&wanted.object, &[&form], &wanted.values, &wanted.hidden);
    match kind {
        DifferenceKind::Next => {
            veil.cover(None, Some(&mut form));
            difference(set, wanted, DocumentChange::Create, unified(None, Some(&form)))
        }
        DifferenceKind::Drift => {
            veil.cover(Some(&mut form), None);
            let (undone, why) = fate(set, true);
            let note = if undone {
                "somebody deleted it; the next run creates it again".to_owned()
            } else {
                format!("somebody deleted it, and it stays away: {why}")
            };
            LiveDifference {
                note: Some(note),
                ..difference(set, wanted, DocumentChange::Delete, unified(Some(&form), None))
            }
        }
    }
}

/// Describes an object that an apply cannot change, so that it is deleted and created anew.
pub(super) fn replaced(set: &AppliedSet, wanted: &WantedObject, live: &Value, why: &str) -> LiveDifference {
    let mut before = comparable(live);
    let mut after = before.clone();
    merge(&mut after, &comparable(&wanted.body));
    let veil = Veil::new(&wanted.object, &[&before, &after], &wanted.values, &wanted.hidden);
    veil.cover(Some(&mut before), Some(&mut after));
    let note = format!("it is deleted and created anew, because force is set and a field cannot change: {why}");
    let text = unified(Some(&before), Some(&after));
    LiveDifference { note: Some(note), ..difference(set, wanted, DocumentChange::Update, text) }
}

/// Describes an object that is not built any more and would be deleted.
pub(super) fn pruned(set: &AppliedSet, wanted: &WantedObject, note: Option<String>) -> LiveDifference {
    let mut form = comparable(&wanted.body);
    Veil::new(&wanted.object, &[&form], &[], &[]).cover(Some(&mut form), None);
    LiveDifference { note, ..difference(set, wanted, DocumentChange::Delete, unified(Some(&form), None)) }
}

fn difference(set: &AppliedSet, wanted: &WantedObject, change: DocumentChange, diff: String) -> LiveDifference {
    LiveDifference {
        env: set.env.clone(),
        kustomization: set.shown.clone(),
        object: wanted.object.to_string(),
        change,
        diff,
        note: None,
        fields: Vec::new(),
        events: Vec::new(),
        target: wanted.object.clone(),
    }
}

/// Removes maps of labels and annotations that have become empty.
fn drop_empty(form: &mut Value) {
    let Some(metadata) = form.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for key in ["labels", "annotations"] {
        if metadata.get(key).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
            metadata.shift_remove(key);
        }
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
