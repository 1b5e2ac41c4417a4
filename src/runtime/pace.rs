//! The rate of drawing data.

use std::time::Duration;

use tokio::time::Instant;

/// The average interval of draws of data; 50 ms is 20 times a second, faster than anyone can read.
const EVERY: Duration = Duration::from_millis(50);

/// The most draws ahead of that, so that data which arrives in pieces at the start and after a key is shown at once.
const AHEAD: u32 = 8;

/// The least time between two draws of data: data that arrives together is drawn together.
const APART: Duration = Duration::from_millis(8);

/// Spaces the draws of data: a few follow at once after a pause, many are spread out. Draws for keys come at once and
/// do not count.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    /// The due time of the last draw, with each [`EVERY`] after the one before.
    due: Option<Instant>,
}

impl Pace {
    /// Returns the time of the next draw; a past time means at once.
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
