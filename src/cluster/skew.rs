//! The difference between the server's clock and ours: ages use the server's, because a jump host's clock may be wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

/// The smallest noticeable difference: the `Date` header has whole seconds and is some milliseconds old when it is
/// read.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(2);

/// Holds how far the server's clock is ahead of ours, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Skew(AtomicI64);

impl Skew {
    /// Learns from the `Date` header of a response that arrived at `now`.
    pub(crate) fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        let date = headers.get(http::header::DATE).and_then(|value| value.to_str().ok());
        let Some(date) = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()) else { return };
        let ahead = date.timestamp().duration_since(now);
        if (ahead - self.get()).abs() >= NOTICEABLE {
            let ahead = if ahead.abs() < NOTICEABLE { SignedDuration::ZERO } else { ahead };
            self.0.store(i64::try_from(ahead.as_millis()).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Returns how far the server is ahead.
    pub(crate) fn get(&self) -> SignedDuration {
        SignedDuration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::Skew;
    use http::HeaderMap;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_wrong_clock_is_noticed_and_jitter_is_not() {
        let skew = Skew::default();
        let now: Timestamp = "2026-11-22T10:00:00.9Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("date", "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
        skew.learn(&headers, now);
        assert_eq!(skew.get(), SignedDuration::ZERO);
        headers.insert("date", "Sun, 22 Nov 2026 10:05:00 GMT".parse().unwrap());
        skew.learn(&headers, now);
        assert_eq!(skew.get().as_secs(), 299);
        skew.learn(&headers, now + SignedDuration::from_millis(900));
        assert_eq!(skew.get().as_millis(), 299_100, "a second of jitter changes nothing");
    }
}
