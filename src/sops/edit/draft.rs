//! The plain text of an opened file during editing: one text behind the table and the text view, with all earlier ones
//! for undo.

use super::keep::{Keep, Kept};
use super::patch::Patches;
use crate::secret::Secret;
use crate::sops::error::SopsError;
use crate::sops::format::Format;
use crate::sops::parsed::{Leaf, Parsed, Style};
use crate::sops::path::Path;
use crate::sops::value::{Value, ValueType};

/// Describes how a value changed since the file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It has another value.
    Value,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another key; the value was at this path.
    Renamed(Path),
}

/// Names one value that differs from the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// The document, from zero.
    pub document: usize,
    /// The present or former path.
    pub path: Path,
    /// The kind of change.
    pub what: Changed,
}

/// The most texts that undo goes back to.
const HISTORY: usize = 200;

/// Holds the plain text as it is now.
#[derive(Debug)]
pub(in crate::sops) struct Draft {
    format: Format,
    /// The text as it was when the file was opened.
    original: Secret,
    /// The places of its values.
    origin: Parsed,
    text: Secret,
    parsed: Parsed,
    before: Vec<Secret>,
    after: Vec<Secret>,
}

impl Draft {
    /// Begins with the plain text of a file, which must hold the file's values.
    pub(in crate::sops) fn new(format: Format, text: Secret, keep: &Keep) -> Result<Self, SopsError> {
        let (origin, parsed) = (read(format, &text, keep)?, read(format, &text, keep)?);
        let same = parsed.leaves.len() == keep.values().len()
            && parsed.leaves.iter().zip(keep.values()).all(|(leaf, kept)| {
                leaf.document == kept.document && leaf.path == kept.path && leaf.value == kept.value
            });
        if !same {
            let message = "its plain text does not read as what it holds, so it cannot be edited here";
            return Err(SopsError::Unsupported(message.to_owned()));
        }
        Ok(Self { format, original: text.duplicate(), origin, text, parsed, before: Vec::new(), after: Vec::new() })
    }

    pub(in crate::sops) fn text(&self) -> &Secret {
        &self.text
    }

    pub(in crate::sops) fn original(&self) -> &Secret {
        &self.original
    }

    pub(in crate::sops) fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Replaces the text, if the new one can be read; returns whether it differs.
    pub(in crate::sops) fn replace(&mut self, text: Secret, keep: &Keep) -> Result<bool, SopsError> {
        if text == self.text {
            return Ok(false);
        }
        self.parsed = read(self.format, &text, keep)?;
        self.after.clear();
        if self.before.len() >= HISTORY {
            self.before.remove(0);
        }
        self.before.push(std::mem::replace(&mut self.text, text));
        Ok(true)
    }

    /// Tells whether there is a text before the last change, or after the last undone one.
    pub(in crate::sops) fn can_turn(&self, back: bool) -> bool {
        !if back { &self.before } else { &self.after }.is_empty()
    }

    /// Goes back to the text before the last change, or forward again; returns whether there was one.
    pub(in crate::sops) fn turn(&mut self, back: bool, keep: &Keep) -> bool {
        let (from, to) = if back { (&mut self.before, &mut self.after) } else { (&mut self.after, &mut self.before) };
        let Some(text) = from.pop() else { return false };
        // The text was read once, so it can be read again.
        let Ok(parsed) = read(self.format, &text, keep) else { return false };
        self.parsed = parsed;
        to.push(std::mem::replace(&mut self.text, text));
        true
    }

    /// Changes an existing value.
    pub(in crate::sops) fn set(&mut self, leaf: usize, value: &Value, keep: &Keep) -> Result<bool, SopsError> {
        let Some(leaf) = self.parsed.leaves.get(leaf) else { return Ok(false) };
        if leaf.alias || leaf.decorated {
            let path = &leaf.path;
            return Err(SopsError::Unsupported(format!(
                "{path} carries an anchor, an alias or a tag, or has no colon, and cannot be changed yet"
            )));
        }
        if self.parsed.comment_inside(leaf).is_some() {
            let path = &leaf.path;
            return Err(SopsError::Unsupported(format!("{path} has a comment behind its | or >, which would be lost")));
        }
        let text = self.text.expose();
        let written = match self.as_it_was(leaf, value) {
            Some(written) => written.to_owned(),
            None => self.format.plain(text, leaf, value).expose().to_owned(),
        };
        let edit = self.format.replacement(text, leaf, written);
        let (path, document) = (leaf.path.clone(), leaf.document);
        let changed = self.apply(edit, keep)?;
        // A number in the place of a text, or the reverse, would be another value, too.
        let was_text = |value: &Value| matches!(value.kind, ValueType::Text | ValueType::Bytes);
        // Some formats cannot write every text: in dotenv a backslash before an n is a line end.
        let found = self.parsed.leaves.iter().find(|leaf| leaf.document == document && leaf.path == path);
        if found
            .is_some_and(|found| found.value.canonical != value.canonical || was_text(&found.value) != was_text(value))
        {
            self.turn(true, keep);
            self.after.pop();
            return Err(SopsError::Unsupported(format!("{path} cannot hold this text in a file of this format")));
        }
        Ok(changed)
    }

    /// Returns the original spelling of a value that is back at its original content.
    fn as_it_was(&self, leaf: &Leaf, value: &Value) -> Option<&str> {
        let was = self.origin.leaves.iter().find(|one| one.document == leaf.document && one.path == leaf.path)?;
        let fits = was.value == *value && was.in_flow == leaf.in_flow && was.column == leaf.column;
        fits.then(|| self.original.expose().get(was.span.clone()))?
    }

    /// Adds a value at a new place.
    pub(in crate::sops) fn add(
        &mut self,
        document: usize,
        path: &Path,
        value: &Value,
        keep: &Keep,
    ) -> Result<bool, SopsError> {
        if self.parsed.node(document, path).is_some() {
            return Err(SopsError::Unsupported(format!("{path} is there already")));
        }
        let edit = self.format.add(self.text.expose(), &self.parsed, document, path, value)?;
        self.apply(edit, keep)
    }

    /// Renames the key of an entry.
    pub(in crate::sops) fn rename(
        &mut self,
        document: usize,
        path: &Path,
        name: &str,
        keep: &Keep,
    ) -> Result<bool, SopsError> {
        let node = self.parsed.node(document, path).filter(|node| node.path.last_key().is_some());
        let node = node.ok_or_else(|| SopsError::NoSuchValue(path.to_string()))?;
        let edit = self.format.rename(node, name)?;
        self.apply(edit, keep)
    }

    /// Removes an entry.
    pub(in crate::sops) fn remove(&mut self, document: usize, path: &Path, keep: &Keep) -> Result<bool, SopsError> {
        let node = self.parsed.node(document, path).ok_or_else(|| SopsError::NoSuchValue(path.to_string()))?;
        let edit = self.format.remove(self.text.expose(), node)?;
        self.apply(edit, keep)
    }

    fn apply(&mut self, edit: (std::ops::Range<usize>, Secret), keep: &Keep) -> Result<bool, SopsError> {
        let mut patches = Patches::default();
        patches.put(edit);
        let text = patches.apply(self.text.expose());
        self.replace(text.ok_or_else(|| SopsError::ReadBack("changes overlap".to_owned()))?, keep)
    }

    /// Lists the differences from the file, in the order of the text; removed values come last.
    pub(in crate::sops) fn changes(&self, keep: &Keep) -> Vec<ValueChange> {
        let there = |leaf: &&Leaf| keep.at(leaf.document, &leaf.path).is_some();
        let gone = |kept: &&Kept| {
            !self.parsed.leaves.iter().any(|leaf| leaf.document == kept.document && leaf.path == kept.path)
        };
        let mut gone: Vec<&Kept> = keep.values().iter().filter(gone).collect();
        let mut changes = Vec::new();
        for leaf in &self.parsed.leaves {
            let change = |what| ValueChange { document: leaf.document, path: leaf.path.clone(), what };
            if there(&leaf) {
                if keep.at(leaf.document, &leaf.path).is_some_and(|kept| kept.value != leaf.value) {
                    changes.push(change(Changed::Value));
                }
                continue;
            }
            // An equal value under another key of the same mapping was renamed.
            let from = gone.iter().position(|kept| {
                kept.document == leaf.document && kept.value == leaf.value && kept.path.parent() == leaf.path.parent()
            });
            changes.push(change(match from {
                Some(index) => Changed::Renamed(gone.remove(index).path.clone()),
                None => Changed::Added,
            }));
        }
        changes.extend(gone.into_iter().map(|kept| ValueChange {
            document: kept.document,
            path: kept.path.clone(),
            what: Changed::Removed,
        }));
        changes
    }
}

/// Reads a plain text. The file supplies the types that YAML cannot show, such as a float `2`.
pub(in crate::sops) fn read(format: Format, text: &Secret, keep: &Keep) -> Result<Parsed, SopsError> {
    let mut parsed = format.read(text.expose())?;
    if !parsed.metadata.is_empty() || parsed.documents.iter().any(|document| document.block.is_some()) {
        return Err(SopsError::Unsupported("sops keeps its own block under the key sops; use another key".to_owned()));
    }
    for leaf in &mut parsed.leaves {
        let Some(kept) = keep.at(leaf.document, &leaf.path) else { continue };
        // A quoted value is text, whatever its type was before.
        let quoted = format == Format::Yaml && matches!(leaf.style, Style::Single | Style::Double | Style::Block);
        let untold = match kept.value.kind {
            ValueType::Float | ValueType::Time => !quoted,
            ValueType::Bytes => true,
            _ => false,
        };
        if untold && kept.value.canonical == leaf.value.canonical {
            leaf.value.kind = kept.value.kind;
        }
    }
    Ok(parsed)
}
