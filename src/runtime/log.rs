//! The log of fluxdeck's own actions, for reporting a defect: off by default, and never on the screen.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::journal::state_folder;
use crate::model::{Fault, FaultKind, Shown};

/// The variable that turns it on: error, warn, info, debug or trace.
pub const VARIABLE: &str = "FLUXDECK_LOG";

/// Writes text into a file that is safe to view in a terminal: events quote foreign names.
struct Visible<W>(W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Each event is a single write.
        self.0.write_all(Shown::lines(&String::from_utf8_lossy(bytes)).as_str().as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Starts to log fluxdeck's actions to `$XDG_STATE_HOME/fluxdeck/fluxdeck.log`, if `FLUXDECK_LOG` names a level;
/// returns the path.
///
/// Only events of fluxdeck's own are written, never those of libraries: these may quote a server's answer, and that may
/// be a Secret. The file is overwritten at each start and only its owner can read it.
///
/// # Errors
/// Fails if the level is unknown or the file cannot be written.
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
        .and_then(|()| crate::files::append(&path))
        .and_then(|file| file.set_len(0).map(|()| file))
        .map_err(|error| {
            Fault::failed("cannot write the log", error.to_string(), format!("look at {}", path.display()))
        })?;
    let layer = fmt::layer().with_ansi(false).with_target(false).with_writer(Mutex::new(Visible(file)));
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    // A second call in one process keeps the first log.
    let _already = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    #[test]
    fn the_log_steers_no_terminal() {
        let mut log = super::Visible(Vec::new());
        log.write_all("2026 INFO a\u{1b}[2J\u{202e}b\n".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(log.0).unwrap(), "2026 INFO a\\u{1b}[2J\\u{202e}b\n");
    }
}
