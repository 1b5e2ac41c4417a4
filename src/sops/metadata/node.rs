//! The content of a `sops` block without the form of its format: names, lists and single values.

use crate::sops::parsed::Parsed;
use crate::sops::path::Segment;
use crate::sops::value::ValueType;

/// The longest list of a block; the flat formats name positions, and a large number would create a large list.
const LONGEST: usize = 10_000;

/// Holds one part of a block. Nothing in it is secret: data keys are wrapped and the MAC is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sops) enum Node {
    /// Names and their values, in the order of the file.
    Map(Vec<(String, Node)>),
    /// A list.
    List(Vec<Node>),
    /// A single value as it is displayed (`true`, not `True`), and its type.
    Scalar(ValueType, String),
}

impl Node {
    /// Builds a text.
    pub(super) fn text(text: &str) -> Self {
        Self::Scalar(ValueType::Text, text.to_owned())
    }

    /// Returns the text of a single value.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(kind, text) if *kind != ValueType::Null => Some(text),
            _ => None,
        }
    }

    /// Returns the members of a map.
    pub(super) fn members(&self) -> &[(String, Node)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    /// Returns the items of a list.
    pub(super) fn items(&self) -> &[Node] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Finds a member of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Reads the block of the first document; every other has a copy of it.
    pub(super) fn read(parsed: &Parsed) -> Self {
        let mut root = Self::Map(Vec::new());
        for leaf in parsed.metadata.iter().filter(|leaf| leaf.document == 0) {
            let path = leaf.path.segments().get(1..).unwrap_or_default();
            root.put(path, Self::Scalar(leaf.value.kind, leaf.value.display().expose().to_owned()));
        }
        root
    }

    fn put(&mut self, path: &[Segment], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        match first {
            Segment::Key(name) => {
                if !matches!(self, Self::Map(_)) {
                    *self = Self::Map(Vec::new());
                }
                let Self::Map(members) = self else { return };
                if let Some((_, found)) = members.iter_mut().find(|(key, _)| key == name) {
                    return found.put(rest, node);
                }
                let mut child = Self::Map(Vec::new());
                child.put(rest, node);
                members.push((name.clone(), child));
            }
            Segment::Index(index) if *index < LONGEST => {
                if !matches!(self, Self::List(_)) {
                    *self = Self::List(Vec::new());
                }
                let Self::List(items) = self else { return };
                if items.len() <= *index {
                    items.resize(index.saturating_add(1), Self::Map(Vec::new()));
                }
                if let Some(item) = items.get_mut(*index) {
                    item.put(rest, node);
                }
            }
            Segment::Index(_) => {}
        }
    }

    /// Returns the single values with their names joined as sops flattens them (`age__list_0__map_enc`), for dotenv and
    /// INI. An empty node has none.
    pub(super) fn flat(&self) -> Vec<(String, String)> {
        let mut flat = Vec::new();
        for (name, node) in self.members() {
            node.flatten(name, &mut flat);
        }
        flat
    }

    fn flatten(&self, name: &str, flat: &mut Vec<(String, String)>) {
        match self {
            Self::Map(members) => {
                for (key, node) in members {
                    node.flatten(&format!("{name}__map_{key}"), flat);
                }
            }
            Self::List(items) => {
                for (index, node) in items.iter().enumerate() {
                    node.flatten(&format!("{name}__list_{index}"), flat);
                }
            }
            Self::Scalar(ValueType::Null, _) => {}
            Self::Scalar(_, text) => flat.push((name.to_owned(), text.clone())),
        }
    }
}

/// Splits a flat name into its steps; `None` if a position is no number.
pub(in crate::sops) fn unflatten(name: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let (mut rest, mut position) = (name, false);
    loop {
        let next = [("__map_", false), ("__list_", true)]
            .into_iter()
            .filter_map(|(mark, list)| rest.find(mark).map(|at| (at, mark, list)))
            .min_by_key(|(at, ..)| *at);
        let word = next.map_or(Some(rest), |(at, ..)| rest.get(..at))?;
        segments.push(if position { Segment::Index(word.parse().ok()?) } else { Segment::Key(word.to_owned()) });
        let Some((at, mark, list)) = next else { return Some(segments) };
        rest = rest.get(at.saturating_add(mark.len())..)?;
        position = list;
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, unflatten};

    #[test]
    fn a_flat_name_is_split_as_sops_splits_it() {
        let key = |text: &str| Segment::Key(text.to_owned());
        assert_eq!(unflatten("age__list_0__map_enc"), Some(vec![key("age"), Segment::Index(0), key("enc")]));
        assert_eq!(unflatten("mac"), Some(vec![key("mac")]));
        assert_eq!(unflatten("age__list_x"), None);
    }
}
