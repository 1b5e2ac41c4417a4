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
    let (sender, mut messages) = mpsc::channel(CHANNEL);
    let pending_count = PendingCount::default();
    let mut performer = Performer::new(Arc::clone(&session), sender, pending_count.clone(), false);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1))
        .map_err(|error| Fault::failed("cannot draw", error.to_string(), "this is a defect of fluxdeck"))?;
    performer.rescan();
    take(app, &mut performer, Msg::Environments(session.environments.clone(), session.unconnected()));
    let mut draw = |app: &App| {
        // Views learn the size of their pages by a draw; a test backend cannot fail.
        let _drawn = terminal.draw(|frame| app.render(frame));
    };
    settle(app, &mut performer, &mut messages, &pending_count).await?;
    session.tell_time(&mut app.facts);
    draw(app);
    for key in keys {
        take(app, &mut performer, Msg::Key(*key));
        settle(app, &mut performer, &mut messages, &pending_count).await?;
        take(app, &mut performer, Msg::Rested);
        settle(app, &mut performer, &mut messages, &pending_count).await?;
        draw(app);
    }
    take(app, &mut performer, Msg::Rested);
    settle(app, &mut performer, &mut messages, &pending_count).await?;
    session.tell_time(&mut app.facts);
    draw(app);
    Ok(terminal.backend().buffer().clone())
}

fn take(app: &mut App, performer: &mut Performer, message: Msg) {
    for effect in app.update(message) {
        // Effects on the screen are ignored: there is none.
        let _screen: Option<OnScreen> = performer.perform(effect);
    }
}

/// Takes messages until no answer is pending and no message waits.
async fn settle(
    app: &mut App,
    performer: &mut Performer,
    messages: &mut mpsc::Receiver<Msg>,
    pending_count: &PendingCount,
) -> Result<(), Fault> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        while let Ok(message) = messages.try_recv() {
            take(app, performer, message);
        }
        if pending_count.open() == 0 && messages.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            Some(message) = messages.recv() => take(app, performer, message),
            () = pending_count.changed() => {}
            () = tokio::time::sleep_until(end) => {
                return Err(Fault::failed(
                    "the screen did not settle",
                    format!("{} answers are still pending after {} s", pending_count.open(), PATIENCE.as_secs()),
                    "a cluster or a program hangs; `fluxdeck status` shows which",
                ));
            }
        }
    }
}
