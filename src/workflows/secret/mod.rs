//! Files with secrets: opening and changing them, saving, and changing their recipients.

pub mod document;
pub mod rekey;
pub mod saving;
