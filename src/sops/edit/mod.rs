//! Editing: a plain text that becomes an encrypted file, a file that is opened, changed and sealed again, and one whose keys are changed.

pub(in crate::sops) mod changed;
pub(in crate::sops) mod create;
pub(in crate::sops) mod draft;
pub(in crate::sops) mod entry;
pub(in crate::sops) mod keep;
pub(in crate::sops) mod opened;
pub(in crate::sops) mod patch;
pub(in crate::sops) mod plaintext;
pub(in crate::sops) mod rekey;
pub(in crate::sops) mod saving;
pub(in crate::sops) mod seal;
