//! Work of several steps: it queries clusters, reads files, runs git, and waits in between.
//!
//! It is between the engine, which is pure, and its callers: the key of a screen and its headless twin call the same
//! function here with typed arguments. Its resources are parameters (`TaskContext`), and its writes need the guard's
//! permission (`Permit`).

mod age_entries;
pub mod age_key;
pub mod git;
pub mod live_secret;
pub mod new_key;
pub mod new_secret;
pub mod push;
pub mod reconcile;
pub mod secret;
pub mod secret_progress;
