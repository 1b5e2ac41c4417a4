//! Databases of CloudNativePG. One file a rule.

mod backup;
mod cluster;
mod empty;
mod owner;
mod restore;
mod retention;
mod schedule;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] =
    &[cluster::RULE, owner::RULE, backup::RULE, retention::RULE, restore::RULE, empty::RULE, schedule::RULE];
