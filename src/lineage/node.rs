//! One object with its state, in trees and traces.

use serde::Serialize;
use serde_json::Value;

use crate::kinds;
use crate::model::{ObjectRef, Row, State};

/// Holds an object, its state, and its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageNode {
    /// The object.
    pub object: ObjectRef,
    /// The state.
    pub state: State,
    /// The controller's message, where the object is not ready; the revision where it is.
    pub note: String,
    /// The children.
    pub children: Vec<LineageNode>,
}

impl LineageNode {
    /// Judges an object; `None` is a missing one.
    pub fn judge(object: &ObjectRef, value: Option<&Value>) -> Self {
        let (state, note) = match value {
            None => (State::Failed, "is not there".to_owned()),
            Some(value) => judge(object, value),
        };
        Self { object: object.clone(), state, note, children: Vec::new() }
    }
}

/// Decodes the row of an object whose kind has its own file.
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
    // Like kstatus for unknown kinds: by Ready, where the object has it; otherwise an existing object is current.
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let of = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ready = conditions.into_iter().flatten().find(|condition| of(condition, "type") == "Ready");
    match ready.map(|condition| (of(condition, "status"), of(condition, "message"))) {
        Some((status, message)) if status == "False" => (State::Failed, kinds::essence(&message)),
        Some((status, message)) if status != "True" => (State::Progressing, kinds::essence(&message)),
        _ => (State::Ready, String::new()),
    }
}
