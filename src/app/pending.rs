//! What is owed: the answers that are still to come. When nothing is owed and the channel is empty, the app has settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the answers that are still to come.
#[derive(Debug, Clone, Default)]
pub struct PendingCount(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    open: AtomicUsize,
    changed: Notify,
}

impl PendingCount {
    /// Notes one more answer; it is owed until the guard is dropped.
    pub fn owe(&self) -> PendingAnswer {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        PendingAnswer(Arc::clone(&self.0))
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
pub struct PendingAnswer(Arc<Count>);

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::PendingCount;

    #[test]
    fn what_is_dropped_is_paid() {
        let ledger = PendingCount::default();
        let (first, second) = (ledger.owe(), ledger.owe());
        assert_eq!(ledger.open(), 2);
        drop(first);
        drop(second);
        assert_eq!(ledger.open(), 0);
    }
}
