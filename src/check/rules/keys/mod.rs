//! Keys, and the settings of fluxdeck itself. One file a rule.

use crate::check::Rule;

rules! { sops_unused, closed, settings }
