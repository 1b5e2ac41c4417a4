//! The content of a text as a store reads it: its values in order, each with its bytes. It is the same for every
//! format, so that rules, MAC, decrypting and saving are independent of them; a store is a module that builds a
//! [`Parsed`] and writes scalars in its own syntax.

use std::ops::Range;

use super::path::Path;
use super::value::Value;
use crate::secret::Secret;

/// The key of the block with the metadata of SOPS.
pub(super) const BLOCK: &str = "sops";

/// Describes how a scalar is written, and so how another replaces it.
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
    /// The bytes of the scalar, with its quotes or its block header; empty if nothing is written.
    pub(super) span: Range<usize>,
    pub(super) style: Style,
    /// Whether it is in `[…]` or `{…}`.
    pub(super) in_flow: bool,
    /// The column of its key or its dash: a block must be indented further.
    pub(super) column: usize,
    /// The line, from one.
    pub(super) line: usize,
    /// Whether only an alias reaches it, so that it has no place of its own to write to.
    pub(super) alias: bool,
    /// Whether another text in its place would be more than another value: an anchor or a tag is before it or a parent,
    /// or nothing is, not even a colon.
    pub(super) decorated: bool,
}

/// Holds a comment, which sops encrypts inside of encrypted regions.
#[derive(Debug)]
pub(super) struct Comment {
    pub(super) document: usize,
    /// Its parent, as far as indentation shows.
    pub(super) parent: Path,
    /// Its line, from one.
    pub(super) line: usize,
    /// The text after the sign.
    pub(super) text: Secret,
    /// The sign that begins it: `#`, or in INI perhaps `; `.
    pub(super) sign: String,
    /// The bytes from the sign to the end of the line.
    pub(super) span: Range<usize>,
}

/// Classifies a node of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// One value, or an alias.
    Scalar,
    /// Keys and their content.
    Mapping,
    /// Items.
    List,
}

/// Holds one entry of a mapping or a list, with its start and end, so that it can be renamed, removed, or followed by
/// another.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) document: usize,
    pub(super) path: Path,
    pub(super) kind: NodeKind,
    /// The bytes of its key with its quotes; empty at the start of an item of a list.
    pub(super) key: Range<usize>,
    /// The end of its value, without the rest of the line.
    pub(super) end: usize,
    /// The column of the key.
    pub(super) column: usize,
    /// The line of the key, from one.
    pub(super) line: usize,
    /// Whether it is in `[…]` or `{…}`.
    pub(super) in_flow: bool,
    /// Whether its own value is in `[…]` or `{…}`.
    pub(super) braces: bool,
}

/// Describes a whole document.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The bytes of its `sops` block: exactly those that are cut out for the plain text, with the line ends, commas or
    /// blank lines that belong only to it.
    pub(super) block: Option<Range<usize>>,
    /// The place for a new `sops` block: the end of the document.
    pub(super) end: usize,
    /// Whether its top level is in braces, so that no block can be appended.
    pub(super) braces: bool,
    /// The column of the keys at its top.
    pub(super) column: usize,
}

/// Holds the whole content of a text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) documents: Vec<Document>,
    /// The values, without those of the `sops` blocks, in the order of the MAC.
    pub(super) leaves: Vec<Leaf>,
    /// The values of the `sops` blocks.
    pub(super) metadata: Vec<Leaf>,
    pub(super) comments: Vec<Comment>,
    /// Every entry of every mapping and list, including those of the `sops` blocks, in the order of their starts.
    pub(super) nodes: Vec<Node>,
}

impl Parsed {
    /// Finds the text of a value of the first document's `sops` block.
    pub(super) fn metadata_text(&self, key: &str) -> Option<&str> {
        let leaf = self.metadata.iter().find(|leaf| leaf.document == 0 && leaf.path.is_keys(&[BLOCK, key]))?;
        Some(leaf.value.canonical.expose())
    }

    /// Returns the values at one key of the `sops` blocks; every document of a file has its own copy.
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

    /// Finds the comment after the header of a block scalar, which is inside of its bytes.
    pub(super) fn comment_inside(&self, leaf: &Leaf) -> Option<&Comment> {
        self.comments.iter().find(|comment| leaf.span.contains(&comment.span.start))
    }
}
