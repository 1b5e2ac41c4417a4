//! HelmReleases. One file a rule.

mod remediation;
mod unpinned;
mod values_from;
mod versions;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[unpinned::RULE, remediation::RULE, values_from::RULE, versions::RULE];
