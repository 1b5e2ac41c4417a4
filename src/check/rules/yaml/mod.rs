//! YAML itself. One file a rule.

mod schema;

use crate::check::Rule;

rules! { api_version, served, unknown_field, data_key, surprise }
