//! The INI store as sops's `stores/ini` and the library below it (`gopkg.in/ini.v1`) read it: sections, keys, and
//! comments above them.
//!
//! Content before the first section belongs to a section `DEFAULT`. A comment belongs to the section of the following
//! entry, and several lines of it are one comment. Text that the library would silently cut or join (`a # b`, a
//! backslash at the end) is refused.

mod read;
mod value;

pub(super) use read::read;
pub(super) use value::plain;
