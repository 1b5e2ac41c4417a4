//! Live objects that nobody declared: neither Git, nor Helm, nor an operator explains them.
//!
//! ```text
//! read     lists what is live, side by side: metadata alone, and the objects of Flux whole
//! facts    what Flux, Helm and the programs of the cluster are known to have made
//! claims   the knowledge of what systems make by themselves, one line each with its source
//! judge    an object that no claim holds is an orphan; the reason that is told for it
//! ```

mod claims;
mod facts;
mod judge;
mod read;
#[cfg(test)]
mod tests;

pub use judge::{LiveState, Orphan, orphans};
pub use read::{FoundOrphans, Unlisted, find};
