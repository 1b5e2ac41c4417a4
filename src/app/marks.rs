//! Marks: several objects of one panel for the next write.

use std::collections::BTreeSet;

use super::task::Ticket;
use crate::model::{Env, ObjectRef};

/// Holds the marked objects of one screen and one environment.
///
/// The marks of one screen are out of sight on the next, and marks in one environment must never redirect a key that is
/// pressed on another's row: so there is only one set at a time, and it knows its screen and environment.
#[derive(Debug)]
pub struct Marks {
    screen: Ticket,
    env: Env,
    objects: BTreeSet<ObjectRef>,
}

impl Marks {
    /// Starts with one object.
    pub(super) fn starting_with(screen: Ticket, env: Env, object: ObjectRef) -> Self {
        Self { screen, env, objects: BTreeSet::from([object]) }
    }

    /// Returns the environment of all marks.
    pub fn env(&self) -> Env {
        self.env
    }

    /// Tells whether the marks belong to a screen.
    pub(super) fn are_of(&self, screen: Ticket) -> bool {
        self.screen == screen
    }

    /// Marks an object, or removes its mark.
    pub(super) fn toggle(&mut self, object: ObjectRef) {
        if !self.objects.remove(&object) {
            self.objects.insert(object);
        }
    }

    /// Tells whether an object of an environment is marked.
    pub fn contains(&self, env: Env, object: &ObjectRef) -> bool {
        self.env == env && self.objects.contains(object)
    }

    /// Iterates over the marked objects, by name.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        self.objects.iter()
    }

    /// Returns the number of marked objects.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Tells whether no object is marked any more.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
