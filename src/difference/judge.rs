//! What the server's answers mean for one object: pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{changes, comparable, path_of, unified, without};
use super::ignore::leave_out;
use super::normal::{SSA, says};
use super::owners::{FINALIZERS, alone, folded, outermost};
use super::typed::complete;
use super::veil::Veil;
use super::wanted::{AppliedSet, WantedObject};
use super::writers::OtherWriters;
use super::{DifferenceKind, FieldDrift, LiveDifference};
use crate::helm::diff::DocumentChange;
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
use crate::model::managed_fields::OwnedFields;
use crate::yaml::manifest::LAST_APPLIED;

/// The annotations by which people ask controllers for something, which no manifest has.
const REQUESTS: [&str; 2] = ["reconcile.fluxcd.io/", "fluxcd.io/"];

/// What kustomize-controller removes of metadata before it applies (`applyOpts.Cleanup` in its
/// `kustomization_controller.go`): the copy of kubectl, and the marks of its own first versions.
const CLEANED: [(&str, &str); 4] = [
    ("/metadata/annotations", LAST_APPLIED),
    ("/metadata/annotations", "kustomize.toolkit.fluxcd.io/checksum"),
    ("/metadata/annotations", "fluxcd.io/sync-checksum"),
    ("/metadata/labels", "fluxcd.io/sync-gc-mark"),
];

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
    /// What else in the cluster writes fields.
    pub(super) others: &'a OtherWriters,
}

/// Returns the fields that a run of kustomize-controller removes though its dry run keeps them.
pub(super) fn removed(set: &AppliedSet, wanted: &WantedObject, live: &Value, dry: &Value) -> Vec<String> {
    let merges = says(&wanted.body, SSA, "Merge") || says(live, SSA, "Merge");
    if set.manager != KUSTOMIZE_CONTROLLER || merges {
        return Vec::new();
    }
    let mut found = folded(&OwnedFields::of(dry));
    for (map, key) in CLEANED {
        let pointer = super::fields::below(map, key);
        if dry.pointer(&pointer).is_some() && !found.contains(&pointer) {
            found.push(pointer);
        }
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
    let kept = if kind == DifferenceKind::Drift { kept(set, answers) } else { Vec::new() };
    let (mut live, mut after) = (comparable(answers.live), comparable(answers.dry));
    for form in [&mut live, &mut after] {
        complete(&wanted.object, form);
    }
    // Flux compares no finalizers, and yet removes those of kubectl.
    if removed.iter().chain(&kept).any(|pointer| pointer.starts_with(FINALIZERS)) {
        copy_finalizers(answers.live, &mut live);
        copy_finalizers(answers.dry, &mut after);
    }
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
        DifferenceKind::Drift => drift(set, wanted, answers, (live, after, kept), &veil),
    }
}

fn copy_finalizers(whole: &Value, form: &mut Value) {
    let own = whole.pointer("/metadata/finalizers").filter(|own| own.as_array().is_some_and(|own| !own.is_empty()));
    if let (Some(own), Some(metadata)) = (own, form.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.insert("finalizers".to_owned(), own.clone());
    }
}

fn drift(
    set: &AppliedSet,
    wanted: &WantedObject,
    answers: &Answers<'_>,
    (mut live, mut after, kept): (Value, Value, Vec<String>),
    veil: &Veil,
) -> Option<LiveDifference> {
    let owned = OwnedFields::of(answers.live);
    let author = |pointer: &str| {
        let others = owned.iter().filter(|one| one.manager != set.manager && one.touches(pointer));
        others.max_by_key(|one| one.at)
    };
    let mut fields = Vec::new();
    for change in changes(&live, &after).into_iter().filter(|change| !is_request(&change.pointer)) {
        let by = author(&change.pointer);
        let (undone, mut why) = fate(set, change.to.is_some());
        if undone && change.to.is_none() && by.is_some_and(|one| !one.is_taken_over()) {
            why = format!("{} owns the field, and Git has nothing of it", set.manager);
        }
        let autoscaler = answers.others.autoscaler(&wanted.object).filter(|_| change.pointer == REPLICAS);
        if let Some(autoscaler) = autoscaler {
            why =
                format!("{why}; HorizontalPodAutoscaler {autoscaler} scales it again: leave spec.replicas out of Git");
        }
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
    // What is taken back is told already.
    let kept: Vec<String> =
        kept.into_iter().filter(|one| live.pointer(one).is_some() && live.pointer(one) == after.pointer(one)).collect();
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
    if let Some(value) = scaled(wanted, &owned, &live).filter(|_| answers.others.autoscaler(&wanted.object).is_none()) {
        fields.push(FieldDrift {
            path: path_of(&live, REPLICAS),
            applied: None,
            live: Some(value),
            by: None,
            at: None,
            undone: false,
            why: set.keeps.clone().unwrap_or_else(|| scaled_by(answers.others)),
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

/// Says what is known of who scaled an object that nothing in Git scales.
fn scaled_by(others: &OtherWriters) -> String {
    if others.knows_autoscalers() {
        "nothing in Git sets it, and no HorizontalPodAutoscaler scales it; the API server does not note who did"
    } else {
        "nothing in Git sets it; the API server does not note who scales, a HorizontalPodAutoscaler or somebody"
    }
    .to_owned()
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

/// Returns the fields that people set and no run takes back: only managers that are no programs of the cluster own them.
fn kept(set: &AppliedSet, answers: &Answers<'_>) -> Vec<String> {
    let owned = OwnedFields::of(answers.dry);
    let is_hand = |one: &OwnedFields| {
        !one.is_applier(set.manager) && one.subresource != "status" && !answers.others.is_program(one)
    };
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
    outermost(&chosen).into_iter().filter(|pointer| !is_request(pointer)).collect()
}

/// Tells whether a field is an annotation by which somebody asked a controller for something.
fn is_request(pointer: &str) -> bool {
    let key = pointer.strip_prefix("/metadata/annotations/").unwrap_or_default();
    REQUESTS.iter().any(|prefix| key.starts_with(&prefix.replace('/', "~1")))
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

/// Describes an object that an apply cannot change, so that it is deleted and created anew; `fresh` is what the server makes
/// of it under another name.
pub(super) fn replaced(
    set: &AppliedSet,
    wanted: &WantedObject,
    (live, fresh): (&Value, Option<Value>),
    why: &str,
) -> LiveDifference {
    let mut before = comparable(live);
    let mut after = if let Some(fresh) = fresh {
        let mut after = comparable(&fresh);
        if let Some(name) = after.pointer_mut("/metadata/name") {
            *name = wanted.object.name.as_str().into();
        }
        after
    } else {
        let mut after = before.clone();
        merge(&mut after, &comparable(&wanted.body));
        after
    };
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

/// Removes maps of labels and annotations, and lists of finalizers, that have become empty.
fn drop_empty(form: &mut Value) {
    let Some(metadata) = form.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for key in ["labels", "annotations", "finalizers"] {
        let is_empty = match metadata.get(key) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            _ => false,
        };
        if is_empty {
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
