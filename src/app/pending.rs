//! The pending answers. If none is pending and the channel is empty, the app has settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the pending answers.
#[derive(Debug, Clone, Default)]
pub struct PendingCount(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    open: AtomicUsize,
    changed: Notify,
}

impl PendingCount {
    /// Adds one more answer, pending until the guard is dropped.
    pub fn begin(&self) -> PendingAnswer {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        PendingAnswer(Arc::clone(&self.0))
    }

    /// Returns the number of pending answers.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Waits until a pending answer has arrived.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

/// Represents a pending answer; it travels inside the message that brings the answer, so that the effects of the
/// message are pending before this is settled.
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
        let pending_count = PendingCount::default();
        let (first, second) = (pending_count.begin(), pending_count.begin());
        assert_eq!(pending_count.open(), 2);
        drop(first);
        drop(second);
        assert_eq!(pending_count.open(), 0);
    }
}
