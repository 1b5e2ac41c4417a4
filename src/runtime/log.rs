//! The log of what fluxdeck itself does, for reporting a defect: off unless asked for, and never on the screen.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::journal::state_folder;
use crate::model::{Fault, FaultKind};

/// The variable that turns it on: error, warn, info, debug or trace.
pub const VARIABLE: &str = "FLUXDECK_LOG";

/// Writes what fluxdeck does to `$XDG_STATE_HOME/fluxdeck/fluxdeck.log` from now on, if `FLUXDECK_LOG` names a level; returns the path.
///
/// Only events of fluxdeck's own are written, never those of libraries: these may quote what a server sent, and that may be a Secret. The
/// file is begun anew with each start and only its owner can read it.
///
/// # Errors
/// Fails when the level is unknown or the file cannot be written.
pub fn log_as_asked() -> Result<Option<PathBuf>, Fault> {
    let Some(level) = std::env::var(VARIABLE).ok().filter(|level| !level.is_empty()) else { return Ok(None) };
    let level: LevelFilter = level.parse().map_err(|_| {
        let why = format!("{VARIABLE} is `{level}`");
        Fault::new(FaultKind::Usage, "cannot write the log", why, "use error, warn, info, debug or trace")
    })?;
    let path = state_folder().unwrap_or_else(std::env::temp_dir).join("fluxdeck.log");
    let file = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path))
        .map_err(|error| {
            Fault::failed("cannot write the log", error.to_string(), format!("look at {}", path.display()))
        })?;
    let layer = fmt::layer().with_ansi(false).with_target(false).with_writer(Mutex::new(file));
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    // A second call in one process keeps the first log.
    let _already = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
    Ok(Some(path))
}
