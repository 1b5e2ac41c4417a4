//! The YAML store: text to values with their spans, and scalars to text.

mod extent;
mod read;
mod resolve;
mod structure;
mod timestamp;
mod write;

pub(super) use read::read;
pub(super) use structure::{add, remove, rename};
pub(super) use write::{ciphertext, plain, quoted, replacement, text, typed_like};
