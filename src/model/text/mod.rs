//! Foreign text: names, messages and logs that a repository, a cluster or a program chose, made harmless for a
//! terminal.
//!
//! One function decides which characters would steer a terminal or hide text, [`hides_or_steers`]; all shown text goes
//! through it: [`Shown`] for standard output and standard error, the spans of `widgets` for the screen, and [`json`]
//! and [`json_lines`] for programs. A forbidden character is written as `\u{1b}`, so that it is visible.

mod address;
mod ascii;
mod json;

use std::borrow::Cow;
use std::fmt;

pub use address::without_credentials;
pub use ascii::{ascii_sign, in_ascii};
pub use json::{json, json_lines};

/// Tells whether a character would steer a terminal, reorder text, or be invisible.
///
/// C0, DEL and C1 steer terminals (ECMA-48); U+2028 and U+2029 end lines for some programs; the marks, embeddings,
/// overrides and isolates of Unicode's bidirectional algorithm (UAX #9) reorder text; the others are invisible, and so
/// hide text or make two names look equal (tags U+E0000 to U+E007F and the supplementary variation selectors carry
/// whole texts). Joiners and the plain variation selectors stay: scripts and emoji need them, see `joins`. The fillers
/// of Hangul, the invisible vowels of Khmer and the Braille pattern without dots are letters and signs by their
/// category, and blank all the same.
pub fn hides_or_steers(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Tells whether a character can be an invisible part of a name.
pub fn is_unseen(character: char) -> bool {
    hides_or_steers(character) || joins(character) || matches!(character, '\u{fe00}'..='\u{fe0f}')
}

/// Tells whether a character is a joiner, which is invisible and has a meaning only between letters beyond ASCII.
fn joins(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Tells whether a text can be shown unchanged; most can, and take one pass over the bytes.
fn is_harmless(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Makes a text visible, except for the characters that `kept` accepts.
fn visible(text: &str, kept: fn(char) -> bool) -> Cow<'_, str> {
    if is_harmless(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = 'a';
    for character in text.chars() {
        let hidden = hides_or_steers(character) || (joins(character) && before.is_ascii());
        before = character;
        match character {
            _ if !hidden || kept(character) => out.push(character),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Makes a field visible, such as a name or a path: a line feed within it does not end a line, either.
///
/// Text that looks like an escape already, such as a backslash in a name, stays as it is.
pub fn field(text: &str) -> Cow<'_, str> {
    visible(text, |_| false)
}

/// Makes text for one row of cells visible; tabs and line feeds, which cannot steer there, become a space each.
pub fn cells(text: &str) -> Cow<'_, str> {
    super::work::count(1);
    match short_keys(text) {
        Cow::Borrowed(text) => row(text),
        Cow::Owned(text) => Cow::Owned(row(&text).into_owned()),
    }
}

fn row(text: &str) -> Cow<'_, str> {
    match visible(text, |character| matches!(character, '\n' | '\t')) {
        Cow::Owned(text) if text.contains(['\n', '\t']) => Cow::Owned(text.replace(['\n', '\t'], " ")),
        other => other,
    }
}

/// The most letters of a public key that is shown whole: a classic one has 62, that of an age plug-in some more.
const LONGEST_KEY: usize = 120;

/// Shortens public keys of age that are too long for a reader (a post-quantum one has 1,959 letters): the beginning,
/// which shows the kind, and the end, which holds the checksum, stay.
pub fn short_keys(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_KEY || !text.contains("age1") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut shortened = false;
    let mut rest = text;
    while let Some((before, from)) = rest.find("age1").and_then(|at| rest.split_at_checked(at)) {
        let is_part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let length = from.bytes().take_while(|byte| is_part(byte)).count();
        let (key, after) = from.split_at_checked(length).unwrap_or((from, ""));
        out.push_str(before);
        match (key.get(..14), key.get(length.saturating_sub(8)..)) {
            (Some(first), Some(last)) if length > LONGEST_KEY => {
                out.extend([first, "…", last]);
                shortened = true;
            }
            _ => out.push_str(key),
        }
        rest = after;
    }
    if !shortened {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Makes the content of one cell harmless, whose width is fixed already: steering characters are left out, and `?`
/// replaces a cell of nothing else.
pub fn cell_text(symbol: &str) -> Cow<'_, str> {
    if is_harmless(symbol) || !symbol.contains(hides_or_steers) {
        return Cow::Borrowed(symbol);
    }
    let rest: String = symbol.chars().filter(|character| !hides_or_steers(*character)).collect();
    Cow::Owned(if rest.is_empty() { "?".to_owned() } else { rest })
}

/// Makes a message of several lines visible as a part of a line: `  | ` precedes all lines but the first, so that no
/// foreign line begins where ours do, nor with text that a program which reads the log takes for a command.
pub fn message(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches(['\n', '\r']);
    match visible(text, |character| matches!(character, '\n' | '\t')) {
        Cow::Owned(text) if text.contains('\n') => Cow::Owned(text.replace("\\r\n", "\n").replace('\n', "\n  | ")),
        other => other,
    }
}

/// Removes the colours of a text, which some programs always write (SGR, ECMA-48 8.3.117); other steering characters
/// stay, to be made visible.
pub fn uncoloured(text: &str) -> Cow<'_, str> {
    if !text.contains(INTRODUCER) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    by_colour(text, |part, _| out.push_str(part));
    Cow::Owned(out)
}

/// The most names in one sentence.
const NAMED: usize = 3;

/// Joins the first parts of a sentence, and says how many more there are.
pub fn some_of(parts: impl IntoIterator<Item = impl AsRef<str>>, between: &str) -> String {
    let (mut told, mut more) = (String::new(), 0_usize);
    for (count, part) in parts.into_iter().enumerate() {
        if count >= NAMED {
            more += 1;
            continue;
        }
        if count > 0 {
            told.push_str(between);
        }
        told.push_str(part.as_ref());
    }
    if more == 0 { told } else { format!("{told} and {more} more") }
}

/// Opens a control sequence (CSI, ECMA-48 5.4).
pub const INTRODUCER: &str = "\u{1b}[";

/// Passes on a text in parts, each with the preceding sequence that sets its colour, such as `ESC [ 1 ; 31 m`; the
/// first has none.
pub fn by_colour<'a>(text: &'a str, mut each: impl FnMut(&'a str, &'a str)) {
    let (mut begin, mut sequence) = (0, "");
    for (at, _) in text.match_indices(INTRODUCER) {
        let inside = text.get(at + INTRODUCER.len()..).unwrap_or_default();
        let rest = inside.trim_start_matches(|it: char| it.is_ascii_digit() || it == ';' || it == ':');
        let Some(rest) = rest.strip_prefix('m') else { continue };
        each(text.get(begin..at).unwrap_or_default(), sequence);
        begin = text.len() - rest.len();
        sequence = text.get(at..begin).unwrap_or_default();
    }
    each(text.get(begin..).unwrap_or_default(), sequence);
}

/// Makes visible the text that the log of a service would take for a command: a line that begins with `::` (GitHub,
/// whose runner trims the line first), and `##[`, `##vso[` and `##teamcity[` anywhere (an older form of GitHub's, and
/// those of other services).
fn without_commands(text: Cow<'_, str>) -> String {
    if !text.contains("::") && !text.contains("##") {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let words = line.trim_start();
        let (indent, words) = line.split_at_checked(line.len() - words.len()).unwrap_or(("", line));
        out.push_str(indent);
        match words.strip_prefix("::") {
            Some(rest) => out.extend([r"\u{3a}:", rest]),
            None => out.push_str(words),
        }
    }
    for sign in ["##[", "##vso[", "##teamcity["] {
        if out.contains(sign) {
            out = out.replace(sign, &sign.replacen('#', r"\u{23}", 1));
        }
    }
    out
}

/// Holds text that is safe for a terminal: nothing in it steers it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown(String);

impl Shown {
    /// Takes lines of our own layout: their line feeds and tabs stay, other steering characters become visible; long
    /// public keys are shortened.
    pub fn lines(text: &str) -> Self {
        Self::whole(&short_keys(text))
    }

    /// Takes such lines for copying: a public key of two thousand letters stays whole.
    pub fn whole(text: &str) -> Self {
        // A line with the line end of Windows is a line.
        let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
        Self(without_commands(visible(&text, |character| matches!(character, '\n' | '\t'))))
    }

    /// Takes lines as [`Shown::whole`] does, and keeps colour sequences: for a program that reads the log of another.
    pub fn coloured(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        by_colour(text, |part, sequence| {
            out.push_str(sequence);
            out.push_str(Self::whole(part).as_str());
        });
        Self(without_commands(Cow::Owned(out)))
    }

    /// Takes commands to the service that runs a check, such as annotations of GitHub, whose parts are already escaped
    /// for it.
    pub fn commands(text: &str) -> Self {
        Self(visible(text, |character| character == '\n').into_owned())
    }

    /// Takes one field, without line ends.
    pub fn field(text: &str) -> Self {
        Self(field(text).into_owned())
    }

    /// Appends a line that is already visible, and ends it.
    pub fn push_line(&mut self, line: &Self) {
        self.0.push_str(&line.0);
        self.0.push('\n');
    }

    /// Appends a line feed if the text is not empty and does not end with one.
    pub fn ended(mut self) -> Self {
        if !self.0.is_empty() && !self.0.ends_with('\n') {
            self.0.push('\n');
        }
        self
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Shown, cell_text, cells, field, hides_or_steers, message, uncoloured};

    #[test]
    fn what_steers_a_terminal_is_visible() {
        assert_eq!(field("a\u{1b}[31mb\u{7}\u{9b}2J\u{7f}"), r"a\u{1b}[31mb\u{7}\u{9b}2J\u{7f}");
        assert_eq!(field("\u{202e}cba\u{2066}\u{200f}\u{61c}"), r"\u{202e}cba\u{2066}\u{200f}\u{61c}");
        assert_eq!(field("a\n::error::b\r\tc\u{2028}"), r"a\n::error::b\r\tc\u{2028}");
        assert_eq!(field("a\u{feff}b\u{200b}\u{e0041}"), r"a\u{feff}b\u{200b}\u{e0041}");
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..=0x202e).chain(0x2066..=0x2069) {
            let character = char::from_u32(code).unwrap();
            assert!(hides_or_steers(character), "{code:x}");
            assert!(!field(&character.to_string()).contains(character), "{code:x}");
        }
    }

    #[test]
    fn long_public_keys_are_shortened_and_others_stay() {
        let long = format!("age1pq1{}{}", "q".repeat(1946), "xwvtsr");
        let text = format!("for {long}, {long} and age1short");
        let short = "for age1pq1qqqqqqq…qqxwvtsr, age1pq1qqqqqqq…qqxwvtsr and age1short";
        assert_eq!(Shown::lines(&text).as_str(), short);
        assert_eq!(cells(&text), short);
        assert_eq!(Shown::whole(&text).as_str(), text);
        let classic = format!("age1{} page1 {}", "q".repeat(58), "word ".repeat(30));
        assert_eq!(cells(&classic), classic);
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "apps/base",
            "日本語",
            "naïve — “quotes”",
            "\u{1f468}\u{200d}\u{1f469}",
            "❤\u{fe0f}",
            "می\u{200c}خواهم",
            r"a\b",
        ] {
            assert_eq!(field(text), text);
        }
        assert_eq!(field("ap\u{200d}ps"), r"ap\u{200d}ps");
    }

    #[test]
    fn lines_are_ours_and_those_of_others_are_set_off() {
        assert_eq!(Shown::lines("a\tb\r\nc\u{1b}\rd").as_str(), "a\tb\nc\\u{1b}\\rd");
        assert_eq!(message("one\n::error::two\n"), "one\n  | ::error::two");
        assert_eq!(cells("a\tb\nc\u{7}"), r"a b c\u{7}");
        assert_eq!(
            Shown::lines("a::b\n  ::error::c\n##[add-mask]d ##vso[task]").as_str(),
            "a::b\n  \\u{3a}:error::c\n\\u{23}#[add-mask]d \\u{23}#vso[task]"
        );
        assert_eq!([cell_text("a\u{1b}"), cell_text("\u{9b}"), cell_text("e\u{301}")], ["a", "?", "e\u{301}"]);
        assert_eq!(Shown::lines("a").ended().as_str(), "a\n");
        let coloured = "\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J\u{1b}[m\n::error::";
        assert_eq!(Shown::coloured(coloured).as_str(), "\u{1b}[1;31mred\u{1b}[0m \\u{1b}[2J\u{1b}[m\n\\u{3a}:error::");
        assert_eq!(uncoloured("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J\u{1b}[m"), "red \u{1b}[2J");
        assert_eq!(Shown::default().ended().as_str(), "");
    }
}
