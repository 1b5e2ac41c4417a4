//! Keys in the notation of the user: `j`, `R`, `ctrl-d`, `enter`, `<`.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Names a key press, in the notation of configuration, help and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// Whether Ctrl was held.
    pub ctrl: bool,
    /// Whether Alt was held.
    pub alt: bool,
}

/// Names a key without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A character, in upper case with Shift.
    Char(char),
    /// A key with a name.
    Named(&'static str),
}

const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];

impl Key {
    /// Reads a key press of the terminal; `None` for releases and unknown keys.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let code = match event.code {
            KeyCode::Char(' ') => Code::Named("space"),
            KeyCode::Char(character) => Code::Char(character),
            other => Code::Named(NAMES.iter().find(|(_, code)| *code == other)?.0),
        };
        Some(Self {
            code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
        })
    }

    /// Returns the key as an event of the terminal, for widgets that take those.
    pub fn to_event(self) -> KeyEvent {
        let code = match self.code {
            Code::Char(character) => KeyCode::Char(character),
            Code::Named(name) => {
                NAMES.iter().find(|(known, _)| *known == name).map_or(KeyCode::Null, |(_, code)| *code)
            }
        };
        let mut modifiers = KeyModifiers::NONE;
        modifiers.set(KeyModifiers::CONTROL, self.ctrl);
        modifiers.set(KeyModifiers::ALT, self.alt);
        KeyEvent::new(code, modifiers)
    }

    /// Returns the character that the key types; `None` for named keys and control keys.
    pub fn typed(self) -> Option<char> {
        match self.code {
            _ if self.ctrl || self.alt => None,
            Code::Char(character) => Some(character),
            Code::Named("space") => Some(' '),
            Code::Named(_) => None,
        }
    }

    /// Tells whether the key is the named one, without modifiers.
    pub fn is(self, name: &str) -> bool {
        !self.ctrl && !self.alt && matches!(self.code, Code::Named(known) if known == name)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let (mut ctrl, mut alt) = (false, false);
        loop {
            if let Some(tail) = rest.strip_prefix("ctrl-") {
                (ctrl, rest) = (true, tail);
            } else if let Some(tail) = rest.strip_prefix("alt-") {
                (alt, rest) = (true, tail);
            } else {
                break;
            }
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(character), None) => Code::Char(character),
            _ => Code::Named(
                NAMES
                    .iter()
                    .find(|(name, _)| *name == rest)
                    .ok_or_else(|| format!("`{text}` is not a key: write j, R, ctrl-d, enter, space, …"))?
                    .0,
            ),
        };
        Ok(Self { code, ctrl, alt })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            formatter.write_str("ctrl-")?;
        }
        if self.alt {
            formatter.write_str("alt-")?;
        }
        match self.code {
            Code::Char(character) => write!(formatter, "{character}"),
            Code::Named(name) => formatter.write_str(name),
        }
    }
}

/// Reads a string of keys such as `jj<enter>R<ctrl-d>`: `<…>` names one, anything else is typed; `<lt>` types `<`.
///
/// # Errors
/// Fails with a word on the first name that is no key, or on a `<` without `>`.
pub fn parse_keys(text: &str) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix('<') {
            let (name, tail) = tail.split_once('>').ok_or_else(|| format!("`{rest}` lacks its `>`"))?;
            keys.push(if name == "lt" { "<".parse()? } else { name.parse()? });
            rest = tail;
        } else {
            keys.push(if character == ' ' { "space".parse()? } else { character.to_string().parse()? });
            rest = rest.get(character.len_utf8()..).unwrap_or("");
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::{Key, parse_keys};

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["j", "R", "ctrl-d", "enter", "space", "<", "alt-x", "é"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        assert!("entr".parse::<Key>().is_err());
        let keys: Vec<String> = parse_keys("jj<enter>a b<lt><ctrl-d>").unwrap().iter().map(Key::to_string).collect();
        assert_eq!(keys, ["j", "j", "enter", "a", "space", "b", "<", "ctrl-d"]);
        assert!(parse_keys("<enter").is_err());
    }

    #[test]
    fn an_event_of_the_terminal_makes_the_same_key() {
        for text in ["j", "ctrl-d", "enter", "space", "backtab"] {
            let key: Key = text.parse().unwrap();
            assert_eq!(Key::from_event(&key.to_event()), Some(key));
        }
    }
}
