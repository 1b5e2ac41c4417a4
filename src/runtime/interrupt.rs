//! Ctrl-C of a headless operation: it stops the operation as in the cockpit, so that the journal has its end.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::signals::{SignalEvent, Signals, halt};
use crate::programs::{Which, take_signals};

/// Returns a token that Ctrl-C cancels; must be called inside a tokio runtime.
pub fn interrupted() -> CancellationToken {
    let stop = CancellationToken::new();
    // If listening fails, Ctrl-C ends us by default.
    if let Ok(mut interrupts) = signal(SignalKind::interrupt()) {
        take_signals(Which::Interrupt);
        let cancelled = stop.clone();
        tokio::spawn(async move {
            if interrupts.recv().await.is_some() {
                cancelled.cancel();
            }
        });
    }
    stop
}

/// Waits, while a program has the terminal, for a signal that ends us: Ctrl-C goes to the program then, and a stop of
/// it stops us, too.
///
/// # Errors
/// Fails if the signals cannot be received.
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
