//! The guard's leave to write: whatever changes a cluster or a file of the repository takes one, so that no way there leads past the guard.

/// Proves that the guard let a write pass.
///
/// It can be made by `grant` alone, which only `app::guard` may name: `tests/suite/architecture.rs` holds every module to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(());

/// Makes the leave to write; for the guard alone.
pub(crate) fn grant() -> Permit {
    Permit(())
}
