//! `fluxdeck snapshot`: a screen as text, text with colours or SVG, drawn once everything has settled.

use std::sync::Arc;

use clap::Args;

use super::Call;
use super::out::{self, Raw};
use crate::app::key::parse_keys;
use crate::model::{Fault, FaultKind, Shown};
use crate::runtime::{PictureFormat, picture};
use crate::theme::Depth;

// Flags of `snapshot`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// On the simulated clusters
    #[arg(long)]
    demo: bool,
    /// The scenario of the simulated clusters
    #[arg(long, requires = "demo", default_value = crate::cli::demo::DEFAULT_SCENARIO)]
    scenario: String,
    /// Keys to press first, such as jj<enter><ctrl-d>
    #[arg(long, default_value = "")]
    keys: String,
    /// The size in columns and rows
    #[arg(long, default_value = "120x36", value_name = "COLSxROWS")]
    size: String,
    /// The format
    #[arg(long, value_enum, default_value_t = PictureFormat::Text)]
    format: PictureFormat,
    /// Light ground, in SVG
    #[arg(long)]
    light: bool,
}

/// Draws a screen.
///
/// # Errors
/// Fails when the call is wrong or the screen does not settle.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let usage = |why: String, todo: &str| Fault::new(FaultKind::Usage, "cannot draw the snapshot", why, todo);
    let keys = parse_keys(&arguments.keys).map_err(|why| usage(why, "write keys as jj<enter><ctrl-d>"))?;
    let size = arguments
        .size
        .split_once('x')
        .and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)))
        .filter(|(columns, rows): &(u16, u16)| (20..=1000).contains(columns) && (5..=500).contains(rows))
        .ok_or_else(|| {
            usage(format!("`{}` is not a size", arguments.size), "write it as 120x36, from 20x5 to 1000x500")
        })?;
    let depth = match arguments.format {
        PictureFormat::Text => Depth::None,
        _ if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => Depth::None,
        _ => Depth::True,
    };
    let draw = async {
        let session = Arc::new(if arguments.demo {
            super::demo::session(&arguments.scenario, call, super::demo::snapshot_clock()?)?
        } else {
            // A snapshot only reads: a key that writes is refused, unless the call agrees to a write.
            let mut session = call.session_for_screen()?;
            session.read_only |= call.global.confirm.is_none();
            session
        });
        let mut app = call.app(&session, depth)?;
        let buffer = crate::runtime::snapshot(&mut app, session, &keys, size).await?;
        let drawn = picture(&buffer, arguments.format, arguments.light);
        match arguments.format {
            PictureFormat::Text => call.write(&Shown::lines(&drawn)),
            // Each cell was made harmless; the colour sequences are ours.
            PictureFormat::Ansi | PictureFormat::Svg => out::write_raw(&Raw::Ours(drawn)),
        }
    };
    if arguments.demo {
        // The simulation waits in virtual time, which advances at once when nothing else runs.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .map_err(|error| Fault::failed("cannot start", error.to_string(), "the system refuses threads"))?;
        runtime.block_on(draw)?;
    } else {
        call.block_on(draw)?;
    }
    Ok(0)
}
