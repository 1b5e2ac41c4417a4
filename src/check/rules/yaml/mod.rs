//! YAML itself. One file a rule.

mod api_version;
mod surprise;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[api_version::RULE, surprise::RULE];
