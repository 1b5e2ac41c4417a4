//! Suspensions beside what Git declares: who set them, and whether Git says the same.

use jiff::Timestamp;

use crate::check::DeclaredObject;
use crate::doctor::{Evidence, LiveGraph, LiveObject};
use crate::model::field_manager::ManagerKind;
use crate::model::managed_fields::ManagerEntry;

/// Names who set `spec.suspend` last, and when.
#[derive(Debug, Clone, Default)]
pub(in crate::doctor::causes) struct SuspensionWriter {
    pub(in crate::doctor::causes) by: Option<String>,
    /// The name of the program in managedFields.
    pub(in crate::doctor::causes) manager: String,
    pub(in crate::doctor::causes) at: Option<Timestamp>,
}

impl SuspensionWriter {
    /// Writes it for a sentence: ` by kubectl edit`; nothing where nobody is named.
    pub(in crate::doctor::causes) fn told(&self) -> String {
        self.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default()
    }
}

/// Returns what Git declares of an object that is suspended or not against it, and who made it so. A difference that
/// comes from a commit which is not applied yet is none: the writer must not be Flux, or the declared commit applied.
pub(in crate::doctor::causes) fn against_git<'a>(
    graph: &'a LiveGraph,
    live: &LiveObject<'_>,
) -> Option<(&'a DeclaredObject, SuspensionWriter)> {
    let declared = graph.declared(live).filter(|declared| !declared.keeps_live)?;
    let is_declared = declared.spec.get("suspend").and_then(serde_json::Value::as_bool).unwrap_or(false);
    if live.is_true("/spec/suspend") == is_declared {
        return None;
    }
    let writers = ManagerEntry::all(live.value).filter(|entry| entry.owns(&["spec", "suspend"]));
    let last = writers.max_by_key(|entry| entry.at);
    let is_sure = match last.map(|entry| ManagerKind::of(entry.manager)) {
        Some(ManagerKind::Person) => true,
        Some(_) => false,
        // A field that is taken away has no owner.
        None => graph.is_applied(declared),
    };
    let writer =
        last.map(|entry| SuspensionWriter { by: Some(entry.words()), manager: entry.manager.to_owned(), at: entry.at });
    is_sure.then(|| (declared, writer.unwrap_or_default()))
}

/// Makes evidence of what Git says of a suspended object, where it is known.
pub(in crate::doctor::causes) fn declared_evidence(graph: &LiveGraph, live: &LiveObject<'_>) -> Vec<Evidence> {
    let Some(declared) = graph.declared(live) else { return Vec::new() };
    let is_declared = declared.spec.get("suspend").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let text = match (is_declared, against_git(graph, live)) {
        (true, _) => "Git says spec.suspend: true".to_owned(),
        (false, Some(_)) => "Git does not say spec.suspend: true".to_owned(),
        (false, None) => return Vec::new(),
    };
    vec![Evidence { text, at: None, from: declared.file.clone() }]
}
