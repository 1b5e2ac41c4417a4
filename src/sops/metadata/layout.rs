//! The three layouts in which versions of sops write the `sops` block, and recognizing that of a block.

use super::node::Node;
use super::{KeyGroup, OTHER_KINDS};
use crate::sops::keys::recipients::Wrapped;
use crate::sops::rules::RuleKind;

/// Names the order in which a version of sops writes a block, and whether it writes empty lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sops) enum Layout {
    /// Up to 3.9: an order of its own, and an empty list for each absent kind of key.
    WithEmpty,
    /// 3.10 to 3.12: the same order without empty lists.
    Ordered,
    /// Since 3.13: sorted at every level.
    Sorted,
}

impl Layout {
    /// Recognizes the layout from the names of a block's fields in their order, from an empty list among them, and from
    /// an entry of `age`: with some rules the names are sorted in every layout.
    pub(super) fn from_names(names: &[&str], empty: bool, root: &Node) -> Self {
        let grouped = root.get("key_groups").map(Node::items).unwrap_or_default();
        let lists = root.get("age").into_iter().chain(grouped.iter().filter_map(|group| group.get("age")));
        let entry = lists.flat_map(Node::items).next().and_then(|entry| entry.members().first());
        if empty {
            Self::WithEmpty
        } else if names.is_sorted() && entry.is_none_or(|(first, _)| first == "enc") {
            Self::Sorted
        } else {
            Self::Ordered
        }
    }

    /// Returns the rank of a field; unknown fields come last.
    fn rank(self, name: &str) -> (usize, String) {
        if self == Self::Sorted {
            return (0, name.to_owned());
        }
        let before = ["shamir_threshold", "key_groups"];
        let keys = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age", "lastmodified", "mac", "pgp"];
        let rules = RuleKind::ALL.map(RuleKind::key);
        let order = before.iter().chain(&keys).chain(&rules).chain(&["mac_only_encrypted", "version"]);
        let place = order.copied().position(|known| known == name).unwrap_or(usize::MAX);
        (place, name.to_owned())
    }

    /// Sorts fields in the layout's order.
    pub(super) fn sort(self, members: &mut [(String, Node)]) {
        members.sort_by_key(|(name, _)| self.rank(name));
    }

    /// Tells whether one field comes before another.
    pub(super) fn is_before(self, one: &str, other: &str) -> bool {
        self.rank(one) < self.rank(other)
    }

    /// Returns the entries of age recipients.
    pub(super) fn entries(self, wrapped: &[Wrapped]) -> Node {
        let entry = |one: &Wrapped| {
            let mut members =
                vec![("recipient".to_owned(), Node::text(&one.recipient)), ("enc".to_owned(), Node::text(&one.armor))];
            if self == Self::Sorted {
                members.reverse();
            }
            Node::Map(members)
        };
        Node::List(wrapped.iter().map(entry).collect())
    }

    /// Returns a group of several. All versions write its `hc_vault` and `age`, even empty ones.
    pub(super) fn group(self, group: &KeyGroup) -> Node {
        let mut members = group.others.clone();
        if !members.iter().any(|(kind, _)| kind == "hc_vault") {
            members.push(("hc_vault".to_owned(), Node::List(Vec::new())));
        }
        members.push(("age".to_owned(), self.entries(&group.age)));
        if self == Self::Sorted {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
        } else {
            // Among groups PGP comes first and age last.
            let last = |name: &str| OTHER_KINDS.iter().position(|kind| *kind == name).unwrap_or(usize::MAX);
            members.sort_by_key(|(name, _)| if name == "pgp" { 0 } else { last(name).saturating_add(1) });
        }
        Node::Map(members)
    }
}
