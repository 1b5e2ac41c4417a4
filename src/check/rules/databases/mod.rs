//! Databases of CloudNativePG. One file a rule.

use crate::check::Rule;

rules! { cluster, owner, backup, retention, restore, empty, schedule }
