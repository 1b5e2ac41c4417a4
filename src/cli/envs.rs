//! `fluxdeck envs`: the environments, their contexts and who can read their secrets.

use clap::Args;
use serde::Serialize;

use super::Call;
use super::call::columns;
use crate::model::{Environment, Exposure, Fault};

// Flags of `envs`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Holds an environment with the exposure of its connection, by its kubeconfig.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    known: &'a Environment,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed: Option<Exposure>,
}

/// Lists the environments.
///
/// # Errors
/// Fails when a setting is wrong.
pub fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let list = |known| Listed { known, exposed: session.exposure(known.env) };
        let chosen: Vec<_> = call.environments(&session).map(list).collect();
        call.print(&chosen, |environments| {
            let mut rows = vec![
                ["NAME", "CONTEXT", "PROTECTED", "CONNECTION", "PATH", "RECIPIENTS", "PROTECTED BY"]
                    .map(str::to_owned)
                    .to_vec(),
            ];
            rows.extend(environments.iter().map(|Listed { known, exposed }| {
                vec![
                    known.name.clone(),
                    known.context.clone().unwrap_or_else(|| "-".to_owned()),
                    if known.protected { "yes" } else { "no" }.to_owned(),
                    exposed.map_or("-", Exposure::word).to_owned(),
                    known.path.as_deref().map_or("-", |path| if path.is_empty() { "." } else { path }).to_owned(),
                    if known.recipients.is_empty() { "-".to_owned() } else { known.recipients.join(",") },
                    known.protected_by.as_ref().map(ToString::to_string).unwrap_or_default(),
                ]
            }));
            columns(&rows)
        })?;
        Ok(0)
    })
}
