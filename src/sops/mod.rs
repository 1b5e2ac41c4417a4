//! The SOPS format: reading, decrypting, editing in place and saving encrypted files, compatible with sops 3.9 and
//! later.
//!
//! A store (`yaml`, `json`, `dotenv`, `ini`; `binary` is one value in JSON) reads a text into `parsed` values with
//! their places. Everything else uses those: `rules` select the encrypted ones, `recipients` and `identities` give the
//! data key, `cipher` opens each value, `mac` verifies all of them. [`Opened`] then holds the values in memory; saving
//! replaces the spans of changed values only, so that a diff shows only the change. `create` encrypts a new text the
//! same way.
//!

mod atomic;
mod binary;
mod cipher;
mod config;
mod dotenv;
mod edit;
mod error;
mod exposed;
mod file;
mod flux;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod hazards;
mod hidden;
mod ini;
mod inspect;
mod json;
mod keys;
mod lines;
mod mac;
mod marks;
mod merged;
mod metadata;
mod parsed;
mod password;
mod path;
mod rules;
mod scrub;
mod sniff;
mod unlock;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub use atomic::write_atomically;
pub use binary::create_binary;
pub use config::{Config, ConfigWarning, CreationRule, RefusedRule};
pub use edit::changed::changed_by_sealing;
pub use edit::create::{NewFile, create};
pub use edit::draft::{Changed, ValueChange};
pub use edit::entry::Entry;
pub use edit::opened::Opened;
pub use error::SopsError;
pub use exposed::{Divergence, Exposed};
pub use file::{DocumentHead, SopsFile};
pub use flux::{decrypt_object, decrypt_source, is_marked, marked_format, source_format};
pub use format::Format;
pub use hazards::Hazard;
pub use keys::identities::{Identities, KeyKind, Opener, generate};
pub use keys::plugins::{agree_to_plugins, unagreed_plugin};
pub use keys::prompts::{Asker, Prompts, SecretPrompt};
pub use keys::recipients::Wrapped;
pub use keys::sources::{IdentitySources, KeySources};
pub use metadata::{KeyGroup, Metadata};
pub use password::{LETTERS, password, password_of, random_key};
pub use path::{Path, Segment};
pub use rules::RuleKind;
pub use sniff::sniff;
pub use unlock::{LARGEST, Locked, Unlocked, save, unlock};
pub use value::ValueType;
