//! Alerts and monitors. One file a rule.

mod alert_misses;
mod alert_sources;
mod selects;

use crate::check::Rule;

/// The rules.
pub(in crate::check) const RULES: &[Rule] = &[selects::RULE, alert_sources::RULE, alert_misses::RULE];
