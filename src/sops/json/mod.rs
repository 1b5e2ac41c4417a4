//! The JSON store: text to values with their spans, and values to text. sops requires an object at the top.

mod members;
mod read;
mod scan;
mod structure;
mod write;

pub(super) use members::{Member, members};
pub(super) use read::read;
pub(super) use structure::{add, rename};
pub(super) use write::{plain, quoted, typed_like};
