//! `fluxdeck secrets`: every secret of the repository, with a row for each environment that reads it.

use clap::Args;

use super::Call;
use super::call::columns;
use crate::model::Fault;
use crate::repo::secrets::{Sealing, SecretEntry, secrets};

// Flags of `secrets`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Lists the secrets by environment and file.
///
/// # Errors
/// Fails when there is no repository, or git does not list the files.
pub(super) fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository_of_any(&call.global)?;
    let mut found = secrets(&snapshot)?;
    found.retain(|entry| call.global.env.as_ref().is_none_or(|env| *env == entry.env));
    call.print(&found, |found| {
        let titles = ["ENV", "OBJECT", "KEYS", "RECIPIENTS", "", "LAST CHANGE", "FILE"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|entry| row(entry, &snapshot)));
        columns(&rows)
    })?;
    let is_nothing = snapshot.environments.is_empty();
    if is_nothing {
        call.complain(&snapshot.looked.nothing());
    }
    Ok(u8::from(is_nothing))
}

fn row(entry: &SecretEntry, snapshot: &crate::repo::Snapshot) -> Vec<String> {
    let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let whose = |recipient: &String| {
        let known = snapshot.environments.iter().find(|known| known.recipients.contains(recipient));
        known.map_or_else(|| recipient.chars().take(12).collect(), |known| known.name.clone())
    };
    let recipients: Vec<String> = entry.recipients.iter().map(whose).collect();
    let changed = entry.last_change.as_ref().map(|change| {
        let day = change.at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        format!("{day} {}", change.author)
    });
    vec![
        dash(entry.env.clone()),
        entry.title(),
        dash(entry.keys.join(",")),
        dash(recipients.join(",")),
        match entry.sealing() {
            Sealing::Whole => "enc",
            Sealing::Part => "PART PLAIN",
            Sealing::Plain => "PLAIN",
            Sealing::Open => "no secret",
            Sealing::Broken => "BROKEN",
        }
        .to_owned(),
        dash(changed.unwrap_or_default()),
        entry.file.clone(),
    ]
}
