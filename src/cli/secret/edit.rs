//! `fluxdeck secret edit FILE`: the built-in editor on one encrypted file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Named;
use crate::cli::{Call, cockpit};
use crate::files;
use crate::model::{Fault, FaultKind};
use crate::runtime::{FirstScreen, Session};
use crate::sops::{Format, SopsFile};

// Flags of `secret edit`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
    /// Open the plain text in an editor of yours: $VISUAL, $EDITOR or vi, or the one that is named; it is on a file
    /// system in memory only
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_name = "PROGRAM")]
    editor: Option<String>,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    if let Some(program) = &arguments.editor {
        return super::external::run(&arguments.file, program, call);
    }
    let view = |session: &Session| {
        let named = Named::find(session, &arguments.file)?;
        let shown = named.path.display();
        let cannot = |why: String, todo: &str| Fault::new(FaultKind::Usage, format!("cannot edit {shown}"), why, todo);
        let text = files::text(&named.path, crate::sops::LARGEST)
            .map_err(|error| cannot(error.to_string(), "name another file"))?;
        SopsFile::parse(Format::from_path(&named.name), text).map_err(|error| {
            cannot(
                error.to_string(),
                "`sops --encrypt --in-place FILE` encrypts a file; an editor opens one that is not",
            )
        })?;
        let environments = named.environments(call, session)?;
        let env = if let [only] = environments.as_slice() { Some(*only) } else { None };
        // A file outside of the repository has no path below its root.
        let name = if Path::new(&named.name).is_absolute() || !is_below(session, &named) {
            named.path.to_string_lossy().into_owned()
        } else {
            named.name.clone()
        };
        Ok(Some(FirstScreen::Secret(env, name)))
    };
    cockpit::open(call, |_, session| view(session), || call.session_for_screen())
}

fn is_below(session: &Session, named: &Named) -> bool {
    session.root.as_ref().is_ok_and(|root| root.join(&named.name).exists())
}
