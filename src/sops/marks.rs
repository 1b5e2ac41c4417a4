//! Rules that go by comments: which comment belongs to which value, as sops walks a document (`walkBranch` and `shouldBeEncrypted` in
//! its `sops.go`).

use regex::Regex;

use super::parsed::{Comment, Node, Parsed};
use super::path::Path;

/// Holds a rule that goes by comments.
#[derive(Debug)]
pub(super) struct Marks {
    /// What a comment must say.
    pub(super) regex: Regex,
    /// Whether such a comment has its value encrypted; otherwise it keeps it plain, and all others are encrypted.
    pub(super) encrypts: bool,
}

/// Decides for each value, and for each comment, of a plain text whether it is to be encrypted.
pub(super) fn plan(parsed: &Parsed, marks: &Marks) -> (Vec<bool>, Vec<bool>) {
    let owners: Vec<Option<&Node>> = parsed.comments.iter().map(|comment| owner(parsed, comment)).collect();
    // A comment counts for the entry that follows it, for one on its own line, and for all below that.
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
        // The mark itself stays readable; what stays plain keeps its mark too.
        let itself = !marks.encrypts && marks.regex.is_match(comment.text.expose());
        (above || earlier || itself) == marks.encrypts
    });
    (leaves, comments.collect())
}

/// Finds the entry that a comment stands above or behind.
fn owner<'a>(parsed: &'a Parsed, comment: &'a Comment) -> Option<&'a Node> {
    let siblings = || parsed.children(comment.document, &comment.parent);
    siblings()
        .find(|node| node.line == comment.line && node.key.start < comment.span.start)
        .or_else(|| siblings().find(|node| node.key.start > comment.span.start))
}
