//! What a rule is.

use super::{Context, File, Finding, ListedFile, World};

/// Says what a rule looks at.
#[derive(Clone, Copy)]
pub(super) enum RuleInput {
    /// One file at a time.
    File(fn(&File, &Context<'_>, &mut Vec<Finding>)),
    /// All files that are looked at, each with what others say of it.
    Files(fn(&[ListedFile], &Context<'_>, &mut Vec<Finding>)),
    /// The repository as a whole.
    Repository(fn(&Context<'_>, &mut Vec<Finding>)),
    /// What an environment renders to.
    World(fn(&World<'_>, &mut Vec<Finding>)),
}

/// Describes a rule.
pub struct Rule {
    /// Its name, as `--rule` and `fluxdeck:ignore` take it.
    pub id: &'static str,
    /// What it looks for, in one sentence.
    pub about: &'static str,
    pub(super) look: RuleInput,
}
