//! Encrypting a plain text: values that the rule covers are encrypted in their place, and all other bytes stay.

use super::keep::{Keep, Reuse};
use super::patch::Patches;
use crate::secret::Secret;
use crate::sops::cipher::{DataKey, is_sealed};
use crate::sops::error::SopsError;
use crate::sops::exposed;
use crate::sops::format::Format;
use crate::sops::marks;
use crate::sops::parsed::{Comment, Leaf, Parsed};
use crate::sops::rules::{Rule, Verdict};
use crate::sops::value::{Value, ValueType};

/// Selects the parts of a plain text to encrypt.
#[derive(Debug)]
pub(in crate::sops) struct Plan {
    /// The rule, in the form of a configuration.
    rule: String,
    /// The decision for each value.
    pub(in crate::sops) leaves: Vec<bool>,
    /// The decision for each comment.
    pub(in crate::sops) comments: Vec<bool>,
}

impl Plan {
    /// Decides by the rule; a rule by comments uses the file's state at the place, else the comments there.
    pub(in crate::sops) fn new(parsed: &Parsed, rule: &Rule, keep: &Keep) -> Self {
        if let Rule::Comments(comments) = rule {
            let (leaves, comments) = marks::plan(parsed, comments);
            let mut plan = Self { rule: rule.to_string(), leaves, comments };
            for (leaf, encrypted) in parsed.leaves.iter().zip(&mut plan.leaves) {
                let filled = |value: &Value| !value.canonical.is_empty();
                if let Some(kept) = keep.at(leaf.document, &leaf.path).filter(|kept| filled(&kept.value)) {
                    *encrypted = kept.encrypted;
                }
            }
            return plan;
        }
        let encrypted = |path| rule.verdict(path) == Verdict::Encrypted;
        Self {
            rule: rule.to_string(),
            leaves: parsed.leaves.iter().map(|leaf| encrypted(&leaf.path)).collect(),
            comments: parsed.comments.iter().map(|comment| encrypted(&comment.parent)).collect(),
        }
    }

    /// Refuses to leave a value of a Secret in plain text, whatever the rule.
    ///
    /// # Errors
    /// Names those values.
    pub(in crate::sops) fn vouch(&self, parsed: &Parsed) -> Result<(), SopsError> {
        exposed::refuse(parsed, |index, _| self.leaves.get(index).copied().unwrap_or_default(), &self.rule)
    }

    /// Returns the values to encrypt.
    pub(in crate::sops) fn reached<'a>(&'a self, parsed: &'a Parsed) -> impl Iterator<Item = &'a Leaf> {
        parsed.leaves.iter().zip(&self.leaves).filter(|(_, encrypted)| **encrypted).map(|(leaf, _)| leaf)
    }
}

/// Encrypts a plain text by a plan; returns the replacements.
///
/// # Errors
/// If a value to encrypt carries an anchor, an alias or a tag, which sops would lose, and if the plan leaves a value of
/// a Secret in plain text.
pub(in crate::sops) fn seal(
    format: Format,
    text: &str,
    parsed: &Parsed,
    plan: &Plan,
    mut reuse: Reuse<'_>,
    key: &DataKey,
) -> Result<Patches, SopsError> {
    plan.vouch(parsed)?;
    let mut patches = Patches::default();
    let encrypted = || plan.reached(parsed);
    // Unchanged values take their own ciphertext before an equal one that moved can take it.
    let unchanged: Vec<Option<String>> = encrypted().map(|leaf| reuse.unchanged(leaf)).collect();
    for (leaf, unchanged) in encrypted().zip(unchanged) {
        if leaf.value.canonical.is_empty() || leaf.value.kind == ValueType::Null {
            // Empty strings and null stay as they are.
            continue;
        }
        if leaf.alias || leaf.decorated {
            let message =
                format!("{} is to be encrypted but carries an anchor, an alias or a tag; write it out", leaf.path);
            return Err(SopsError::Shape { line: leaf.line, message });
        }
        let written = match unchanged {
            Some(written) => Some(written),
            None => reuse
                .moved(leaf)
                .or_else(|| key.encrypt(&leaf.value, &leaf.path.authenticated()))
                // The quotes of the plain value do not determine those of the ciphertext.
                .map(|sealed| format.ciphertext(reuse.style(leaf), leaf.in_flow, &sealed)),
        };
        let Some(mut written) = written else { continue };
        // A comment after the header of a block (`a: | # …`) stays after the value.
        if let Some(comment) = parsed.comment_inside(leaf) {
            written = format!("{written} {}", sealed_comment(comment, true, &mut reuse, key));
        }
        patches.put(format.replacement(text, leaf, written));
    }
    for (comment, encrypted) in parsed.comments.iter().zip(&plan.comments) {
        if parsed.leaves.iter().any(|leaf| leaf.span.contains(&comment.span.start)) {
            continue;
        }
        let written = sealed_comment(comment, *encrypted, &mut reuse, key);
        patches.put((comment.span.clone(), Secret::new(written)));
    }
    Ok(patches)
}

/// Returns a comment: with its bytes in the file, else encrypted by the plan; a ciphertext is never encrypted again.
fn sealed_comment(comment: &Comment, encrypted: bool, reuse: &mut Reuse<'_>, key: &DataKey) -> String {
    let plain = || format!("{}{}", comment.sign, comment.text.expose());
    if let Some(written) = reuse.comment(comment.document, &comment.text) {
        return written;
    }
    if !encrypted || is_sealed(comment.text.expose()) {
        return plain();
    }
    let value = Value { kind: ValueType::Comment, canonical: comment.text.duplicate() };
    key.encrypt(&value, &comment.parent.authenticated())
        .map_or_else(plain, |sealed| format!("{}{sealed}", comment.sign))
}
