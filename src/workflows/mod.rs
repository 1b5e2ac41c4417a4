//! Work that takes several steps: it asks clusters, reads files, runs git, and waits in between.
//!
//! It stands between the engine, which is pure, and who begins it: the key of a screen and its headless twin call the same function here with
//! typed arguments. What it may touch it is given (`TaskContext`), and what it writes takes the guard's leave (`Permit`).

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
