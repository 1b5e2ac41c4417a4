//! The members of one object with their bytes, as neighbours for new ones.

use std::ops::Range;

use super::read::Reader;

/// Holds the place of a member of an object.
pub(in crate::sops) struct Member {
    pub(in crate::sops) name: String,
    /// The bytes of its name with the quotes.
    pub(in crate::sops) key: Range<usize>,
    /// The bytes of its value.
    pub(in crate::sops) value: Range<usize>,
}

/// Returns the members of the object at a position; `None` if there is none.
pub(in crate::sops) fn members(text: &str, position: usize) -> Option<Vec<Member>> {
    Reader::new(text, position).object_members().ok()
}
