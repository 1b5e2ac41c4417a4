//! The cockpit of a session: the app on its root screen, and the screen that a call begins on.

use super::session::Session;
use crate::app::{App, Ask, CommandTarget, Facts, Keymap, View};
use crate::commands::COMMANDS;
use crate::model::{Env, Kind, ObjectRef};
use crate::theme::Theme;
use crate::views::home::Home;
use crate::views::list::List;
use crate::views::{self, secret::SecretView};

/// Builds the app of a session on its root screen.
pub fn cockpit(session: &Session, theme: Theme, keymap: Keymap) -> App {
    App::new(session.facts(), theme, keymap, COMMANDS, Box::new(Home::new()))
}

/// Names the screen that the cockpit begins on, above its root.
#[derive(Debug, Clone)]
pub enum FirstScreen {
    /// The list of a kind.
    List(Env, &'static Kind),
    /// Whatever shows an object best.
    Object(Env, ObjectRef),
    /// The editor of an encrypted file, which may lie outside of the repository.
    Secret(Option<Env>, String),
}

impl FirstScreen {
    /// Builds it.
    ///
    /// # Errors
    /// Fails where no screen shows such an object.
    pub fn view(self, facts: &Facts) -> Result<Box<dyn View>, String> {
        match self {
            Self::List(env, kind) => Ok(Box::new(List::new(env, kind.kind))),
            Self::Secret(env, name) => Ok(Box::new(SecretView::new(env, &name))),
            Self::Object(env, object) => {
                let target = CommandTarget::Object(env, object);
                let targets = std::slice::from_ref(&target);
                let ask = Ask { facts, targets, answers: &[], now: facts.now, permit: None };
                views::open(&target, &ask).ok_or_else(|| format!("nothing shows {}", target.name()))
            }
        }
    }
}
