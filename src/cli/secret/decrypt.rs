//! `fluxdeck secret decrypt FILE`: the document as sops would print it.

use std::path::PathBuf;

use clap::Args;

use super::Named;
use crate::cli::Call;
use crate::model::{Fault, FaultKind};

/// Flags of `secret decrypt`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let named = Named::find(&session, &arguments.file)?;
        let opened = named.unlock(call, &session)?.opened;
        let text = opened.plaintext().map_err(|error| error.fault(&named.name, None))?;
        if call.global.output == crate::cli::Output::Json {
            let value: serde_json::Value = crate::yaml::from_str(text.expose()).map_err(|error| {
                let todo = "print it as YAML: JSON holds one document";
                Fault::new(FaultKind::Failed, format!("cannot print {} as JSON", named.name), error.to_string(), todo)
            })?;
            call.print(&value, ToString::to_string)?;
        } else {
            call.write(text.expose())?;
        }
        Ok(0)
    })
}
