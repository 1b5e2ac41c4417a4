//! Snapshots: a screen without a terminal, drawn once everything has settled. It does not sleep: it counts pending
//! answers.

use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

use super::effects::Performer;
use super::looping::CHANNEL;
use super::session::Session;
use crate::app::{App, Key, Msg, OnScreen, PendingCount};
use crate::model::Fault;

/// The longest wait of a snapshot for pending answers; a cluster that hangs longer than the first list's timeout is
/// settled as unreachable before.
const PATIENCE: Duration = Duration::from_mins(1);

/// Presses keys, each once everything has settled, and returns the screen after the last.
///
/// # Errors
/// Fails when something is still pending after a minute.
pub async fn snapshot(app: &mut App, session: Arc<Session>, keys: &[Key], size: (u16, u16)) -> Result<Buffer, Fault> {
    let mut rehearsal = Rehearsal::open(app, session, size).await?;
    rehearsal.press(keys).await?;
    rehearsal.rest().await?;
    Ok(rehearsal.screen())
}

/// Plays a cockpit without a terminal: it presses keys and lets time pass.
pub struct Rehearsal<'a> {
    app: &'a mut App,
    session: Arc<Session>,
    performer: Performer,
    messages: mpsc::Receiver<Msg>,
    pending_count: PendingCount,
    terminal: Terminal<TestBackend>,
}

impl<'a> Rehearsal<'a> {
    /// Opens the cockpit, and waits until its first screen has settled.
    ///
    /// # Errors
    /// Fails when something is still pending after a minute.
    pub async fn open(app: &'a mut App, session: Arc<Session>, size: (u16, u16)) -> Result<Self, Fault> {
        let (sender, messages) = mpsc::channel(CHANNEL);
        let pending_count = PendingCount::default();
        let performer = Performer::new(Arc::clone(&session), sender, pending_count.clone(), false);
        let terminal = Terminal::new(TestBackend::new(size.0, size.1))
            .map_err(|error| Fault::failed("cannot draw", error.to_string(), "this is a defect of fluxdeck"))?;
        let mut rehearsal = Self { app, session, performer, messages, pending_count, terminal };
        rehearsal.performer.rescan();
        let (environments, unconnected) = (rehearsal.session.environments.clone(), rehearsal.session.unconnected());
        rehearsal.take(Msg::Environments(environments, unconnected));
        rehearsal.settle().await?;
        rehearsal.session.tell_time(&mut rehearsal.app.facts);
        rehearsal.draw();
        Ok(rehearsal)
    }

    /// Presses keys, each once everything has settled.
    ///
    /// # Errors
    /// Fails when something is still pending after a minute.
    pub async fn press(&mut self, keys: &[Key]) -> Result<(), Fault> {
        for key in keys {
            self.take(Msg::Key(*key));
            self.settle().await?;
            self.take(Msg::Rested);
            self.settle().await?;
            self.draw();
        }
        Ok(())
    }

    /// Lets the keys rest, and draws.
    ///
    /// # Errors
    /// Fails when something is still pending after a minute.
    pub async fn rest(&mut self) -> Result<(), Fault> {
        self.take(Msg::Rested);
        self.settle().await?;
        self.session.tell_time(&mut self.app.facts);
        self.draw();
        Ok(())
    }

    /// Takes what the clusters tell while time passes, and draws.
    ///
    /// # Errors
    /// Fails when something is still pending after a minute more.
    #[cfg(test)]
    pub async fn pass(&mut self, time: Duration) -> Result<(), Fault> {
        let end = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => self.take(message),
                () = tokio::time::sleep_until(end) => break,
            }
        }
        self.session.tell_time(&mut self.app.facts);
        self.take(Msg::Time(self.session.clock.now()));
        self.rest().await
    }

    /// Returns the screen as it was drawn last.
    pub fn screen(&self) -> Buffer {
        self.terminal.backend().buffer().clone()
    }

    /// Returns the app.
    #[cfg(test)]
    pub fn app(&self) -> &App {
        self.app
    }

    fn draw(&mut self) {
        let app = &*self.app;
        // Views learn the size of their pages by a draw; a test backend cannot fail.
        let _drawn = self.terminal.draw(|frame| app.render(frame));
    }

    fn take(&mut self, message: Msg) {
        for effect in self.app.update(message) {
            // Effects on the screen are ignored: there is none.
            let _screen: Option<OnScreen> = self.performer.perform(effect);
        }
    }

    /// Takes messages until no answer is pending and no message waits.
    async fn settle(&mut self) -> Result<(), Fault> {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            while let Ok(message) = self.messages.try_recv() {
                self.take(message);
            }
            if self.pending_count.open() == 0 && self.messages.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => self.take(message),
                () = self.pending_count.changed() => {}
                () = tokio::time::sleep_until(end) => {
                    return Err(Fault::failed(
                        "the screen did not settle",
                        format!("{} answers are still pending after {} s", self.pending_count.open(), PATIENCE.as_secs()),
                        "a cluster or a program hangs; `fluxdeck status` shows which",
                    ));
                }
            }
        }
    }
}
