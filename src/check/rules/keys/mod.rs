//! Who opens what. One file a rule.

use crate::check::Rule;

rules! { sops_unused, closed }
