//! What a store reads from a text: its values in order, each with the bytes where it is written. The same for every format, so that
//! rules, MAC, decrypting and saving know none of them; a store is a module that makes a [`Parsed`] and writes scalars in its own syntax.

use std::ops::Range;

use super::path::Path;
use super::value::Value;
use crate::secret::Secret;

/// The key of the block in which SOPS keeps what it knows of a file.
pub(super) const BLOCK: &str = "sops";

/// Says how a scalar is written, and so how another is put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A literal or folded block.
    Block,
}

/// Holds one scalar of a document.
#[derive(Debug)]
pub(super) struct Leaf {
    /// The document, from zero.
    pub(super) document: usize,
    pub(super) path: Path,
    pub(super) value: Value,
    /// The bytes that the scalar takes up, with its quotes or its block header; empty where nothing is written.
    pub(super) span: Range<usize>,
    pub(super) style: Style,
    /// Whether it stands in `[…]` or `{…}`.
    pub(super) in_flow: bool,
    /// The column of its key or its dash: a block must be indented further.
    pub(super) column: usize,
    /// The line, from one.
    pub(super) line: usize,
    /// Whether it is only reached through an alias, so that there is no place of its own to write to.
    pub(super) alias: bool,
    /// Whether another text in its place would not just be another value: an anchor or a tag stands before it or a parent, or nothing
    /// does, not even a colon.
    pub(super) decorated: bool,
}

/// Holds a comment, which sops encrypts inside encrypted regions.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) document: usize,
    /// Where it belongs as far as indentation tells.
    pub(super) parent: Path,
    /// Its line, from one.
    pub(super) line: usize,
    /// What follows the sign.
    pub(super) text: Secret,
    /// What makes it a comment: `#`, or in INI perhaps `; `.
    pub(super) sign: String,
    /// The bytes from the sign to the end of the line.
    pub(super) span: Range<usize>,
}

/// Says what a node of a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// One value, or an alias.
    Scalar,
    /// Keys and what stands below them.
    Mapping,
    /// Items.
    List,
}

/// Holds one entry of a mapping or a list: where it begins and ends, so that it can be renamed, taken out, or followed by another.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) document: usize,
    pub(super) path: Path,
    pub(super) kind: NodeKind,
    /// The bytes of its key with its quotes; empty at the start of an item of a list.
    pub(super) key: Range<usize>,
    /// The end of its value, without what follows it on the line.
    pub(super) end: usize,
    /// The column of the key.
    pub(super) column: usize,
    /// The line of the key, from one.
    pub(super) line: usize,
    /// Whether it stands in `[…]` or `{…}`.
    pub(super) in_flow: bool,
    /// Whether its own value is written in `[…]` or `{…}`.
    pub(super) braces: bool,
}

/// Holds what is known of a whole document.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The bytes of its `sops` block: exactly those that are cut out for the plain text, so with the line ends, commas or blank lines
    /// that belong to it alone.
    pub(super) block: Option<Range<usize>>,
    /// Where a `sops` block can be appended: the end of the document.
    pub(super) end: usize,
    /// Whether its top level is written in braces, so that no block can be appended.
    pub(super) braces: bool,
    /// The column of the keys at its top.
    pub(super) column: usize,
}

/// Holds everything that a store reads from a text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) documents: Vec<Document>,
    /// The values, without those of the `sops` blocks, in the order in which the MAC takes them.
    pub(super) leaves: Vec<Leaf>,
    /// The values of the `sops` blocks.
    pub(super) metadata: Vec<Leaf>,
    pub(super) comments: Vec<Comment>,
    /// Every entry of every mapping and list, those of the `sops` blocks too, in the order in which they begin.
    pub(super) nodes: Vec<Node>,
}

impl Parsed {
    /// Finds the text of a value of the first document's `sops` block.
    pub(super) fn metadata_text(&self, key: &str) -> Option<&str> {
        let leaf = self.metadata.iter().find(|leaf| leaf.document == 0 && leaf.path.is_keys(&[BLOCK, key]))?;
        Some(leaf.value.canonical.expose())
    }

    /// Returns the values at one key of the `sops` blocks, of which every document of a file has its own copy.
    pub(super) fn metadata_copies<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Leaf> {
        self.metadata.iter().filter(move |leaf| leaf.path.is_keys(&[BLOCK, key]))
    }

    /// Finds an entry by its path.
    pub(super) fn node(&self, document: usize, path: &Path) -> Option<&Node> {
        self.nodes.iter().find(|node| node.document == document && node.path == *path)
    }

    /// Returns the entries right below a path, in order.
    pub(super) fn children<'a>(&'a self, document: usize, path: &'a Path) -> impl DoubleEndedIterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.document == document && node.path.parent().as_ref() == Some(path))
    }

    /// Finds the text of a value by its keys.
    pub(super) fn text_at(&self, document: usize, keys: &[&str]) -> Option<&str> {
        let leaf = self.leaves.iter().find(|leaf| leaf.document == document && leaf.path.is_keys(keys))?;
        Some(leaf.value.canonical.expose())
    }

    /// Finds the comment that stands behind the header of a block scalar, and so inside its bytes.
    pub(super) fn comment_inside(&self, leaf: &Leaf) -> Option<&Comment> {
        self.comments.iter().find(|comment| leaf.span.contains(&comment.span.start))
    }
}
