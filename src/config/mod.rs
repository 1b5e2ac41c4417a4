//! User and repository settings, each with the source that it came from.
//!
//! Four sources are laid over each other: `.fluxdeck.toml` in the repository (shared), `$XDG_CONFIG_HOME/fluxdeck/config.toml`
//! (personal), environment variables, flags. The later wins, with two exceptions. What guards only ever adds up: any source may protect an
//! environment or make everything read-only, and only an explicit flag takes protection away, but for that of an only environment, which the
//! operator's own settings may take away too. And the repository's file, which others write, never names commands or keys, and a context
//! that it alone names is not trusted before the operator agreed.

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
