//! `fluxdeck secret set FILE PATH`: changes or adds one value, which comes from standard input so that no process list
//! or history shows it.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use zeroize::Zeroize as _;

use super::{MOST, Named, Place};
use crate::app::{CommandTarget, Permit};
use crate::cli::Call;
use crate::cli::operate::{perform, permit};
use crate::cli::prompt::Terminal;
use crate::commands;
use crate::model::{Fault, FaultKind};
use crate::runtime::Session;
use crate::secret::Secret;
use crate::sops::{Asker as _, Opened, SecretPrompt, Unlocked};
use crate::workflows::secret::document::Document;
use crate::workflows::secret::saving::Saving;

// Flags of `secret set`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file, from the working directory or from the repository's root
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// What must not be there: a value
    #[arg(hide = true)]
    value: Vec<std::ffi::OsString>,
    /// Keep the newline at the end of the value, which is cut otherwise
    #[arg(long)]
    keep_newline: bool,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on_alone(async {
        let session = call.session_of_any()?;
        let named = Named::find(&session, &arguments.file)?;
        if !arguments.value.is_empty() {
            return Err(super::value_given(&named.name));
        }
        let facts = session.facts_with_repository();
        let targets = named.targets(&facts);
        // The guard judges before a file is opened or read: a refusal must not cost a prompt for a passphrase.
        let permit = permit(call, &commands::SECRET_SET, &targets, &facts)?;
        let Unlocked { mut opened, .. } = named.unlock(call, &session)?;
        let (document, place) = (arguments.place.document, &arguments.place);
        let known = opened.find(document, &place.path).map(|entry| (entry.path.clone(), entry.base64));
        let (path, base64) = match known {
            Some(known) => known,
            None => (place.new_path(&opened, &named)?, place.is_data(&opened)),
        };
        let typed = if std::io::stdin().is_terminal() { Some(typed(&path.to_string(), &named.name)?) } else { None };
        let value = read(typed, arguments.keep_newline, base64)?;
        let is_there = opened.entries().iter().any(|entry| entry.document == document && entry.path == path);
        let set = if is_there { opened.set(document, &path, &value) } else { opened.add(document, &path, &value) };
        set.map_err(|error| error.fault(&named.name, None))?;
        if !opened.is_changed() {
            call.complain(&Fault::failed(
                format!("{} was not written", named.name),
                format!("{path} has this value already"),
                "nothing is to be done",
            ));
            return Ok(0);
        }
        save(call, &session, &named, &targets, opened, permit).await
    })
}

/// Saves a changed file through the same operation as the cockpit.
pub(super) async fn save(
    call: &Call,
    session: &Session,
    named: &Named,
    targets: &[CommandTarget],
    opened: Opened,
    permit: Permit,
) -> Result<u8, Fault> {
    let document = Document::new(Unlocked { opened, problems: Vec::new() });
    let env = match targets {
        [only] => only.env(),
        _ => None,
    };
    let saving = Saving {
        env,
        file: named.path.to_string_lossy().into_owned(),
        changes: document.changes(),
        shell: document.shell(&named.name),
        opened: document.share(),
        repository: session.facts_with_repository().repository,
    };
    let (operation, _saved) = saving.operation(permit);
    let operation = crate::app::Operation { object: named.name.clone(), ..operation };
    let outcome = perform(call, session, operation).await?;
    Ok(u8::from(!outcome.is_done()))
}

/// Prompts for the value on the terminal, without an echo.
fn typed(path: &str, file: &str) -> Result<Secret, Fault> {
    let question = SecretPrompt { text: format!("new value of {path} in {file}"), hidden: true };
    Terminal.ask(&question).ok_or_else(|| {
        Fault::new(
            FaultKind::Usage,
            "no value was given",
            "nothing was typed",
            "type it, or pass it on standard input: pass show NAME | fluxdeck secret set FILE PATH, or < FILE",
        )
    })
}

/// Reads the value, unless it was typed; for a base64 field it is encoded, whatever bytes it has.
fn read(typed: Option<Secret>, keep_newline: bool, base64: bool) -> Result<Secret, Fault> {
    let wrong = |why: String, todo: &str| Fault::new(FaultKind::Usage, "cannot read the value", why, todo);
    let mut bytes = Vec::new();
    if let Some(typed) = typed {
        bytes.extend_from_slice(typed.expose().as_bytes());
    } else {
        let read = std::io::stdin().take(MOST.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| wrong(error.to_string(), "is standard input open?"))?;
        if bytes.len() as u64 > MOST {
            bytes.zeroize();
            let why = format!("it is longer than {MOST} bytes, and Kubernetes takes no Secret that is larger");
            return Err(wrong(why, "is it the right file? Large files belong into a volume, or into several Secrets"));
        }
    }
    if !keep_newline && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if base64 {
        let encoded = Secret::new(STANDARD.encode(&bytes));
        bytes.zeroize();
        return Ok(encoded);
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        wrong("it is not text".to_owned(), "what is not text belongs below data of a Secret")
    })
}
