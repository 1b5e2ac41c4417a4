//! Snapshots: a screen without a terminal, drawn once everything has settled. No sleeps: what is owed is counted.

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

/// How long a snapshot waits for what is owed; a cluster that hangs longer than the first list's timeout is settled as unreachable before.
const PATIENCE: Duration = Duration::from_mins(1);

/// Presses keys, each once everything has settled, and returns the screen after the last.
///
/// # Errors
/// Fails when something is still owed after a minute.
pub async fn snapshot(mut app: App, session: Arc<Session>, keys: &[Key], size: (u16, u16)) -> Result<Buffer, Fault> {
    let (sender, mut messages) = mpsc::channel(CHANNEL);
    let ledger = PendingCount::default();
    let mut performer = Performer::new(Arc::clone(&session), sender, ledger.clone(), false);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1))
        .map_err(|error| Fault::failed("cannot draw", error.to_string(), "this is a defect of fluxdeck"))?;
    performer.rescan();
    take(&mut app, &mut performer, Msg::Environments(session.environments.clone(), session.unconnected()));
    let mut draw = |app: &App| {
        // Views learn the size of their pages from being drawn; a test backend cannot fail.
        let _drawn = terminal.draw(|frame| app.render(frame));
    };
    settle(&mut app, &mut performer, &mut messages, &ledger).await?;
    session.tell_time(&mut app.facts);
    draw(&app);
    for key in keys {
        take(&mut app, &mut performer, Msg::Key(*key));
        settle(&mut app, &mut performer, &mut messages, &ledger).await?;
        take(&mut app, &mut performer, Msg::Rested);
        settle(&mut app, &mut performer, &mut messages, &ledger).await?;
        draw(&app);
    }
    take(&mut app, &mut performer, Msg::Rested);
    settle(&mut app, &mut performer, &mut messages, &ledger).await?;
    session.tell_time(&mut app.facts);
    draw(&app);
    Ok(terminal.backend().buffer().clone())
}

fn take(app: &mut App, performer: &mut Performer, message: Msg) {
    for effect in app.update(message) {
        // What concerns a screen means nothing here: there is none.
        let _screen: Option<OnScreen> = performer.perform(effect);
    }
}

/// Takes messages until nothing is owed and none waits.
async fn settle(
    app: &mut App,
    performer: &mut Performer,
    messages: &mut mpsc::Receiver<Msg>,
    ledger: &PendingCount,
) -> Result<(), Fault> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        while let Ok(message) = messages.try_recv() {
            take(app, performer, message);
        }
        if ledger.open() == 0 && messages.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            Some(message) = messages.recv() => take(app, performer, message),
            () = ledger.changed() => {}
            () = tokio::time::sleep_until(end) => {
                return Err(Fault::failed(
                    "the screen did not settle",
                    format!("{} answers are still owed after {} s", ledger.open(), PATIENCE.as_secs()),
                    "a cluster or a program hangs; `fluxdeck status` shows which",
                ));
            }
        }
    }
}
