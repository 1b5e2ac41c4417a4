//! Alerts and monitors. One file a rule.

use crate::check::Rule;

rules! { selects, alert_sources, alert_misses }
