//! The rules, one file each, in groups by subject. A new rule is its file and its name in the list of its group.

/// Declares the rules of a group, one file each: their modules, and the list. `cargo fmt` does not format a macro;
/// `.ci/format` does.
macro_rules! rules {
    ($($name:ident),+ $(,)?) => {
        $(pub(in crate::check) mod $name;)+

        /// The rules.
        pub const RULES: &[Rule] = &[$($name::RULE),+];
    };
}

/// Declares the groups.
macro_rules! groups {
    ($($name:ident),+ $(,)?) => {
        $(pub(in crate::check) mod $name;)+

        /// The rules of every group.
        const GROUPS: &[&[Rule]] = &[$($name::RULES),+];
    };
}

use super::Rule;

groups! { secrets, keys, flux, kustomize, helm, references, databases, workloads, monitors, documents, yaml }

/// Iterates over all rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().copied().flatten()
}

/// Tells whether a rule is about secrets: the settings of a repository never silence those, because a commit that adds
/// a key could add the setting too.
pub(super) fn is_about_secrets(rule: &str) -> bool {
    secrets::RULES.iter().any(|known| known.id == rule)
}
