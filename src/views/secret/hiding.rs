//! Hides revealed values after a while without a key.

use std::any::Any;
use std::time::Duration;

use tokio::sync::watch;

use super::field::Field;
use super::{SecretView, tell};
use crate::app::{Action, Scene, Task};

/// The time without a key after which revealed values hide again: a user who was called away must not leave them on the
/// screen.
const HIDE_AFTER: Duration = Duration::from_mins(1);

/// Reports that the wait has started, which settles the task.
struct Awake;

/// Reports that no key came for a while.
pub(super) struct Asleep;

/// Starts the wait after which values are hidden; each key goes through the sender, and dropping that ends the wait.
fn wait() -> (watch::Sender<()>, Action) {
    let (sender, mut keys) = watch::channel(());
    let task = Task::stream("hide what is revealed", move |_reach, mut reply| async move {
        reply.send(Awake).await;
        loop {
            tokio::select! {
                key = keys.changed() => if key.is_err() { return },
                () = tokio::time::sleep(HIDE_AFTER) => {
                    reply.send(Asleep).await;
                    return;
                }
            }
        }
    });
    (sender, Action::Task(task))
}

/// Holds whether a question over the editor shows values; they hide there as they do in the editor.
#[derive(Debug, Default)]
pub(super) struct Glimpse {
    awake: Option<watch::Sender<()>>,
}

impl Glimpse {
    /// Tells whether values are shown.
    pub(super) fn is_open(&self) -> bool {
        self.awake.is_some()
    }

    /// Shows values, or hides them.
    pub(super) fn turn(&mut self) -> Vec<Action> {
        if self.awake.take().is_some() {
            return Vec::new();
        }
        let (sender, waiting) = wait();
        self.awake = Some(sender);
        vec![waiting]
    }

    /// Notes that a key came.
    pub(super) fn stir(&self) {
        if let Some(awake) = &self.awake {
            awake.send_replace(());
        }
    }

    /// Hides values after the report that no key came for a while.
    pub(super) fn hide_when_idle(&mut self, payload: &(dyn Any + Send)) -> Vec<Action> {
        if payload.is::<Asleep>() && self.awake.take().is_some() { vec![Action::Redraw] } else { Vec::new() }
    }
}

impl SecretView {
    /// Waits for a while without a key, as long as any value is shown; otherwise ends the wait.
    pub(super) fn watch_over(&mut self) -> Vec<Action> {
        if self.revealed.is_empty() && self.editing.is_none() {
            self.awake = None;
            return Vec::new();
        }
        if self.awake.is_some() {
            return Vec::new();
        }
        let (sender, waiting) = wait();
        self.awake = Some(sender);
        vec![waiting]
    }

    /// Notes that a key came.
    pub(super) fn stir(&self) {
        if let Some(awake) = &self.awake {
            awake.send_replace(());
        }
    }

    /// Hides everything: no key came for a while.
    pub(super) fn hide(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.awake = None;
        let in_field = self.editing.as_ref().is_some_and(|(field, _)| *field != Field::Text);
        let shown = self.looks.hide() || in_field || !self.revealed.is_empty();
        self.revealed.clear();
        if let Some((_, editor)) = self.editing.as_mut().filter(|(field, _)| field.is_secret() && *field != Field::Text)
        {
            editor.hide();
        }
        if !shown {
            return Vec::new();
        }
        let mut actions = tell(scene, "values were hidden: no key came for a minute");
        actions.push(Action::Redraw);
        actions
    }
}
