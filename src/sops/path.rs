//! The path of a value in a document, and its three spellings.

use std::fmt;

/// Names one step of a path: a key of a mapping or a position in a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A key of a mapping.
    Key(String),
    /// A position in a list, from zero.
    Index(usize),
}

/// Names the place of a value in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// Builds a path from its steps.
    pub fn new(segments: Vec<Segment>) -> Self {
        Self(segments)
    }

    /// Returns the steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the keys on the way, without positions, which SOPS ignores.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        })
    }

    /// Returns the path with one more step.
    pub fn child(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// Returns the path as a JSON Pointer (`/data/tls.crt`), which is never ambiguous.
    pub fn pointer(&self) -> String {
        self.0.iter().fold(String::new(), |mut pointer, segment| {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
            pointer
        })
    }

    /// Tells whether an operator's text names this path: a JSON Pointer if it begins with `/`, else dotted.
    pub fn is_named(&self, words: &str) -> bool {
        if words.starts_with('/') { self.pointer() == words } else { self.to_string() == words }
    }

    /// Returns the data that SOPS authenticates beside a value: the keys joined by `:`, and a final `:`. Positions in
    /// lists are left out and a `:` in a key is not escaped; sops's `sops.go` does both, and other readers rely on it.
    pub(super) fn authenticated(&self) -> String {
        let mut joined = self.keys().collect::<Vec<_>>().join(":");
        joined.push(':');
        joined
    }

    /// Returns the path without its last step; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_last().map(|(_, before)| Self(before.to_vec()))
    }

    /// Returns the last key, `None` at the top and for an item of a list.
    pub fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        }
    }

    /// Tells whether this path is another or is below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Reads an operator's text for a path that need not exist: a JSON Pointer, or dotted.
    pub fn parse(words: &str) -> Self {
        let key = |text: &str| Segment::Key(text.to_owned());
        Self(match words.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|part| key(&part.replace("~1", "/").replace("~0", "~"))).collect(),
            None => words.split('.').map(key).collect(),
        })
    }

    /// Returns the first steps, at most `count` of them.
    pub(super) fn first(&self, count: usize) -> Self {
        Self(self.0.iter().take(count).cloned().collect())
    }

    /// Returns the number of steps.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the path with its first `count` steps replaced by another path: that of an alias instead of its anchor.
    pub(super) fn rebased(&self, count: usize, onto: &Path) -> Self {
        Self(onto.0.iter().chain(self.0.iter().skip(count)).cloned().collect())
    }

    /// Tells whether the path consists of exactly these keys.
    pub(super) fn is_keys(&self, keys: &[&str]) -> bool {
        self.0.len() == keys.len() && self.keys().eq(keys.iter().copied())
    }
}

impl fmt::Display for Path {
    /// Writes the path dotted (`stringData.password`), as people write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => formatter.write_str(key)?,
                Segment::Index(index) => write!(formatter, "{index}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Segment};

    #[test]
    fn a_path_is_written_dotted_as_a_pointer_and_as_sops_authenticates_it() {
        let key = |text: &str| Segment::Key(text.to_owned());
        let path = Path::new(vec![key("stringData"), key("a/b~c"), Segment::Index(2), key("x:y")]);
        assert_eq!(path.to_string(), "stringData.a/b~c.2.x:y");
        assert_eq!(path.pointer(), "/stringData/a~1b~0c/2/x:y");
        assert_eq!(path.authenticated(), "stringData:a/b~c:x:y:");
        assert!(path.is_named("/stringData/a~1b~0c/2/x:y") && path.is_named("stringData.a/b~c.2.x:y"));
    }
}
