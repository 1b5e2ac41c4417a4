//! Editing: encrypting a plain text, changing an opened file and encrypting it again, and changing a file's keys.

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
