//! Diagnosis of live faults: from what is not ready to its root causes, each with its evidence and its remedy.
//!
//! A cause is a pure function from a [`LiveGraph`] to [`Diagnosis`]es. What it asks for and what was not read yet, the
//! graph notes down; [`examine()`] reads it and asks all causes again, until nothing is missing. Whole objects, events
//! and logs are read only where a cause asks.

mod by_hand;
mod causes;
mod conclude;
mod diagnosis;
mod graph;
mod lacking;
mod links;
mod live;
pub(crate) mod message;
mod origin;
mod read;
mod rounds;
#[cfg(test)]
mod scale;
mod symptom;
#[cfg(test)]
mod testing;

pub use causes::{Cause, all};
pub use conclude::roots;
pub use diagnosis::{Diagnosis, Evidence, Examination, ManifestOrigin, Remedy};
pub use graph::{LiveGraph, Lookup};
pub use live::LiveObject;
pub use origin::join;
pub use read::{Gathered, examine, gather};
