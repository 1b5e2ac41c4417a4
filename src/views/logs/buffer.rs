//! The kept lines, in bounded memory, and the filter for the shown ones.

use crate::cluster::logs::LogEntry;
use std::collections::VecDeque;
/// The most lines that are kept; more than a user scrolls back through.
const MOST_LINES: usize = 20_000;

/// The most bytes that are kept: 8 MiB, a fifth of the 40 MiB of the whole cockpit.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Selects the shown lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Whether only lines about the object are shown.
    pub concerning: bool,
    /// The text that shown lines contain; empty shows all.
    pub text: String,
    /// Whether the search is in the text as the container wrote it.
    pub as_written: bool,
    /// Whether lines without the text are shown, too.
    pub around: bool,
}

impl LogFilter {
    /// Tells whether a line contains the search text.
    pub fn matches(&self, entry: &LogEntry) -> bool {
        find(entry.text(self.as_written), &self.text).is_some()
            || entry.subject.as_deref().is_some_and(|subject| find(subject, &self.text).is_some())
    }

    fn passes(&self, entry: &LogEntry) -> bool {
        (!self.concerning || entry.concerns) && (self.around || self.text.is_empty() || self.matches(entry))
    }
}

/// Finds a text in another, ignoring the case of ASCII letters unless the search text has an upper-case letter.
pub fn find(text: &str, sought: &str) -> Option<usize> {
    if sought.chars().any(char::is_uppercase) {
        return text.find(sought);
    }
    let sought = sought.as_bytes();
    if sought.is_empty() {
        return Some(0);
    }
    text.as_bytes().windows(sought.len()).position(|window| window.eq_ignore_ascii_case(sought))
}

/// Keeps lines by number; a line keeps its number, so that a place in the log stays valid after older lines are
/// dropped.
#[derive(Debug, Default)]
pub struct Buffer {
    lines: VecDeque<LogEntry>,
    /// The number of the first kept line, which is also the number of dropped ones.
    first: u64,
    bytes: usize,
    shown: VecDeque<u64>,
    sieve: LogFilter,
}

impl Buffer {
    /// Adds a line, and drops the oldest if there is no room.
    pub fn push(&mut self, entry: LogEntry) {
        self.bytes += entry.bytes();
        if self.sieve.passes(&entry) {
            self.shown.push_back(self.end());
        }
        self.lines.push_back(entry);
        while self.lines.len() > MOST_LINES || (self.bytes > MOST_BYTES && self.lines.len() > 1) {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.bytes();
            if self.shown.front() == Some(&self.first) {
                self.shown.pop_front();
            }
            self.first += 1;
        }
    }

    /// Returns the number of dropped lines.
    pub fn fallen(&self) -> u64 {
        self.first
    }

    /// Returns the number of kept lines.
    pub fn kept(&self) -> usize {
        self.lines.len()
    }

    /// Returns the number of shown lines.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// Returns the filter.
    pub fn sieve(&self) -> &LogFilter {
        &self.sieve
    }

    /// Changes the filter. A narrower one only reads the shown lines.
    pub fn sift(&mut self, sieve: LogFilter) {
        let narrows = sieve.as_written == self.sieve.as_written
            && sieve.around == self.sieve.around
            && (sieve.concerning || !self.sieve.concerning)
            && sieve.text.contains(&self.sieve.text);
        self.sieve = sieve;
        if narrows {
            let mut shown = std::mem::take(&mut self.shown);
            shown.retain(|number| self.line(*number).is_some_and(|entry| self.sieve.passes(entry)));
            self.shown = shown;
        } else {
            self.shown = (self.first..)
                .zip(&self.lines)
                .filter(|(_, entry)| self.sieve.passes(entry))
                .map(|(at, _)| at)
                .collect();
        }
    }

    /// Returns the number of the shown line at a place.
    pub fn number(&self, index: usize) -> Option<u64> {
        self.shown.get(index).copied()
    }

    /// Returns the shown line at a place.
    pub fn get(&self, index: usize) -> Option<&LogEntry> {
        self.line(self.number(index)?)
    }

    /// Returns the place of a line by its number, or of the next shown one.
    pub fn place(&self, number: u64) -> usize {
        self.shown.partition_point(|shown| *shown < number).min(self.shown.len().saturating_sub(1))
    }

    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    fn line(&self, number: u64) -> Option<&LogEntry> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, LogFilter, MOST_BYTES, MOST_LINES, find};
    use crate::cluster::logs::LogEntry;
    use crate::model::log::LogLine;

    fn entry(text: &str) -> LogEntry {
        LogEntry::read(LogLine { at: None, pod: "p".into(), container: "c".into(), line: text.to_owned() }, None)
    }

    #[test]
    fn the_oldest_lines_fall_out_and_are_counted() {
        let mut buffer = Buffer::default();
        buffer.sift(LogFilter { text: "7".to_owned(), ..LogFilter::default() });
        for number in 0..100_000 {
            buffer.push(entry(&number.to_string()));
        }
        assert_eq!((buffer.kept(), buffer.fallen()), (MOST_LINES, 80_000));
        assert_eq!(&*buffer.get(0).unwrap().raw, "80007");
        let long = "x".repeat(MOST_BYTES / 10);
        for _ in 0..20 {
            buffer.push(entry(&long));
        }
        assert!(buffer.kept() < 10);
    }

    #[test]
    fn sifting_again_shows_the_same_as_sifting_anew() {
        let mut buffer = Buffer::default();
        for number in 0..1000 {
            buffer.push(entry(&format!("Line {number}")));
        }
        let text = |text: &str| LogFilter { text: text.to_owned(), ..LogFilter::default() };
        for (sieve, count) in
            [("line", 1000), ("line 9", 111), ("line 99", 11), ("line 9", 111), ("", 1000), ("LINE", 0)]
        {
            buffer.sift(text(sieve));
            assert_eq!(buffer.shown(), count, "{sieve}");
        }
        buffer.sift(LogFilter { around: true, ..text("line 9") });
        assert_eq!(buffer.shown(), 1000);
    }

    #[test]
    fn a_place_outlives_what_falls_out() {
        let mut buffer = Buffer::default();
        for number in 0..MOST_LINES {
            buffer.push(entry(&number.to_string()));
        }
        let number = buffer.number(100).unwrap();
        buffer.push(entry("more"));
        assert_eq!(buffer.place(number), 99);
        assert_eq!(buffer.place(0), 0);
    }

    #[test]
    fn upper_case_is_sought_as_it_stands() {
        assert_eq!(find("An Error", "error"), Some(3));
        assert_eq!(find("an error", "Error"), None);
        assert_eq!(find("ääb", "b"), Some(4));
    }
}
