//! Opens the file, and takes what comes of it.

use super::document::Document;
use super::{SecretView, State};
use crate::app::{Action, Reach, Scene, Task};
use crate::model::{Env, Fault};
use crate::sops::{self, IdentitySources, Locked, Unlocked};

/// The answer of the task that opens the file.
pub(super) struct Opening(Result<Unlocked, Box<Locked>>);

impl SecretView {
    /// Opens the file with the keys of its environment; of every environment where it belongs to none alone.
    pub(super) fn load(&self, scene: &Scene<'_>) -> Action {
        let (env, file) = (self.env, self.file.clone());
        let name = env.map(|env| scene.facts.name(env).to_owned());
        Action::Task(Task::once(format!("open {file}"), move |reach| async move {
            let sources = Self::sources(&reach, env);
            let closed = |fault: Fault| {
                Box::new(Locked { fault, recipients: Vec::new(), at_hand: Vec::new(), problems: Vec::new() })
            };
            let path = match reach.file(&file) {
                Ok(path) => path,
                Err(fault) => return Opening(Err(closed(fault))),
            };
            let opened = reach.away(move || sops::unlock(&path, &file, name.as_deref(), &sources)).await;
            Opening(opened.unwrap_or_else(|fault| Err(closed(fault))))
        }))
    }

    /// Finds the keys of an environment; those of every environment for a file that belongs to none alone.
    pub(super) fn sources(reach: &Reach, env: Option<Env>) -> Vec<IdentitySources> {
        match env {
            Some(env) => reach.identities.get(env).into_iter().cloned().collect(),
            None => reach.identities.iter().map(|(_, sources)| sources.clone()).collect(),
        }
    }

    /// Shows what was opened, or why it was not.
    pub(super) fn take(&mut self, opening: Opening) {
        self.state = match opening.0 {
            Ok(unlocked) => State::Open(Box::new(Document::new(unlocked))),
            Err(locked) => State::Locked(locked),
        };
        // Most come for what is encrypted; kind and names stand above it.
        let values = self.values();
        let first = self.document().and_then(|document| {
            values.iter().position(|index| document.entries().get(*index).is_some_and(|entry| entry.encrypted))
        });
        self.selected = first.unwrap_or(0);
    }
}
