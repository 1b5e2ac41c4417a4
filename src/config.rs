//! User and repository settings, each with the source that it came from.
