//! `fluxdeck files`: every file that each Flux Kustomization reads.

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::model::{Fault, FaultKind};

/// Flags of `files`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this Kustomization
    #[arg(long, short = 'k', value_name = "NAME")]
    kustomization: Option<String>,
}

/// What one Kustomization reads.
#[derive(Serialize)]
struct Row<'a> {
    env: &'a str,
    kustomization: &'a str,
    files: Vec<&'a str>,
}

/// Lists the files by environment and Kustomization.
///
/// # Errors
/// Fails when there is no repository, or no Kustomization of the name.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let mut rows: Vec<Row<'_>> = snapshot
        .feeds
        .iter()
        .filter(|feed| call.global.env.as_ref().is_none_or(|env| *env == feed.env))
        .filter(|feed| arguments.kustomization.as_ref().is_none_or(|name| *name == feed.name))
        .map(|feed| Row {
            env: &feed.env,
            kustomization: &feed.name,
            files: feed.files.keys().map(String::as_str).collect(),
        })
        .collect();
    rows.sort_by_key(|row| (row.env, row.kustomization));
    known(arguments.kustomization.as_deref(), rows.is_empty())?;
    call.print(&rows, |rows| {
        rows.iter()
            .flat_map(|row| row.files.iter().map(|file| format!("{}/{}  {file}\n", row.env, row.kustomization)))
            .collect()
    })?;
    Ok(0)
}

/// Refuses the name of a Kustomization that there is none of.
pub(super) fn known(name: Option<&str>, is_empty: bool) -> Result<(), Fault> {
    match name.filter(|_| is_empty) {
        None => Ok(()),
        Some(name) => Err(Fault::new(
            FaultKind::Usage,
            format!("no Kustomization is called {name}"),
            "the repository declares none of the name there",
            "`fluxdeck kustomizations` lists them",
        )),
    }
}
