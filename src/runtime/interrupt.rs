//! Ctrl-C of a headless operation: it is stopped as in the cockpit, so that the journal tells its end.

use tokio_util::sync::CancellationToken;

/// Returns what is cancelled once Ctrl-C is pressed; must be called inside a tokio runtime.
pub fn interrupted() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancelled.cancel();
        }
    });
    stop
}
