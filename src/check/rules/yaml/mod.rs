//! YAML itself. One file a rule.

mod flux_forms;
mod kubernetes;
mod schema;
mod validation;

use crate::check::Rule;

rules! { api_version, served, unknown_field, invalid_value, duplicate_entry, data_key, surprise }
