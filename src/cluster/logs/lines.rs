//! Lines from bytes: splits them, cuts long ones, parses the server's timestamps, and drops the repetitions of a
//! reopened stream.

use std::str::FromStr as _;

use jiff::Timestamp;

/// The longest line that is kept, in bytes: longer ones are cut, so that one line cannot fill the memory.
pub(super) const LONGEST: usize = 64 * 1024;

/// Joins the pieces of a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    partial: Vec<u8>,
    cut: usize,
}

impl Splitter {
    /// Takes the next piece of the stream and passes on every line that it completes.
    pub(super) fn feed(&mut self, mut piece: &[u8], mut each: impl FnMut(Option<Timestamp>, String)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end);
            if self.partial.is_empty() && line.len() <= LONGEST {
                let (at, text) = parse(line, 0);
                each(at, text);
            } else {
                self.keep(line);
                let (at, text) = parse(&self.partial, self.cut);
                each(at, text);
                self.partial.clear();
                self.cut = 0;
            }
            piece = rest.get(1..).unwrap_or_default();
        }
        self.keep(piece);
    }

    /// Passes on the text after the last line end, when the stream is over.
    pub(super) fn finish(&mut self, mut each: impl FnMut(Option<Timestamp>, String)) {
        if !self.partial.is_empty() {
            let (at, text) = parse(&self.partial, self.cut);
            each(at, text);
            self.partial.clear();
            self.cut = 0;
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LONGEST.saturating_sub(self.partial.len()).min(piece.len());
        let (kept, dropped) = piece.split_at(room);
        self.partial.extend_from_slice(kept);
        self.cut += dropped.len();
    }
}

/// Separates the server's timestamp from the text of a line; notes how many bytes were cut off.
fn parse(line: &[u8], cut: usize) -> (Option<Timestamp>, String) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = String::from_utf8_lossy(line);
    let (at, text) = match line.split_once(' ').map(|(at, text)| (Timestamp::from_str(at), text)) {
        Some((Ok(at), text)) => (Some(at), text),
        // An empty line is a timestamp alone.
        _ => match Timestamp::from_str(&line) {
            Ok(at) => (Some(at), ""),
            Err(_) => (None, &*line),
        },
    };
    let text = if cut == 0 { text.to_owned() } else { format!("{text}… ({cut} bytes cut)") };
    (at, text)
}

/// Remembers the position in a stream, so that a reopened one continues without repeating a line.
///
/// The server can start at a time, to the second; repeated lines are recognised by their timestamp, and those of the
/// same timestamp by their number.
#[derive(Debug, Default)]
pub(super) struct Place {
    last: Option<Timestamp>,
    at_last: usize,
    repeats: Option<usize>,
}

/// Classifies a line of a reopened stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The line is new.
    New,
    /// The line was read before.
    Repeated,
    /// The line is new, but the last line before the break did not come again: the log was rotated, and lines may be
    /// missing before it.
    AfterGap,
}

impl Place {
    /// Returns the time of the last line.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Expects the repetitions of a reopened stream from now on.
    pub(super) fn reopen(&mut self) {
        self.repeats = self.last.map(|_| self.at_last);
    }

    /// Classifies the next line by its time.
    pub(super) fn meet(&mut self, at: Option<Timestamp>) -> Seen {
        let (Some(at), last) = (at, self.last) else { return Seen::New };
        let mut seen = Seen::New;
        if let (Some(left), Some(last)) = (self.repeats, last) {
            if at < last {
                return Seen::Repeated;
            }
            if at == last && left > 0 {
                self.repeats = Some(left - 1);
                return Seen::Repeated;
            }
            if at > last {
                seen = if left == self.at_last { Seen::AfterGap } else { Seen::New };
                self.repeats = None;
            }
        }
        if last == Some(at) {
            self.at_last += 1;
        } else {
            self.last = Some(at);
            self.at_last = 1;
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Place, Seen, Splitter};

    fn split(pieces: &[&[u8]]) -> Vec<(Option<String>, String)> {
        let mut lines = Vec::new();
        let mut splitter = Splitter::default();
        for piece in pieces {
            splitter.feed(piece, |at, text| lines.push((at.map(|at| at.to_string()), text)));
        }
        splitter.finish(|at, text| lines.push((at.map(|at| at.to_string()), text)));
        lines
    }

    #[test]
    fn lines_are_joined_over_pieces_and_times_parted() {
        let at = Some("2026-01-01T00:00:00.000000001Z".to_owned());
        let lines = split(&[
            b"2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:0",
            b"0:00.000000001Z two words\r\nno time\n2026-01-01T00:00:00.000000001Z \n",
            b"2026-01-01T00:00:00.000000001Z last",
        ]);
        let text = |text: &str| text.to_owned();
        assert_eq!(
            lines,
            [
                (at.clone(), text("one")),
                (at.clone(), text("two words")),
                (None, text("no time")),
                (at.clone(), text("")),
                (at, text("last"))
            ]
        );
    }

    #[test]
    fn long_lines_are_cut_and_what_was_cut_is_counted() {
        let long = vec![b'x'; LONGEST];
        for pieces in [vec![&long[..], b"abc\nnext\n"], vec![&[&long[..], b"abc\nnext\n"].concat()[..]]] {
            let lines = split(&pieces);
            assert!(lines[0].1.ends_with("x… (3 bytes cut)"));
            assert_eq!(lines[1].1, "next");
        }
    }

    #[test]
    fn a_reopened_stream_repeats_nothing() {
        let at = |second: i64| Some(jiff::Timestamp::from_second(second).unwrap());
        let mut place = Place::default();
        for second in [1, 2, 2] {
            assert_eq!(place.meet(at(second)), Seen::New);
        }
        place.reopen();
        let met: Vec<_> = [1, 2, 2, 2, 3].into_iter().map(|second| place.meet(at(second))).collect();
        assert_eq!(met, [Seen::Repeated, Seen::Repeated, Seen::Repeated, Seen::New, Seen::New]);
        place.reopen();
        assert_eq!(place.meet(at(5)), Seen::AfterGap);
        assert_eq!(place.meet(at(6)), Seen::New);
    }
}
