//! How often data is drawn.

use std::time::Duration;

use tokio::time::Instant;

/// Data is drawn at most this often for long; 50 ms is 20 times a second, faster than anybody reads.
const EVERY: Duration = Duration::from_millis(50);

/// So many draws may come ahead of that, so that what arrives piece by piece at the start and after a key is seen as it arrives.
const AHEAD: u32 = 8;

/// Two draws of data are never closer than this: what arrives together is drawn together.
const APART: Duration = Duration::from_millis(8);

/// Spaces the draws of data: a few follow at once after a pause, many take their time. Keys are drawn at once and do not count.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    /// When the draws so far would have been due, each [`EVERY`] after the one before.
    due: Option<Instant>,
}

impl Pace {
    /// Returns when the next draw may come; a moment that has passed means at once.
    pub fn next(&self) -> Instant {
        let now = Instant::now();
        let apart = self.last.map_or(now, |last| last + APART);
        let due = self.due.and_then(|due| due.checked_sub(EVERY * (AHEAD - 1))).unwrap_or(now);
        apart.max(due)
    }

    /// Notes a draw.
    pub fn drew(&mut self) {
        let now = Instant::now();
        self.last = Some(now);
        self.due = Some(self.due.map_or(now, |due| due.max(now)) + EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, APART, EVERY, Pace};
    use tokio::time::{Instant, advance, sleep_until};

    #[tokio::test(start_paused = true)]
    async fn a_few_draws_come_at_once_and_many_twenty_times_a_second() {
        let mut pace = Pace::default();
        assert!(pace.next() <= Instant::now(), "the first waits for nothing");
        let began = Instant::now();
        for _ in 0..AHEAD {
            sleep_until(pace.next()).await;
            pace.drew();
        }
        assert!(began.elapsed() <= APART * AHEAD, "{:?}", began.elapsed());
        for _ in 0..20 {
            sleep_until(pace.next()).await;
            pace.drew();
        }
        assert!(began.elapsed() >= EVERY * 20, "{:?}", began.elapsed());
        advance(EVERY * (AHEAD + 1)).await;
        assert!(pace.next() <= Instant::now(), "after a pause it may hurry again");
    }
}
