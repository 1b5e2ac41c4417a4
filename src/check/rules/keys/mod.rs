//! Who opens what, and what fluxdeck itself is told. One file a rule.

use crate::check::Rule;

rules! { sops_unused, closed, settings }
