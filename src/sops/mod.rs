//! The SOPS format: reading, decrypting, editing in place and saving encrypted files, compatible with sops 3.9 and later.
//!
//! A store (`yaml`, `json`, `dotenv`, `ini`; `binary` is one value in JSON) reads a text into `parsed` values that know where they are written.
//! Everything else works on those: `rules` say which are encrypted, `recipients` and `identities` give the data key, `cipher` opens
//! each value, `mac` vouches for all of them. [`Opened`] then holds the values in memory; saving replaces the spans of changed values
//! only, so that a diff shows what was changed and nothing else. `create` encrypts a new text the same way.
//!

mod atomic;
mod binary;
mod changed;
mod cipher;
mod config;
mod create;
mod dotenv;
mod draft;
mod error;
mod exposed;
mod expression;
mod file;
mod flux;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod hazards;
mod hidden;
mod identities;
mod ini;
mod inspect;
mod json;
mod keep;
mod lines;
mod locked;
mod mac;
mod marks;
mod merged;
mod metadata;
mod opened;
mod parsed;
mod password;
mod patch;
mod path;
mod plaintext;
mod plugin;
mod plugins;
mod post_quantum;
mod prompts;
mod recipients;
mod rekey;
mod rules;
mod scrub;
mod seal;
mod shamir;
mod sniff;
mod sources;
mod unlock;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub use atomic::write_atomically;
pub use binary::create_binary;
pub use changed::changed_by_sealing;
pub use config::{Config, ConfigWarning, CreationRule};
pub use create::{NewFile, create};
pub use draft::{Changed, ValueChange};
pub use error::SopsError;
pub use exposed::{Divergence, Exposed};
pub use file::{DocumentHead, SopsFile};
pub use flux::decrypt_object;
pub use format::Format;
pub use hazards::Hazard;
pub use identities::{Identities, KeyKind, Opener, generate};
pub use metadata::{KeyGroup, Metadata};
pub use opened::{Entry, Opened};
pub use password::{LETTERS, password, password_of, random_key};
pub use path::{Path, Segment};
pub use plugins::agree_to_plugins;
pub use prompts::{Asker, Prompts, SecretPrompt};
pub use recipients::Wrapped;
pub use rules::RuleKind;
pub use sniff::sniff;
pub use sources::{IdentitySources, KeySources};
pub use unlock::{LARGEST, Locked, Unlocked, save, unlock};
pub use value::ValueType;
