//! `fluxdeck man`: manual pages, generated from the command line itself.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::Call;
use super::out::{self, Raw};
use crate::model::{Fault, FaultKind};

// Flags of `man`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The subcommand to tell of, such as `secret set`; all of fluxdeck without one
    words: Vec<String>,
    /// Write every page into this folder, as fluxdeck.1, fluxdeck-secret-set.1 and so on
    #[arg(long, value_name = "FOLDER", conflicts_with = "words")]
    dir: Option<PathBuf>,
}

/// Prints a page, or writes all pages.
///
/// # Errors
/// Fails when there is no such subcommand, or a page cannot be written.
pub(super) fn run(arguments: Arguments, _call: &Call) -> Result<u8, Fault> {
    let mut whole = super::Arguments::command().disable_help_subcommand(true);
    // Building gives every subcommand its full name and the global flags.
    whole.build();
    if let Some(folder) = arguments.dir {
        write_all(&whole, &folder)?;
        return Ok(0);
    }
    let mut command = &whole;
    for word in &arguments.words {
        command = command.find_subcommand(word).ok_or_else(|| no_such(command, word))?;
    }
    out::write_raw(&Raw::Ours(page(command)?))?;
    Ok(0)
}

fn page(command: &Command) -> Result<String, Fault> {
    let mut roff = Vec::new();
    Man::new(command.clone())
        .title(title(command))
        .manual("fluxdeck")
        .render(&mut roff)
        .map_err(|error| Fault::failed("cannot make the page", error.to_string(), "this is a defect of fluxdeck"))?;
    Ok(String::from_utf8_lossy(&roff).into_owned())
}

/// Returns the name of a page as `man` looks for it: `fluxdeck-secret-set`.
fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn write_all(command: &Command, folder: &Path) -> Result<(), Fault> {
    let path = folder.join(format!("{}.1", title(command)));
    let lost = |error: std::io::Error| {
        let what = format!("cannot write {}", path.display());
        Fault::failed(what, error.to_string(), "name a folder that you may write into")
    };
    std::fs::create_dir_all(folder).map_err(lost)?;
    std::fs::write(&path, page(command)?).map_err(lost)?;
    command.get_subcommands().try_for_each(|inner| write_all(inner, folder))
}

fn no_such(command: &Command, word: &str) -> Fault {
    let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let why = match known.as_slice() {
        [] => format!("{} has no subcommands", command.get_name()),
        known => format!("there are: {}", known.join(", ")),
    };
    Fault::new(FaultKind::Usage, format!("no subcommand is called {word}"), why, "`fluxdeck --help` lists them")
}
