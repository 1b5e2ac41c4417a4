//! The reading of the detail's object and events.

use serde_json::Value;

use crate::app::{Task, TaskContext};
use crate::cluster::{Event, EventScope, ObjectDetail};
use crate::kinds;
use crate::model::{Condition, Env, Fault, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::parts::page::{PageLine, SharedLines};

/// Holds a whole object in the form of the screen.
#[derive(Debug)]
pub(super) struct Whole {
    /// The object; values of a Secret are masked.
    pub(super) value: Value,
    /// Its YAML, line by line.
    pub(super) yaml: SharedLines,
    /// Its conditions.
    pub(super) conditions: Vec<Condition>,
    /// Its row, if the registry knows the kind.
    pub(super) row: Option<Row>,
}

/// Answers of the tasks, each with the environment of the request.
pub(super) enum Answer {
    /// The object; `None` if there is none.
    Whole(Env, Result<Option<Whole>, Fault>),
    /// Its events.
    Events(Env, Result<Vec<Event>, Fault>),
}

/// Builds the tasks that read an object and its events separately, so that neither waits for the other.
pub(super) fn tasks(env: Env, object: &ObjectRef) -> Vec<Task> {
    let (read, about) = (object.clone(), object.clone());
    vec![
        Task::once(format!("read {object}"), move |task_context| async move {
            Answer::Whole(
                env,
                match task_context.cluster(env) {
                    Ok(cluster) => cluster.detail(&read).await.map(|detail| detail.map(whole)),
                    Err(fault) => Err(fault),
                },
            )
        }),
        Task::once(format!("events of {object}"), move |task_context| async move {
            Answer::Events(env, events(&task_context, env, about).await)
        }),
    ]
}

/// Reads the events of an object.
pub(in crate::views) async fn events(
    task_context: &TaskContext,
    env: Env,
    about: ObjectRef,
) -> Result<Vec<Event>, Fault> {
    task_context.cluster(env)?.events(&EventScope::Object(about)).await
}

/// Converts a read object to the form of the screen.
pub(super) fn whole(detail: ObjectDetail) -> Whole {
    let kind = kinds::kind_of(&detail.object);
    let row = kind.and_then(|kind| (kind.decode)(detail.value.to_string().as_bytes()).ok());
    let masked = |line: &str| line.contains(": (masked");
    let line = |line: &str| PageLine::cut(line, if masked(line) { Scope::Masked } else { Scope::Text });
    Whole {
        yaml: detail.yaml.lines().map(line).collect::<Vec<_>>().into(),
        value: detail.value,
        conditions: detail.conditions,
        row,
    }
}
