//! The settings of user and repository, each with its origin.
//!
//! Four sources are merged: `.fluxdeck.toml` in the repository (shared), `$XDG_CONFIG_HOME/fluxdeck/config.toml`
//! (personal), environment variables, flags. The later wins, with two exceptions. Guards only add up: any source may
//! protect an environment or make everything read-only, and only an explicit flag removes protection, except that of an
//! only environment, which the user's own settings may remove too. And the repository's file, which others write, never
//! names commands or keys, and a context that only it names is not trusted before the user agreed.

mod agreements;
mod checks;
mod environments;
mod file;
mod layer;
mod own;
mod protection;
mod settings;
mod variables;
mod words;

#[cfg(test)]
mod tests;

pub use agreements::{AGREEMENTS, Agreement};
pub use checks::{Checks, checks};
pub use environments::{Environments, environments};
pub use layer::{EnvSettings, SettingOrigin, Sourced};
pub use settings::{Flags, SHARED, Settings, SharedSettings, shared};
