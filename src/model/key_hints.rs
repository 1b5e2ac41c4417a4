//! Keys in texts. The keys of commands are the user's choice, so a text names the command or motion instead:
//! `‹key:git-pull›`, or `‹key:git-pull|git pull›` with the words for readers without keys. Screens write the key.

use std::borrow::Cow;

use serde::Serializer;

const BEGIN: &str = "‹key:";
const END: char = '›';

/// Holds a key's place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHint<'a> {
    /// The id of the command or motion.
    pub id: &'a str,
    /// The words for readers without keys.
    pub words: Option<&'a str>,
}

/// Splits a text at its first key: the text before it, the key, and the rest.
fn split(text: &str) -> Option<(&str, KeyHint<'_>, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (hint, after) = rest.split_once(END)?;
    let (id, words) = hint.split_once('|').map_or((hint, None), |(id, words)| (id, Some(words)));
    Some((before, KeyHint { id, words }, after))
}

/// Lists the keys that a text names.
pub fn key_hints(text: &str) -> impl Iterator<Item = KeyHint<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, hint, after) = split(rest)?;
        rest = after;
        Some(hint)
    })
}

/// Writes a text with a name for each of its keys.
pub fn with_keys(text: &str, name: impl Fn(KeyHint<'_>) -> String) -> Cow<'_, str> {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, hint, after)) = split(rest) {
        written.push_str(before);
        written.push_str(&name(hint));
        rest = after;
    }
    if written.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(written + rest)
}

/// Writes a text for a reader without keys: the words in place of a key, else the command as the palette finds it.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    with_keys(text, |hint| hint.words.map_or_else(|| format!("`:{}` in the cockpit", hint.id), str::to_owned))
}

/// Serializes a text for a reader without keys.
pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_keys(text))
}

#[cfg(test)]
mod tests {
    use super::{key_hints, with_keys, without_keys};

    #[test]
    fn a_text_has_the_keys_of_its_reader() {
        let text = "‹key:git-pull|git pull --rebase› pulls them; then ‹key:git-push› pushes";
        let ids: Vec<&str> = key_hints(text).map(|hint| hint.id).collect();
        assert_eq!(ids, ["git-pull", "git-push"]);
        let keys = with_keys(text, |hint| if hint.id == "git-pull" { "L" } else { "P" }.to_owned());
        assert_eq!(keys, "L pulls them; then P pushes");
        assert_eq!(without_keys(text), "git pull --rebase pulls them; then `:git-push` in the cockpit pushes");
        for plain in ["", "nothing", "‹", "‹key:unended", "a › b"] {
            assert_eq!(without_keys(plain), plain);
        }
    }
}
