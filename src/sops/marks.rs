//! Rules by comments: the value of each comment, as sops walks a document (`walkBranch` and `shouldBeEncrypted` in its
//! `sops.go`).

use regex::Regex;

use super::parsed::{Comment, Node, Parsed};
use super::path::Path;

/// Holds a rule by comments.
#[derive(Debug)]
pub(super) struct Marks {
    /// The expression that a comment must match.
    pub(super) regex: Regex,
    /// Whether such a comment encrypts its value; otherwise it keeps it plain, and all others are encrypted.
    pub(super) encrypts: bool,
}

/// Decides for each value and each comment of a plain text whether to encrypt it.
pub(super) fn plan(parsed: &Parsed, marks: &Marks) -> (Vec<bool>, Vec<bool>) {
    let owners: Vec<Option<&Node>> = parsed.comments.iter().map(|comment| owner(parsed, comment)).collect();
    // A comment counts for the next entry, for one on its own line, and for everything below that.
    let marked = |document: usize, path: &Path| {
        parsed.comments.iter().zip(&owners).any(|(comment, owner)| {
            comment.document == document
                && owner.is_some_and(|node| path.is_within(&node.path))
                && marks.regex.is_match(comment.text.expose())
        })
    };
    let leaves = parsed.leaves.iter().map(|leaf| marked(leaf.document, &leaf.path) == marks.encrypts).collect();
    let comments = parsed.comments.iter().enumerate().map(|(position, comment)| {
        let above = marked(comment.document, &comment.parent);
        let owner = owners.get(position).copied().flatten().map(|node| &node.path);
        let earlier = parsed.comments.iter().zip(&owners).take(position).any(|(other, of)| {
            owner.is_some() && of.map(|node| &node.path) == owner && marks.regex.is_match(other.text.expose())
        });
        // The mark itself stays readable; plain values keep their marks, too.
        let itself = !marks.encrypts && marks.regex.is_match(comment.text.expose());
        (above || earlier || itself) == marks.encrypts
    });
    (leaves, comments.collect())
}

/// Finds the entry below a comment, or before it on the same line.
fn owner<'a>(parsed: &'a Parsed, comment: &'a Comment) -> Option<&'a Node> {
    let siblings = || parsed.children(comment.document, &comment.parent);
    siblings()
        .find(|node| node.line == comment.line && node.key.start < comment.span.start)
        .or_else(|| siblings().find(|node| node.key.start > comment.span.start))
}
