//! The type of a rule.

use super::{Context, File, Finding, ListedFile, World};

/// Names the input of a rule, with its check.
#[derive(Clone, Copy)]
pub(super) enum RuleInput {
    /// One file at a time.
    File(fn(&File, &Context<'_>, &mut Vec<Finding>)),
    /// All files that are checked, for faults that show only between files.
    Files(fn(&[ListedFile], &Context<'_>, &mut Vec<Finding>)),
    /// The repository as a whole.
    Repository(fn(&Context<'_>, &mut Vec<Finding>)),
    /// A rendered environment.
    World(fn(&World<'_>, &mut Vec<Finding>)),
}

/// Describes a rule.
pub struct Rule {
    /// The name, as `--rule` and `fluxdeck:ignore` take it.
    pub id: &'static str,
    /// The fault that the rule looks for, in one sentence.
    pub about: &'static str,
    pub(super) check: RuleInput,
}
