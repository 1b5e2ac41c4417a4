//! Ctrl-C of a headless operation: it is stopped as in the cockpit, so that the journal tells its end.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::signals::{SignalEvent, Signals, halt};
use crate::programs::{Which, take_signals};

/// Returns what is cancelled once Ctrl-C is pressed; must be called inside a tokio runtime.
pub fn interrupted() -> CancellationToken {
    let stop = CancellationToken::new();
    // Where it cannot be listened to, Ctrl-C ends us as ever.
    if let Ok(mut heard) = signal(SignalKind::interrupt()) {
        take_signals(Which::Interrupt);
        let cancelled = stop.clone();
        tokio::spawn(async move {
            if heard.recv().await.is_some() {
                cancelled.cancel();
            }
        });
    }
    stop
}

/// Waits, while a program has the terminal, for a signal that means the end of us: Ctrl-C is the program's then, and when it stops we do.
///
/// # Errors
/// Fails when signals cannot be listened to.
pub async fn told_to_end() -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    loop {
        match signals.next(true).await {
            SignalEvent::End => return Ok(()),
            SignalEvent::Stop => halt()?,
            SignalEvent::Back => {}
        }
    }
}
