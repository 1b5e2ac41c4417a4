//! `fluxdeck secret decrypt FILE`: the decrypted document, as sops would print it.

use std::path::PathBuf;

use clap::Args;

use super::Named;
use crate::cli::Call;
use crate::cli::out::{self, Raw};
use crate::model::{Fault, FaultKind};
use crate::sops::{Format, Opened, SopsError};

// Flags of `secret decrypt`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on_alone(async {
        let session = call.session_of_any()?;
        let named = Named::find(&session, &arguments.file)?;
        let opened = named.unlock(call, &session)?.opened;
        let fault = |error: SopsError| error.fault(&named.name, None);
        let is_document = matches!(opened.file().format(), Format::Yaml | Format::Json);
        // A document of YAML is printed as sops would print it.
        let is_yaml = opened.file().format() == Format::Yaml && call.global.output == crate::cli::Output::Yaml;
        let is_data = call.global.output.is_data() && !is_yaml;
        if is_data && !is_document {
            let value = nested(&opened);
            call.print(&value, ToString::to_string)?;
        } else if is_data {
            let text = opened.plaintext().map_err(fault)?;
            let value: serde_json::Value = crate::yaml::from_str(text.expose()).map_err(|error| {
                let todo = "print it as YAML: JSON holds one document";
                Fault::new(FaultKind::Failed, format!("cannot print {} as JSON", named.name), error.to_string(), todo)
            })?;
            call.print(&value, ToString::to_string)?;
        } else {
            out::write_raw(&Raw::Document(opened.content().map_err(fault)?.to_vec()))?;
        }
        Ok(0)
    })
}

/// Returns the values of a file that is neither YAML nor JSON below their sections and keys, in the form of
/// `sops --output-type json`.
fn nested(opened: &Opened) -> serde_json::Value {
    let mut root = serde_json::Map::new();
    for entry in opened.entries() {
        let keys: Vec<&str> = entry.path.keys().collect();
        let value = serde_json::Value::from(entry.secret.expose());
        // Dotenv has only keys, and INI has sections with keys.
        match keys.as_slice() {
            [section, key] => {
                let section = root.entry(*section).or_insert_with(|| serde_json::Map::new().into());
                section.as_object_mut().and_then(|section| section.insert((*key).to_owned(), value));
            }
            keys => {
                root.insert(keys.concat(), value);
            }
        }
    }
    root.into()
}
