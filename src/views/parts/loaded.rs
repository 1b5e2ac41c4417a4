//! A value that a view reads from a cluster, and the state of that.

use super::page::PageLine;
use super::tabs;
use crate::app::Keymap;
use crate::model::Fault;
use crate::theme::Scope;
use crate::widgets::wrap;

/// Holds the last read value, and the fault of the read after it.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The last read value; it stays during the next read, and after the object is gone.
    pub value: Option<T>,
    /// The fault of the last read, if it failed.
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
    /// Takes an answer; its `None` means that there is no such object.
    pub fn take(&mut self, answer: Result<Option<T>, Fault>) {
        match answer {
            Ok(Some(value)) => *self = Self { value: Some(value), fault: None, gone: false },
            Ok(None) => (self.fault, self.gone) = (None, true),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Writes the lines in place of a missing value.
    pub fn in_place(&self) -> Vec<PageLine> {
        match (&self.fault, self.gone) {
            (Some(fault), _) => tabs::fault(fault),
            (None, true) => vec![PageLine::wrapped("there is no such object", Scope::Text)],
            (None, false) => vec![PageLine::cut("reading...", Scope::Dim)],
        }
    }

    /// Warns above a value that it is old, wrapped to a width; empty if it is current.
    pub fn warning(&self, width: usize, keymap: &Keymap) -> Vec<String> {
        let text = match (&self.value, self.gone, &self.fault) {
            (Some(_), true, _) => "it was deleted; this is what it was last".to_owned(),
            (Some(_), false, Some(fault)) => {
                let again = keymap.written("‹key:redraw› tries again");
                format!("this may be old: {}: {}; {again}", fault.what, fault.why)
            }
            (None, true, _) => "it is not in the cluster: it was deleted, or not applied yet".to_owned(),
            _ => return Vec::new(),
        };
        wrap(&text, width)
    }
}
