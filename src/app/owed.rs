//! What is owed: the answers that are still to come. When nothing is owed and the channel is empty, the app has settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the answers that are still to come.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    open: AtomicUsize,
    changed: Notify,
}

impl Ledger {
    /// Notes one more answer; it is owed until the guard is dropped.
    pub fn owe(&self) -> Owed {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Owed(Arc::clone(&self.0))
    }

    /// Returns how many answers are owed.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Waits until an answer that was owed is in.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

/// Owes an answer; travels inside the message that brings it, so that what the message causes is owed before this is paid.
#[derive(Debug)]
pub struct Owed(Arc<Count>);

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn what_is_dropped_is_paid() {
        let ledger = Ledger::default();
        let (first, second) = (ledger.owe(), ledger.owe());
        assert_eq!(ledger.open(), 2);
        drop(first);
        drop(second);
        assert_eq!(ledger.open(), 0);
    }
}
