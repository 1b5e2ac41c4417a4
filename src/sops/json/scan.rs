//! Reads JSON token by token (RFC 8259), with the place of each.

use std::ops::Range;

use crate::secret::Secret;
use crate::sops::error::SopsError;

/// Reads one token after another.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
    /// The line, from one.
    pub(super) line: usize,
    line_start: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, position: usize) -> Self {
        Self { text, position, line: 1, line_start: 0 }
    }

    /// Returns the error for this place.
    pub(super) fn wrong(&self, message: &str) -> SopsError {
        let column = self.position.saturating_sub(self.line_start).saturating_add(1);
        SopsError::Syntax { line: self.line, column, message: message.to_owned() }
    }

    /// Returns the next byte that is no white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.byte() {
            self.position = self.position.saturating_add(1);
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.position;
            }
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Takes a sign if it comes next.
    pub(super) fn took(&mut self, sign: u8) -> bool {
        let found = self.peek() == Some(sign);
        if found {
            self.position = self.position.saturating_add(1);
        }
        found
    }

    /// Takes a sign that must come next.
    pub(super) fn take(&mut self, sign: u8) -> Result<(), SopsError> {
        if self.took(sign) { Ok(()) } else { Err(self.wrong(&format!("a {} is missing", char::from(sign)))) }
    }

    /// Takes a string; returns its bytes with the quotes, and its content.
    pub(super) fn string(&mut self) -> Result<(Range<usize>, Secret), SopsError> {
        self.peek();
        let start = self.position;
        self.take(b'"')?;
        let rest = self.text.get(self.position..).unwrap_or_default();
        // The full capacity from the start, so that growing leaves no copy in memory.
        let length = closing_quote(rest).ok_or_else(|| self.wrong("a string does not end"))?;
        let mut said = String::with_capacity(length);
        let mut characters = rest.get(..length).unwrap_or_default().chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => {
                    let escaped = escaped(&mut characters);
                    said.push(escaped.ok_or_else(|| self.wrong("an escape in a string is not JSON"))?);
                }
                control if u32::from(control) < 0x20 => {
                    return Err(self.wrong("a string holds a line end or another control character"));
                }
                other => said.push(other),
            }
        }
        self.position = self.position.saturating_add(length).saturating_add(1);
        Ok((start..self.position, Secret::new(said)))
    }

    /// Takes a number or a word such as `true`.
    pub(super) fn word(&mut self) -> Range<usize> {
        self.peek();
        let start = self.position;
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        self.position = start.saturating_add(end);
        start..self.position
    }
}

/// Finds the quote that ends a string.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// Reads an escape after its backslash. Go replaces half a surrogate pair; that would lose it, so here it is an error.
fn escaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match characters.next()? {
        sign @ ('"' | '\\' | '/') => sign,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = unit(characters)?;
            if !(0xd800..0xdc00).contains(&first) {
                return char::from_u32(first);
            }
            let pair = (characters.next()? == '\\' && characters.next()? == 'u').then(|| unit(characters))??;
            let low = pair.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            char::from_u32(
                first.saturating_sub(0xd800).saturating_mul(0x400).saturating_add(low).saturating_add(0x10000),
            )?
        }
        _ => return None,
    })
}

/// Reads four hexadecimal digits.
fn unit(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0_u32, |unit, _| Some(unit.saturating_mul(16).saturating_add(characters.next()?.to_digit(16)?)))
}
