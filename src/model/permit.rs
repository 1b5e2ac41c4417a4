//! The guard's permission to write: every change of a cluster or a file of the repository takes one, so that none can
//! bypass the guard.

/// Proves that the guard let a write pass.
///
/// Only `grant` can create it, and only `app::guard` may name that: `tests/suite/architecture.rs` enforces this for
/// every module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(());

/// Creates the permission to write; for the guard alone.
pub(crate) fn grant() -> Permit {
    Permit(())
}
