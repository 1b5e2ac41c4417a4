//! Readable lines: JSON of controllers and other programs becomes a level, a message and the rest as `key=value`.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::cluster::controller_log;
use crate::model::ObjectRef;
use crate::model::log::LogLine;

/// The approximate bytes of a line beside its texts.
const OVERHEAD: usize = 96;

/// Ranks a line by its severity, as its writer states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// Something happened.
    Info,
    /// A message for the program's developers.
    Debug,
    /// The line states no level.
    Unsaid,
}

impl LogLevel {
    /// Returns the word on the screen, five characters wide at most.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Unsaid => "",
        }
    }

    fn parse(word: &str) -> Self {
        let starts = |prefixes: &[&str]| {
            prefixes.iter().any(|prefix| word.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
        };
        if starts(&["err", "fatal", "panic", "crit", "alert", "emerg", "dpanic"]) {
            Self::Error
        } else if starts(&["warn"]) {
            Self::Warning
        } else if starts(&["info", "notice"]) {
            Self::Info
        } else if starts(&["debug", "trace"]) {
            Self::Debug
        } else {
            Self::Unsaid
        }
    }
}

/// Holds a line in its original and its readable form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The time of writing.
    pub at: Option<Timestamp>,
    /// The pod that wrote it.
    pub pod: Arc<str>,
    /// The severity.
    pub level: LogLevel,
    /// Whether the line is about the object of the log.
    pub concerns: bool,
    /// The object that a controller's line is about.
    pub subject: Option<Box<str>>,
    /// The original text.
    pub raw: Box<str>,
    /// The readable text, where it differs.
    pub readable: Option<Box<str>>,
}

impl LogEntry {
    /// Parses a line; `object` is the object of the log, or `None` where every line counts.
    pub fn read(line: LogLine, object: Option<&ObjectRef>) -> Self {
        let LogLine { at, pod, line: raw, .. } = line;
        let mut entry = Self {
            at,
            pod,
            level: LogLevel::Unsaid,
            concerns: object.is_none(),
            subject: None,
            raw: raw.into(),
            readable: None,
        };
        if let Some(line) = controller_log::parse(&entry.raw).filter(|line| line.object.is_some()) {
            entry.level = LogLevel::parse(&line.level);
            entry.concerns = object.is_none_or(|object| line.concerns(object));
            entry.subject = line.object.as_ref().map(|object| object.to_string().into());
            let mut text = line.message;
            if let Some(error) = line.error {
                let _ = write!(text, "  error: {error}");
            }
            if let Some(revision) = line.revision {
                let _ = write!(text, "  revision={}", crate::kinds::short_revision(&revision));
            }
            entry.readable = Some(text.into());
        } else if let Some((level, text)) = json(&entry.raw) {
            entry.level = level;
            entry.readable = Some(text.into());
        } else {
            entry.level = guess(&entry.raw);
            entry.readable = klog(&entry.raw).map(Into::into);
        }
        entry
    }

    /// Returns the text, original or readable.
    pub fn text(&self, as_written: bool) -> &str {
        self.readable.as_deref().filter(|_| !as_written).unwrap_or(&self.raw)
    }

    /// Returns the approximate number of its bytes.
    pub fn bytes(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        OVERHEAD + self.raw.len() + length(&self.subject) + length(&self.readable)
    }
}

/// Parses a line of JSON: its level, and its message with all other fields behind it. The time is the log's own.
fn json(raw: &str) -> Option<(LogLevel, String)> {
    if !raw.starts_with('{') {
        return None;
    }
    let mut fields: Map<String, Value> = serde_json::from_str(raw).ok()?;
    let mut take = |names: &[&str]| {
        let name = names.iter().find(|name| fields.get(**name).is_some_and(Value::is_string))?;
        fields.shift_remove(*name).and_then(|value| value.as_str().map(str::to_owned))
    };
    let level =
        take(&["level", "severity", "lvl", "log.level"]).map_or(LogLevel::Unsaid, |word| LogLevel::parse(&word));
    let mut text = take(&["msg", "message", "event"]).unwrap_or_default();
    take(&["ts", "time", "timestamp", "@timestamp", "t"]);
    for (name, value) in fields {
        if matches!(name.as_str(), "ts" | "time" | "timestamp" | "v") && value.is_number() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("  ");
        }
        let _ = match value {
            Value::String(value) => write!(text, "{name}={value}"),
            value => write!(text, "{name}={value}"),
        };
    }
    Some((level, text))
}

/// Parses a line of klog (`E1122 22:42:32.000001       1 sync.go:441] what happened`): the message, and the place in
/// the source. The time is the log's own.
fn klog(raw: &str) -> Option<String> {
    let (letter, rest) = raw.split_at_checked(1)?;
    let (date, rest) = rest.split_once(' ')?;
    let is_klog = "IWEF".contains(letter) && date.len() == 4 && date.bytes().all(|digit| digit.is_ascii_digit());
    let (head, text) = rest.split_once("] ").filter(|_| is_klog)?;
    let mut words = head.split_ascii_whitespace();
    let (time, _thread, place) = (words.next()?, words.next()?, words.next()?);
    (time.contains(':') && place.contains(':') && words.next().is_none()).then(|| format!("{text}  {place}"))
}

/// Guesses the level of a line that is not JSON: klog's first letter (`E1122 22:42:32…`), or `level=` of logfmt.
fn guess(raw: &str) -> LogLevel {
    let bytes = raw.as_bytes();
    if let Some((letter, rest)) = bytes.split_first()
        && rest.get(..4).is_some_and(|date| date.iter().all(u8::is_ascii_digit))
        && rest.get(4) == Some(&b' ')
    {
        return match letter {
            b'E' | b'F' => LogLevel::Error,
            b'W' => LogLevel::Warning,
            b'I' => LogLevel::Info,
            _ => LogLevel::Unsaid,
        };
    }
    raw.split_once("level=").map_or(LogLevel::Unsaid, |(_, word)| LogLevel::parse(word.trim_start_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::{LogEntry, LogLevel};
    use crate::model::log::LogLine;

    fn read(line: &str) -> LogEntry {
        LogEntry::read(LogLine { at: None, pod: "p".into(), container: "c".into(), line: line.to_owned() }, None)
    }

    #[test]
    fn a_controllers_line_tells_its_object_and_error() {
        let line = r#"{"level":"error","ts":"2026-11-22T22:42:32.640Z","msg":"failed","controllerKind":"Kustomization","controllerGroup":"kustomize.toolkit.fluxcd.io","Kustomization":{"name":"apps","namespace":"flux-system"},"error":"no route\n"}"#;
        let entry = read(line);
        assert_eq!(entry.subject.as_deref(), Some("Kustomization/flux-system/apps"));
        assert_eq!((entry.level, entry.text(false)), (LogLevel::Error, "failed  error: no route"));
        assert_eq!(entry.text(true), line);
        let other = "Kustomization/flux-system/other".parse().unwrap();
        let line = LogLine { at: None, pod: "p".into(), container: "c".into(), line: line.to_owned() };
        assert!(!LogEntry::read(line, Some(&other)).concerns);
    }

    #[test]
    fn a_line_of_klog_begins_with_what_happened() {
        let line = r#"I1122 08:01:00.000000       1 sync.go:441] "certificate is ready" name="a] b""#;
        let entry = read(line);
        assert_eq!(
            (entry.level, entry.text(false)),
            (LogLevel::Info, r#""certificate is ready" name="a] b"  sync.go:441"#)
        );
        assert_eq!(entry.text(true), line);
        assert_eq!(read("E1122 is a part number] yes").text(false), "E1122 is a part number] yes");
    }

    #[test]
    fn json_of_any_program_becomes_a_message_and_the_rest() {
        let entry =
            read(r#"{"time":"2026-01-01T00:00:00Z","severity":"WARNING","message":"slow","took":3,"path":"/a b"}"#);
        assert_eq!((entry.level, entry.text(false)), (LogLevel::Warning, "slow  took=3  path=/a b"));
        assert_eq!(read(r#"{"a":{"b":1}}"#).text(false), r#"a={"b":1}"#);
    }

    #[test]
    fn other_lines_stay_as_they_are_and_tell_their_level_where_they_say_it() {
        for (line, level) in [
            ("E1122 22:42:32.1 no", LogLevel::Error),
            ("ts=1 level=warn msg=x", LogLevel::Warning),
            ("{broken", LogLevel::Unsaid),
            ("Ein Satz", LogLevel::Unsaid),
        ] {
            let entry = read(line);
            assert_eq!((entry.level, entry.text(false)), (level, line));
        }
    }
}
