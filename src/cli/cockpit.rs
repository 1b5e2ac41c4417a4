//! `fluxdeck`: opens the cockpit.

use std::sync::Arc;

use clap::Args;

use super::Call;
use crate::app::{App, Facts};
use crate::kinds;
use crate::model::{Fault, FaultKind};
use crate::runtime::{FirstScreen, Screen, Session, restore_on_panic, run as run_loop};
use crate::theme::Depth;

// Flags of the cockpit.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// Begin there: a list such as `pods`, or an object such as Kustomization/flux-system/apps
    #[arg(long, value_name = "KIND[/NAMESPACE/NAME]")]
    open: Option<String>,
}

/// Opens the cockpit on the repository and the real clusters.
///
/// # Errors
/// Fails when a setting is wrong or there is no terminal.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    open(
        call,
        |app, _| arguments.open.as_deref().map(|place| screen_at(&app.facts, place)).transpose(),
        || call.session_for_screen(),
    )
}

/// Opens the cockpit on a session, at a given screen where there is one.
pub(super) fn open(
    call: &Call,
    start: impl FnOnce(&App, &Session) -> Result<Option<FirstScreen>, Fault>,
    session: impl FnOnce() -> Result<Session, Fault>,
) -> Result<u8, Fault> {
    crate::runtime::log_as_asked()?;
    call.block_on(async move {
        let session = Arc::new(session()?);
        session.begin_list();
        let mut app = call.app(&session, detect_depth())?;
        if let Some(screen) = start(&app, &session)? {
            app.start_with(screen.view(&app.facts).map_err(usage)?);
        }
        let terminal = |error: std::io::Error| {
            Fault::failed(
                "cannot open the screen",
                error.to_string(),
                "fluxdeck needs a terminal; its subcommands do not",
            )
        };
        let leftovers = Arc::clone(&call.leftovers);
        restore_on_panic();
        let mut screen = Screen::enter().map_err(terminal)?;
        let ended = run_loop(app, &mut screen, session, leftovers).await;
        drop(screen);
        ended.map_err(terminal).map(|()| 0)
    })
}

/// Finds the screen of a place in the environment shown first.
fn screen_at(facts: &Facts, place: &str) -> Result<FirstScreen, Fault> {
    let env = facts.focused;
    if !place.contains('/') {
        let kind = kinds::find(place).ok_or_else(|| usage(format!("no list is called {place}")))?;
        return Ok(FirstScreen::List(env, kind));
    }
    Ok(FirstScreen::Object(env, kinds::complete(place.parse().map_err(usage)?)))
}

fn usage(why: String) -> Fault {
    Fault::new(FaultKind::Usage, "cannot begin there", why, "name a list such as pods, or KIND/NAMESPACE/NAME")
}

/// Detects how many colours the terminal shows.
pub(super) fn detect_depth() -> Depth {
    let value = |name: &str| std::env::var(name).ok();
    Depth::detect(value("NO_COLOR").as_deref(), value("COLORTERM").as_deref(), value("TERM").as_deref())
}
