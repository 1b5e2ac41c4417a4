//! What the detail reads, and how far that has come.

use serde_json::Value;

use crate::app::Task;
use crate::cluster::{Detail, Event, EventScope};
use crate::kinds;
use crate::model::{Condition, Env, Fault, ObjectRef, Row};
use crate::theme::Scope;
use crate::views::page::PageLine;
use crate::views::tabs;
use crate::widgets::wrap;

/// Holds what was read last, and what is wrong with reading it anew.
#[derive(Debug)]
pub(super) struct Loaded<T> {
    /// What was read last; it stays while it is read anew, and when the object is gone.
    pub(super) value: Option<T>,
    /// Why it could not be read the last time.
    pub(super) fault: Option<Fault>,
    /// Whether there is no such object, or no longer.
    pub(super) gone: bool,
}

impl<T> Default for Loaded<T> {
    fn default() -> Self {
        Self { value: None, fault: None, gone: false }
    }
}

impl<T> Loaded<T> {
    /// Takes an answer; `None` in it is an object that is not there.
    pub(super) fn take(&mut self, answer: Result<Option<T>, Fault>) {
        match answer {
            Ok(Some(value)) => *self = Self { value: Some(value), fault: None, gone: false },
            Ok(None) => (self.fault, self.gone) = (None, true),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Writes what stands in place of a value that is not there.
    pub(super) fn in_place(&self) -> Vec<PageLine> {
        match (&self.fault, self.gone) {
            (Some(fault), _) => tabs::fault(fault),
            (None, true) => vec![PageLine::wrapped("there is no such object", Scope::Text)],
            (None, false) => vec![PageLine::cut("reading...", Scope::Dim)],
        }
    }

    /// Says above a value that it is old, wrapped to a width; empty while it is current.
    pub(super) fn warning(&self, width: usize) -> Vec<String> {
        let text = match (&self.value, self.gone, &self.fault) {
            (Some(_), true, _) => "it was deleted; this is what it was last".to_owned(),
            (Some(_), false, Some(fault)) => {
                format!("this may be old: {}: {}; ctrl-l tries again", fault.what, fault.why)
            }
            (None, true, _) => "it is not in the cluster: it was deleted, or not applied yet".to_owned(),
            _ => return Vec::new(),
        };
        wrap(&text, width)
    }
}

/// Holds a whole object as it is shown.
#[derive(Debug)]
pub(super) struct Whole {
    /// The object; values of a Secret are masked.
    pub(super) value: Value,
    /// Its YAML, line by line.
    pub(super) yaml: Vec<PageLine>,
    /// Its conditions.
    pub(super) conditions: Vec<Condition>,
    /// Its row, where the registry knows the kind.
    pub(super) row: Option<Row>,
}

/// Answers of the tasks, each with the environment that was asked.
pub(super) enum Answer {
    /// The object; `None` where there is none.
    Whole(Env, Result<Option<Whole>, Fault>),
    /// Its events.
    Events(Env, Result<Vec<Event>, Fault>),
}

/// Makes the tasks that read an object and its events, apart, so that neither waits for the other.
pub(super) fn tasks(env: Env, object: &ObjectRef) -> Vec<Task> {
    let (read, about) = (object.clone(), object.clone());
    vec![
        Task::once(format!("read {object}"), move |reach| async move {
            Answer::Whole(
                env,
                match reach.cluster(env) {
                    Ok(cluster) => cluster.look(&read).await.map(|detail| detail.map(whole)),
                    Err(fault) => Err(fault),
                },
            )
        }),
        Task::once(format!("events of {object}"), move |reach| async move {
            Answer::Events(
                env,
                match reach.cluster(env) {
                    Ok(cluster) => cluster.events(&EventScope::Object(about)).await,
                    Err(fault) => Err(fault),
                },
            )
        }),
    ]
}

/// Turns what was read into what is shown.
pub(super) fn whole(detail: Detail) -> Whole {
    let kind = kinds::find(&detail.object.kind).filter(|kind| kind.group == detail.object.group);
    let row = kind.and_then(|kind| (kind.decode)(detail.value.to_string().as_bytes()).ok());
    let masked = |line: &str| line.contains(": (masked");
    let line = |line: &str| PageLine::cut(line, if masked(line) { Scope::Masked } else { Scope::Text });
    Whole { yaml: detail.yaml.lines().map(line).collect(), value: detail.value, conditions: detail.conditions, row }
}
