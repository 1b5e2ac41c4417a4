//! `fluxdeck keys`: every key and command, from the registry.

use clap::Args;
use serde::Serialize;

use super::Call;
use super::call::columns;
use crate::app::motion::MOTIONS;
use crate::commands::COMMANDS;
use crate::model::Fault;

// Flags of `keys`.
#[derive(Debug, Args)]
pub struct Arguments {}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
}

/// Lists keys and commands.
///
/// # Errors
/// Fails when standard output cannot be written.
pub fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let commands = COMMANDS.iter().map(|command| Row { id: command.id, title: command.title, keys: command.keys });
    let motions = MOTIONS.iter().map(|(_, id, keys, title)| Row { id, title, keys });
    let rows: Vec<Row> = commands.chain(motions).collect();
    call.print(&rows, |rows| {
        let cells: Vec<Vec<String>> =
            rows.iter().map(|row| vec![row.keys.join(" "), row.title.to_owned(), row.id.to_owned()]).collect();
        columns(&cells)
    })?;
    Ok(0)
}
