//! What a whole object tells of its past: its status, its conditions, and who wrote it.

use jiff::Timestamp;
use serde_json::Value;

use super::entry::{TimelineEntry, TimelineLink};
use crate::cluster::mask::message;
use crate::kinds::short_revision;
use crate::model::ObjectRef;
use crate::model::field_manager::ManagerKind;
use crate::model::managed_fields::ManagerEntry;
use crate::model::text::without_credentials;

/// Collects the entries of one object.
struct Past<'a> {
    env: &'a str,
    object: ObjectRef,
    value: &'a Value,
    found: Vec<TimelineEntry>,
}

impl Past<'_> {
    fn text(&self, pointer: &str) -> &str {
        text(self.value, pointer)
    }

    fn add(&mut self, at: Option<Timestamp>, what: String, from: impl Into<String>) {
        let Some(at) = at else { return };
        self.found.push(TimelineEntry {
            at,
            env: self.env.to_owned(),
            object: self.object.to_string(),
            what,
            from: from.into(),
            link: TimelineLink::Object(self.object.clone()),
        });
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer).parse().ok()
}

/// Writes what an object tells: when it was made, fetched, applied, written by hand, and when its conditions turned.
pub(super) fn of_object(env: &str, value: &Value) -> Vec<TimelineEntry> {
    let mut past = Past { env, object: ObjectRef::of_body(value), value, found: Vec::new() };
    past.add(time(value, "/metadata/creationTimestamp"), "created".to_owned(), "metadata.creationTimestamp");
    past.add(
        time(value, "/metadata/deletionTimestamp"),
        "asked to be deleted".to_owned(),
        "metadata.deletionTimestamp",
    );
    let fetched = format!("fetched {}", short_revision(past.text("/status/artifact/revision")));
    past.add(time(value, "/status/artifact/lastUpdateTime"), fetched, "status.artifact");
    conditions(&mut past);
    history(&mut past);
    writers(&mut past);
    past.found
}

/// Writes the last turn of each condition.
fn conditions(past: &mut Past<'_>) {
    let of_condition = |condition: &Value| {
        let word = |key: &str| text(condition, key).to_owned();
        let said = without_credentials(&crate::kinds::in_source(word("/message").lines().next().unwrap_or_default()));
        let said = message(&said);
        let reason = word("/reason");
        let what = format!("{}={} {reason}: {said}", word("/type"), word("/status"));
        let what = what.trim_end_matches([':', ' ']).to_owned();
        (time(condition, "/lastTransitionTime"), what, format!("condition {}", word("/type")))
    };
    let found: Vec<_> = past.list("/status/conditions").iter().map(of_condition).collect();
    for (at, what, from) in found {
        past.add(at, what, from);
    }
}

/// Writes the runs of a Kustomization (kustomize-controller 1.7, `status.history`): the first and the last of each.
fn history(past: &mut Past<'_>) {
    let of_run = |run: &Value| {
        let word = |pointer: &str| text(run, pointer).to_owned();
        let revision = short_revision(&word("/metadata/revision"));
        let count = run.pointer("/totalReconciliations").and_then(Value::as_u64).unwrap_or(1);
        let (first, last) = (time(run, "/firstReconciled"), time(run, "/lastReconciled"));
        let status = word("/lastReconciledStatus");
        let took = word("/lastReconciledDuration");
        let took = if took.is_empty() { String::new() } else { format!(" in {took}") };
        let times = if count > 1 { format!(", {count} runs") } else { String::new() };
        let begun = (count > 1 && first != last).then(|| (first, format!("first run of {revision}")));
        let ended = (last, format!("{status} {revision}{took}{times}"));
        begun.into_iter().chain([ended]).collect::<Vec<_>>()
    };
    let found: Vec<_> = past.list("/status/history").iter().flat_map(of_run).collect();
    for (at, what) in found {
        past.add(at, what, "status.history");
    }
}

/// Writes who wrote the object by hand; what controllers write shows in its status.
fn writers(past: &mut Past<'_>) {
    let of_writer = |entry: ManagerEntry<'_>| {
        let operation = if entry.applies { "apply" } else { "update" };
        let of = if entry.subresource.is_empty() { String::new() } else { format!(" ({})", entry.subresource) };
        (entry.at, format!("written by {}, {operation}{of}{}", entry.manager, top_fields(entry.fields)))
    };
    let is_shown = |entry: &ManagerEntry<'_>| {
        !matches!(ManagerKind::of(entry.manager), ManagerKind::Controller | ManagerKind::Unknown)
    };
    let found: Vec<_> = ManagerEntry::all(past.value).filter(is_shown).map(of_writer).collect();
    for (at, what) in found {
        past.add(at, what, "metadata.managedFields");
    }
}

/// The most fields that are named of a write.
const FIELDS: usize = 4;

/// Names the written fields of `spec`, `data` and the metadata, never their values.
fn top_fields(fields: &Value) -> String {
    let Some(top) = fields.as_object() else { return String::new() };
    let plain = |key: &str| key.strip_prefix("f:").map(str::to_owned);
    let mut names = Vec::new();
    for (key, below) in top {
        let Some(parent) = plain(key) else { continue };
        let below = below.as_object().map(|below| below.keys().filter_map(|key| plain(key)).collect::<Vec<_>>());
        match below.filter(|below| !below.is_empty()) {
            Some(below) => names.extend(below.iter().map(|name| format!("{parent}.{name}"))),
            None => names.push(parent),
        }
    }
    let more = names.len().saturating_sub(FIELDS);
    names.truncate(FIELDS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) }
}

/// Writes the restarts of a pod: how each of its containers ended last.
pub(super) fn of_pod(env: &str, value: &Value) -> Vec<TimelineEntry> {
    let mut past = Past { env, object: pod(value), value, found: Vec::new() };
    let mut found = Vec::new();
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        for status in past.list(list) {
            let Some(ended) = status.pointer("/lastState/terminated") else { continue };
            let code = ended.pointer("/exitCode").and_then(Value::as_i64).unwrap_or_default();
            let restarts = status.pointer("/restartCount").and_then(Value::as_u64).unwrap_or_default();
            let (name, reason) = (text(status, "/name"), text(ended, "/reason"));
            let times = if restarts == 1 { "1 restart".to_owned() } else { format!("{restarts} restarts") };
            let what = format!("container {name} ended: {reason}, exit {code}; {times} so far");
            found.push((time(ended, "/finishedAt"), what));
        }
    }
    for (at, what) in found {
        past.add(at, what, "lastState");
    }
    past.found
}

/// Names a pod: the items of a list say no kind.
fn pod(value: &Value) -> ObjectRef {
    ObjectRef::new("Pod", "", text(value, "/metadata/namespace"), text(value, "/metadata/name"))
}
