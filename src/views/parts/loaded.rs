//! What a view reads from a cluster, and how far that has come.

use super::page::PageLine;
use super::tabs;
use crate::model::Fault;
use crate::theme::Scope;
use crate::widgets::wrap;

/// Holds what was read last, and what is wrong with reading it anew.
#[derive(Debug)]
pub struct Loaded<T> {
    /// What was read last; it stays while it is read anew, and when the object is gone.
    pub value: Option<T>,
    /// Why it could not be read the last time.
    pub fault: Option<Fault>,
    /// Whether there is no such object, or no longer.
    pub gone: bool,
}

impl<T> Default for Loaded<T> {
    fn default() -> Self {
        Self { value: None, fault: None, gone: false }
    }
}

impl<T> Loaded<T> {
    /// Takes an answer; `None` in it is an object that is not there.
    pub fn take(&mut self, answer: Result<Option<T>, Fault>) {
        match answer {
            Ok(Some(value)) => *self = Self { value: Some(value), fault: None, gone: false },
            Ok(None) => (self.fault, self.gone) = (None, true),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Writes what stands in place of a value that is not there.
    pub fn in_place(&self) -> Vec<PageLine> {
        match (&self.fault, self.gone) {
            (Some(fault), _) => tabs::fault(fault),
            (None, true) => vec![PageLine::wrapped("there is no such object", Scope::Text)],
            (None, false) => vec![PageLine::cut("reading...", Scope::Dim)],
        }
    }

    /// Says above a value that it is old, wrapped to a width; empty while it is current.
    pub fn warning(&self, width: usize) -> Vec<String> {
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
