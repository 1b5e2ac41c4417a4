//! The YAML store: text to values with their spans, and scalars to text.

mod read;
mod resolve;
mod timestamp;
mod write;

pub(super) use read::read;
pub(super) use write::{ciphertext, plain, replacement, typed_like};
