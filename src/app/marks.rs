//! Marks: several objects of one panel that the next write acts on together.

use std::collections::BTreeSet;

use super::task::Ticket;
use crate::model::{Env, ObjectRef};

/// Holds the marked objects of one screen and one environment.
///
/// What is marked on one screen is out of sight on the next, and what is marked in one environment must never pull a key that is pressed on
/// another's row over to it: so there is one set at a time, and it knows where it belongs.
#[derive(Debug)]
pub struct Marks {
    screen: Ticket,
    env: Env,
    objects: BTreeSet<ObjectRef>,
}

impl Marks {
    /// Begins with one object.
    pub(super) fn starting_with(screen: Ticket, env: Env, object: ObjectRef) -> Self {
        Self { screen, env, objects: BTreeSet::from([object]) }
    }

    /// Returns the environment that all of them are in.
    pub fn env(&self) -> Env {
        self.env
    }

    /// Tells whether they were made on a screen.
    pub(super) fn are_of(&self, screen: Ticket) -> bool {
        self.screen == screen
    }

    /// Marks an object, or takes its mark away.
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

    /// Returns how many objects are marked.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Tells whether nothing is marked any more.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
