//! HelmReleases. One file a rule.

mod overridden_pin;
mod remediation;
mod unknown_value;
mod unpinned;
mod values_from;
mod versions;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] =
    &[unpinned::RULE, overridden_pin::RULE, remediation::RULE, values_from::RULE, unknown_value::RULE, versions::RULE];
