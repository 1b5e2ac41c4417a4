//! `fluxdeck secret unset FILE PATH`: removes one value from an encrypted file.

use std::path::PathBuf;

use clap::Args;

use super::set::save;
use super::{Named, Place};
use crate::cli::Call;
use crate::cli::operate::permit;
use crate::commands;
use crate::model::Fault;

// Flags of `secret unset`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on_alone(async {
        let session = call.session_of_any()?;
        let named = Named::find(&session, &arguments.file)?;
        let facts = session.facts_with_repository();
        let targets = named.targets(&facts);
        let permit = permit(call, &commands::SECRET_SET, &targets, &facts)?;
        let mut opened = named.unlock(call, &session)?.opened;
        let path = arguments.place.find(&opened, &named)?;
        opened.remove(arguments.place.document, &path).map_err(|error| error.fault(&named.name, None))?;
        save(call, &session, &named, &targets, opened, permit).await
    })
}
