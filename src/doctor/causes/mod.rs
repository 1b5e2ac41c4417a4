//! The causes, one file each, in groups by subject. A new cause is its file and its name in the list of its group.

/// Declares the causes of a group, one file each: their modules, and the list. `.ci/format` formats it.
macro_rules! causes {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// The causes.
        pub(super) const CAUSES: &[Cause] = &[$($name::CAUSE),*];
    };
}

mod admission_webhooks;
mod elsewhere;
mod flux;
mod helm;
mod platform;
mod workloads;

use super::{Diagnosis, LiveGraph};

/// Describes a cause of faults, and recognises it.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// The id, as in `fluxdeck doctor -o json`: `sops-age-missing`.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Finds it in an environment.
    pub find: fn(&LiveGraph) -> Vec<Diagnosis>,
}

/// The causes of every group.
const GROUPS: &[&[Cause]] = &[flux::CAUSES, helm::CAUSES, workloads::CAUSES, platform::CAUSES];

/// Iterates over all causes.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    GROUPS.iter().copied().flatten()
}
