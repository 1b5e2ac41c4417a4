//! Files with secrets: opening and changing them, saving, and changing for whom they are encrypted.

pub mod document;
pub mod rekey;
pub mod saving;
