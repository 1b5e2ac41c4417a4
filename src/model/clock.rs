//! Time, as a parameter so that snapshots are exact and tests never sleep; and the text of durations and ages.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Reads a time of a server or a program: an invalid one, or one beyond our calendar (the year 9999, in a zone behind
/// UTC), is unknown, and spoils no other data. So is Go's zero time, which a program writes that has none.
///
/// # Errors
/// If it is no value at all.
pub fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value: serde_json::Value = serde::Deserialize::deserialize(deserializer)?;
    let parsed: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
    Ok(parsed.filter(|at| at.as_second() != GO_ZERO))
}

/// The seconds of `0001-01-01T00:00:00Z`, `time.Time{}` in Go.
const GO_ZERO: i64 = -62_135_596_800;

/// Tells the time: the system's, or a fixed one for tests, snapshots and the demo.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// Builds a clock that shows the system's time.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// Builds a clock that always shows the same time.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    /// Builds a clock from a function, such as one that follows tokio's paused time.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Clock({})", self.now())
    }
}

/// Reads a duration as Go writes it (`10m0s`, `1h30m`, `500ms`, `1.5h`), as in `spec.interval`; `None` if it is none or
/// negative.
pub fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_end)?;
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            // The micro sign, and the Greek letter.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

/// Returns the age of something, by the minute: `<1m`, `7m`, `3h`, `12d`, `2y`.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    coarse(now.duration_since(then))
}

/// Returns the time until something, by the minute; `due` once it has passed.
pub fn until(now: Timestamp, then: Timestamp) -> String {
    let left = then.duration_since(now);
    if left.is_negative() { "due".to_owned() } else { coarse(left) }
}

fn coarse(span: SignedDuration) -> String {
    let minutes = span.as_mins().max(0);
    match minutes {
        0 => "<1m".to_owned(),
        1..=119 => format!("{minutes}m"),
        120..=2879 => format!("{}h", minutes / 60),
        2880..=1_051_199 => format!("{}d", minutes / 1440),
        _ => format!("{}y", minutes / 525_600),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, go_duration, until};
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn a_date_that_cannot_be_read_is_unknown() {
        #[derive(serde::Deserialize)]
        struct Dated {
            #[serde(default, deserialize_with = "super::lenient")]
            at: Option<jiff::Timestamp>,
        }
        let at = |text: &str| serde_json::from_str::<Dated>(text).unwrap().at;
        assert!(at(r#"{"at": "2026-11-22T10:00:00Z"}"#).is_some());
        for text in [
            "{}",
            r#"{"at": null}"#,
            r#"{"at": ""}"#,
            r#"{"at": "9999-12-31T23:59:59-12:00"}"#,
            r#"{"at": "soon"}"#,
            r#"{"at": "0001-01-01T00:00:00Z"}"#,
            r#"{"at": [1]}"#,
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn durations_read_as_go_writes_them() {
        assert_eq!(go_duration("10m0s"), Some(Duration::from_mins(10)));
        assert_eq!(go_duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(go_duration("1.5s"), Some(Duration::from_millis(1500)));
        for bad in ["", "10", "m", "ten minutes", "-1m"] {
            assert_eq!(go_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn ages_change_by_the_minute_only() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(age(now, at("2026-01-01T23:59:10Z")), "<1m");
        assert_eq!(age(now, at("2026-01-01T23:00:10Z")), "59m");
        assert_eq!(age(now, at("2025-12-01T00:00:00Z")), "32d");
        assert_eq!(until(now, at("2026-01-02T00:07:30Z")), "7m");
        assert_eq!(until(now, at("2026-01-01T23:59:59Z")), "due");
    }
}
