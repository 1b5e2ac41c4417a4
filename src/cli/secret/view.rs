//! `fluxdeck secret view FILE`: the values of an encrypted file, masked by default.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Named;
use crate::cli::call::columns;
use crate::cli::{Call, out};
use crate::model::{Fault, FaultKind};
use crate::runtime::Session;
use crate::sops::{Opened, ValueType};
use crate::workflows::secret::document::{MASK, type_word};
use crate::workflows::secret::document::{Ruling, shown};

// Flags of `secret view`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
    /// Show the values; only on a terminal, unless --to-pipe is given too
    #[arg(long)]
    reveal: bool,
    /// Let --reveal write values into a file or a pipe
    #[arg(long, requires = "reveal")]
    to_pipe: bool,
}

#[derive(Serialize)]
struct Line {
    document: usize,
    path: String,
    pointer: String,
    #[serde(rename = "type")]
    value_type: &'static str,
    encrypted: bool,
    value: Option<String>,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.reveal && !arguments.to_pipe && !out::is_terminal() {
        return Err(Fault::new(
            FaultKind::Refused,
            "values are not revealed",
            "standard output is not a terminal, so they would end up in a file or another program",
            "add --to-pipe when you mean it, or leave out --reveal",
        ));
    }
    call.block_on_alone(async {
        let session = call.session_of_any()?;
        let named = Named::find(&session, &arguments.file)?;
        let opened = named.unlock(call, &session)?.opened;
        let head = head(&opened, &named, &session);
        let lines: Vec<Line> = opened
            .entries()
            .iter()
            .map(|entry| {
                let (form, secret) = shown(entry);
                let visible = arguments.reveal || !entry.encrypted || secret.is_empty();
                let value = (visible && entry.value_type != ValueType::Null).then(|| secret.expose().to_owned());
                Line {
                    document: entry.document,
                    path: entry.path.to_string(),
                    pointer: entry.path.pointer(),
                    value_type: type_word(entry, form),
                    encrypted: entry.encrypted,
                    value,
                }
            })
            .collect();
        call.print(&lines, |lines| {
            let mut rows = vec![["DOCUMENT", "PATH", "TYPE", "", "VALUE"].map(str::to_owned).to_vec()];
            rows.extend(lines.iter().map(|line| {
                let masked = if line.encrypted { MASK } else { "" };
                vec![
                    line.document.to_string(),
                    line.path.clone(),
                    line.value_type.to_owned(),
                    if line.encrypted { "enc" } else { "plain" }.to_owned(),
                    line.value.clone().unwrap_or_else(|| masked.to_owned()),
                ]
            }));
            head.iter().map(|line| format!("{line}\n")).chain([columns(&rows)]).collect()
        })?;
        Ok(0)
    })
}

/// Returns the lines above the values: the recipients of the file, the identity that opened it, and its encryption
/// rule.
fn head(opened: &Opened, named: &Named, session: &Session) -> Vec<String> {
    let file = opened.file();
    let mut lines = Vec::new();
    for recipient in file.recipients() {
        let owner = session.environments.iter().find(|known| known.recipients.contains(&recipient));
        let owner = owner.map(|known| format!(" of {}", known.name)).unwrap_or_default();
        let identity = opened.openers().iter().find(|one| one.recipient.as_ref() == Some(&recipient));
        let identity = identity.map(|one| format!(", opened with it from {}", one.source)).unwrap_or_default();
        lines.push(format!("for      {recipient}{owner}{identity}"));
    }
    let modified = file.last_modified().map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
    lines.push(format!("saved    {modified} by sops {}; MAC verified", file.version()));
    if let Some(snapshot) = session.facts_with_repository().repository {
        let ruling = Ruling::new(&snapshot, &named.name, file);
        lines.push(format!("rule     {}", ruling.description(file)));
        if !ruling.differences.is_empty() {
            let name = &named.name;
            lines.push(format!("differs  {}", ruling.differences.join("; ")));
            lines.push(format!(
                "         `fluxdeck secret recipients --update {name}` or `fluxdeck secret encrypt --again {name}` applies it"
            ));
        }
    }
    lines.push(String::new());
    lines
}
