//! `fluxdeck`: opens the cockpit.

use std::sync::Arc;

use clap::Args;

use super::Call;
use crate::model::Fault;
use crate::runtime::{Screen, Session, restore_on_panic, run as run_loop};
use crate::theme::Depth;

/// Flags of the cockpit.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Arguments {}

/// Opens the cockpit on the repository and the real clusters.
///
/// # Errors
/// Fails when a setting is wrong or there is no terminal.
pub fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    open(call, || call.session())
}

/// Opens the cockpit on a session.
pub(super) fn open(call: &Call, session: impl FnOnce() -> Result<Session, Fault>) -> Result<u8, Fault> {
    crate::runtime::harden();
    call.block_on(async move {
        let session = Arc::new(session()?);
        let app = call.app(&session, detect_depth())?;
        let terminal = |error: std::io::Error| {
            Fault::failed(
                "cannot open the screen",
                error.to_string(),
                "fluxdeck needs a terminal; its subcommands do not",
            )
        };
        restore_on_panic();
        let mut screen = Screen::enter().map_err(terminal)?;
        let ended = run_loop(app, &mut screen, session).await;
        drop(screen);
        ended.map_err(terminal).map(|()| 0)
    })
}

/// Finds how many colours the terminal shows.
pub(super) fn detect_depth() -> Depth {
    let value = |name: &str| std::env::var(name).ok();
    Depth::detect(value("NO_COLOR").as_deref(), value("COLORTERM").as_deref(), value("TERM").as_deref())
}
