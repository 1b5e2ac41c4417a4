//! `fluxdeck themes`: the available themes.

use clap::Args;

use super::Call;
use crate::model::Fault;

// Flags of `themes`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Lists the themes.
///
/// # Errors
/// Fails when standard output cannot be written.
pub fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let names: Vec<&str> = crate::theme::names().collect();
    call.print(&names, |names| names.join("\n"))?;
    Ok(0)
}
