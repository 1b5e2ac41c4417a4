//! `fluxdeck kustomizations`: the Flux Kustomizations that the repository declares.

use clap::Args;

use super::Call;
use super::call::columns;
use crate::model::Fault;
use crate::repo::FluxKustomization;

// Flags of `kustomizations`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Lists the Kustomizations of the repository, by environment and name.
///
/// # Errors
/// Fails when there is no repository.
pub(super) fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::effective(call)?;
    let wanted = |one: &&FluxKustomization| call.global.env.as_ref().is_none_or(|env| *env == one.env);
    let found: Vec<&FluxKustomization> = snapshot.kustomizations.iter().filter(wanted).collect();
    call.print(&found, |found| {
        let mut rows = vec![["ENV", "NAME", "PATH", "DEPENDS ON", "INTERVAL", "FILE"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            let depends: Vec<String> = one.depends_on.iter().map(ToString::to_string).collect();
            vec![
                one.env.clone(),
                snapshot.shown(&one.env, &one.namespace, &one.name),
                place(one),
                if depends.is_empty() { "-".to_owned() } else { depends.join(",") },
                one.interval.clone().unwrap_or_else(|| "-".to_owned()),
                one.file.clone(),
            ]
        }));
        columns(&rows)
    })?;
    Ok(0)
}

/// Returns the source of a Kustomization: a folder of this repository, or a source elsewhere.
fn place(one: &FluxKustomization) -> String {
    let path = if one.path.is_empty() { "." } else { &one.path };
    match &one.elsewhere {
        Some(elsewhere) => format!("{path} (elsewhere: {elsewhere})"),
        None => path.to_owned(),
    }
}
