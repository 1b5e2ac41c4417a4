//! YAML itself. One file a rule.

mod api_version;
mod data_key;
mod schema;
mod served;
mod surprise;
mod unknown_field;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] =
    &[api_version::RULE, served::RULE, unknown_field::RULE, data_key::RULE, surprise::RULE];
