//! One object with its state, as trees and traces hold it.

use serde::Serialize;
use serde_json::Value;

use crate::kinds;
use crate::model::{ObjectRef, Row, State};

/// Holds an object, how it fares, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageNode {
    /// Which object.
    pub object: ObjectRef,
    /// How it fares.
    pub state: State,
    /// What its controller says of it, where it is not ready; the revision where it is.
    pub note: String,
    /// What belongs to it.
    pub children: Vec<LineageNode>,
}

impl LineageNode {
    /// Judges an object that was read; `None` is one that is not there.
    pub fn judge(object: &ObjectRef, value: Option<&Value>) -> Self {
        let (state, note) = match value {
            None => (State::Failed, "is not there".to_owned()),
            Some(value) => judge(object, value),
        };
        Self { object: object.clone(), state, note, children: Vec::new() }
    }
}

/// Decodes the row of an object whose kind has a file of its own.
pub(super) fn row(object: &ObjectRef, value: &Value) -> Option<Row> {
    let kind = kinds::kind_of(object)?;
    (kind.decode)(value.to_string().as_bytes()).ok()
}

fn judge(object: &ObjectRef, value: &Value) -> (State, String) {
    if let Some(row) = row(object, value) {
        let note = match &row.flux {
            Some(flux) if row.state == State::Ready => kinds::short_revision(&flux.revision),
            None if row.state == State::Ready => row.cells.first().map(ToString::to_string).unwrap_or_default(),
            _ => kinds::essence(&row.message),
        };
        return (row.state, note);
    }
    if value.pointer("/metadata/deletionTimestamp").is_some() {
        return (State::Progressing, "is being deleted".to_owned());
    }
    // As kstatus judges what it does not know: by Ready, where the object has it; else what is there is current.
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let of = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ready = conditions.into_iter().flatten().find(|condition| of(condition, "type") == "Ready");
    match ready.map(|condition| (of(condition, "status"), of(condition, "message"))) {
        Some((status, message)) if status == "False" => (State::Failed, kinds::essence(&message)),
        Some((status, message)) if status != "True" => (State::Progressing, kinds::essence(&message)),
        _ => (State::Ready, String::new()),
    }
}
