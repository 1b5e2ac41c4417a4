//! The ciphertexts of a file, so that unchanged values keep their exact bytes.

use std::collections::HashSet;

use super::opened::State;
use super::plaintext::{decrypt_comment, with_dash};
use crate::secret::Secret;
use crate::sops::cipher::{DataKey, is_sealed};
use crate::sops::file::SopsFile;
use crate::sops::parsed::{Leaf, Parsed, Style};
use crate::sops::path::{Path, Segment};
use crate::sops::value::{Value, ValueType};

/// Holds one value of the file as it was read.
#[derive(Debug)]
pub(in crate::sops) struct Kept {
    pub(in crate::sops) document: usize,
    /// The path in the plain text; there, comments are no items of lists.
    pub(in crate::sops) path: Path,
    pub(in crate::sops) value: Value,
    pub(in crate::sops) encrypted: bool,
    /// The ciphertext without quotes; empty if there is none.
    sealed: String,
    /// The text in the file, with its quotes.
    written: String,
    style: Style,
    in_flow: bool,
}

/// Holds one comment of the file as it was read.
#[derive(Debug)]
struct KeptComment {
    document: usize,
    text: Secret,
    /// The data that it was authenticated with; `None` if it is not encrypted, or the data is unknown.
    authenticated: Option<String>,
    /// The text in the file, with its sign or its dash.
    written: String,
}

/// Holds everything that can keep its bytes.
#[derive(Debug, Default)]
pub(in crate::sops) struct Keep {
    values: Vec<Kept>,
    comments: Vec<KeptComment>,
}

impl Keep {
    /// Keeps nothing.
    pub(in crate::sops) const fn nothing() -> Self {
        Self { values: Vec::new(), comments: Vec::new() }
    }

    /// Collects the content of a decrypted file.
    pub(in crate::sops) fn collect(file: &SopsFile, key: &DataKey, states: &[State]) -> Self {
        let slice = |span: &std::ops::Range<usize>| file.text.get(span.clone()).unwrap_or_default().to_owned();
        let mut comments: Vec<(usize, KeptComment)> = Vec::new();
        for comment in &file.parsed.comments {
            let (text, authenticated) = match decrypt_comment(comment, &file.parsed, key) {
                Some((text, authenticated)) => (text, Some(authenticated)),
                None => (comment.text.duplicate(), None),
            };
            let kept = KeptComment { document: comment.document, text, authenticated, written: slice(&comment.span) };
            comments.push((comment.span.start, kept));
        }
        let mut values = Vec::new();
        let mut skipped: Vec<(usize, Path)> = Vec::new();
        for (leaf, state) in file.parsed.leaves.iter().zip(states) {
            if state.value.kind == ValueType::Comment {
                let span = with_dash(&file.text, &leaf.span);
                let (text, written) = (state.value.canonical.duplicate(), slice(&span));
                let authenticated = Some(leaf.path.authenticated());
                comments.push((span.start, KeptComment { document: leaf.document, text, authenticated, written }));
                skipped.push((leaf.document, leaf.path.clone()));
                continue;
            }
            let raw = leaf.value.canonical.expose();
            let is_ciphertext = state.encrypted && leaf.value.kind == ValueType::Text && is_sealed(raw);
            values.push(Kept {
                document: leaf.document,
                path: without_comments(leaf, &skipped),
                value: state.value.duplicate(),
                encrypted: state.encrypted,
                sealed: if is_ciphertext { raw.to_owned() } else { String::new() },
                written: if is_ciphertext { slice(&leaf.span) } else { String::new() },
                style: leaf.style,
                in_flow: leaf.in_flow,
            });
        }
        comments.sort_by_key(|(start, _)| *start);
        Self { values, comments: comments.into_iter().map(|(_, comment)| comment).collect() }
    }

    /// Returns the values in the order of the file.
    pub(in crate::sops) fn values(&self) -> &[Kept] {
        &self.values
    }

    /// Finds the value that was at a path.
    pub(in crate::sops) fn at(&self, document: usize, path: &Path) -> Option<&Kept> {
        self.values.iter().find(|kept| kept.document == document && kept.path == *path)
    }
}

/// Removes comments from the count of list items: the plain text has none there.
fn without_comments(leaf: &Leaf, skipped: &[(usize, Path)]) -> Path {
    if skipped.is_empty() {
        return leaf.path.clone();
    }
    let segments = leaf.path.segments().iter().enumerate().map(|(depth, segment)| match segment {
        Segment::Key(_) => segment.clone(),
        Segment::Index(index) => {
            let before = |(document, path): &&(usize, Path)| {
                *document == leaf.document
                    && path.len() == depth.saturating_add(1)
                    && path.first(depth) == leaf.path.first(depth)
                    && matches!(path.segments().last(), Some(Segment::Index(other)) if other < index)
            };
            Segment::Index(index.saturating_sub(skipped.iter().filter(before).count()))
        }
    });
    Path::new(segments.collect())
}

/// Hands out the kept ciphertexts, each once: a repeated one would show that two values are equal.
pub(in crate::sops) struct Reuse<'a> {
    keep: &'a Keep,
    values: Vec<bool>,
    comments: Vec<bool>,
    /// The data that comments of the new text can be authenticated with, for each document.
    places: HashSet<(usize, String)>,
    /// Whether nothing is handed out: a new data key opens no old ciphertext.
    fresh: bool,
}

impl<'a> Reuse<'a> {
    /// Begins with nothing handed out, for a new text.
    pub(in crate::sops) fn new(keep: &'a Keep, parsed: &Parsed) -> Self {
        let paths = parsed.leaves.iter().map(|leaf| (leaf.document, &leaf.path));
        let parents = parsed.comments.iter().map(|comment| (comment.document, &comment.parent));
        let prefixes = |(document, path): (usize, &Path)| {
            (0..=path.len()).map(|count| (document, path.first(count).authenticated())).collect::<Vec<_>>()
        };
        let places = if keep.comments.iter().any(|comment| comment.authenticated.is_some()) {
            paths.chain(parents).flat_map(prefixes).collect()
        } else {
            HashSet::new()
        };
        let (values, comments) = (vec![false; keep.values.len()], vec![false; keep.comments.len()]);
        Self { keep, values, comments, places, fresh: false }
    }

    /// Hands out only the styles.
    pub(in crate::sops) fn fresh(keep: &'a Keep) -> Self {
        Self { keep, values: Vec::new(), comments: Vec::new(), places: HashSet::new(), fresh: true }
    }

    /// Takes the file's text of an unchanged value at its place.
    pub(in crate::sops) fn unchanged(&mut self, leaf: &Leaf) -> Option<String> {
        let kept = |kept: &Kept| kept.document == leaf.document && kept.path == leaf.path && kept.value == leaf.value;
        let index = self.keep.values.iter().position(|one| !self.fresh && !one.sealed.is_empty() && kept(one))?;
        *self.values.get_mut(index)? = true;
        self.keep.values.get(index).map(|kept| kept.written.clone())
    }

    /// Takes the ciphertext of an equal value with the same authentication, such as an item of a list that moved.
    pub(in crate::sops) fn moved(&mut self, leaf: &Leaf) -> Option<String> {
        let authenticated = leaf.path.authenticated();
        let fits = |(index, kept): &(usize, &Kept)| {
            self.values.get(*index) == Some(&false)
                && !kept.sealed.is_empty()
                && kept.value == leaf.value
                && kept.path.authenticated() == authenticated
        };
        let (index, kept) = self.keep.values.iter().enumerate().find(fits)?;
        *self.values.get_mut(index)? = true;
        Some(kept.sealed.clone())
    }

    /// Takes the file's text of a comment.
    pub(in crate::sops) fn comment(&mut self, document: usize, text: &Secret) -> Option<String> {
        let fits = |(index, kept): &(usize, &KeptComment)| {
            let opens = |authenticated: &String| self.places.contains(&(document, authenticated.clone()));
            self.comments.get(*index) == Some(&false)
                && kept.document == document
                && kept.text == *text
                && kept.authenticated.as_ref().is_none_or(opens)
        };
        let (index, kept) = self.keep.comments.iter().enumerate().find(fits)?;
        *self.comments.get_mut(index)? = true;
        Some(kept.written.clone())
    }

    /// Chooses the quotes of a new ciphertext: those of the old value there, else those of its neighbours, else none.
    pub(in crate::sops) fn style(&self, leaf: &Leaf) -> Style {
        let sealed = || self.keep.values.iter().filter(|kept| !kept.sealed.is_empty() && kept.in_flow == leaf.in_flow);
        let there = self.keep.at(leaf.document, &leaf.path).filter(|kept| !kept.sealed.is_empty());
        let parent = leaf.path.parent();
        let beside = || sealed().find(|kept| kept.document == leaf.document && kept.path.parent() == parent);
        match there.or_else(beside).or_else(|| sealed().next()).map(|kept| kept.style) {
            Some(style @ (Style::Single | Style::Double)) => style,
            _ => Style::Plain,
        }
    }
}
