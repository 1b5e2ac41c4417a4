//! The cockpit of a session: the app on its root screen, and the first screen of a call.

use super::session::Session;
use crate::app::{App, Ask, CommandTarget, Facts, Keymap, View};
use crate::commands::COMMANDS;
use crate::model::{Env, Kind, ObjectRef};
use crate::theme::Theme;
use crate::views::exercise::ExerciseView;
use crate::views::home::Home;
use crate::views::list::List;
use crate::views::{self, secret::SecretView};

/// Builds the app of a session on its root screen.
pub fn cockpit(session: &Session, theme: Theme, keymap: Keymap) -> App {
    let mut app = App::new(session.facts(), theme, keymap, COMMANDS, Box::new(Home::new()));
    if let Some(mode) = session.settings.lessons.value {
        app.show_lessons(mode);
    }
    app
}

/// Names the first screen of the cockpit, above its root.
#[derive(Debug, Clone)]
pub enum FirstScreen {
    /// The list of a kind.
    List(Env, &'static Kind),
    /// The best screen for an object.
    Object(Env, ObjectRef),
    /// The editor of an encrypted file, which may be outside of the repository.
    Secret(Option<Env>, String),
    /// The exercise of a demonstration.
    Exercise,
}

impl FirstScreen {
    /// Builds the screen.
    ///
    /// # Errors
    /// Fails if no screen shows such an object.
    pub fn view(self, facts: &Facts) -> Result<Box<dyn View>, String> {
        match self {
            Self::List(env, kind) => Ok(Box::new(List::new(env, kind.kind))),
            Self::Exercise => Ok(Box::new(ExerciseView::default())),
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
