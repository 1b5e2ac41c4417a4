//! `fluxdeck secret edit --editor FILE`: the user's editor on the plain text, which is in memory only.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use super::Named;
use super::set::save;
use crate::app::Program;
use crate::cli::Call;
use crate::cli::operate::permit;
use crate::commands;
use crate::model::Fault;
use crate::programs;
use crate::runtime::{MemoryFile, Session, lend_to, told_to_end};
use crate::sops::Opened;

/// Opens the file in a program; an empty name means the user's default editor.
pub(super) fn run(file: &Path, program: &str, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let named = Named::find(&session, file)?;
        let facts = session.facts_with_repository();
        let targets = named.targets(&facts);
        let permit = permit(call, &commands::SECRET_SET, &targets, &facts)?;
        let mut opened = named.unlock(call, &session)?.opened;
        let plain = opened.plaintext().map_err(|error| error.fault(&named.name, None))?;
        // Every exit drops it, which removes it.
        let text = MemoryFile::new(&named.name, &plain)?;
        let program = if program.is_empty() { programs::preferred_editor() } else { program.to_owned() };
        let editing = edit(call, &session, &mut opened, &text, &program, &named.name);
        let changed = tokio::select! {
            changed = lend_to(&session.terminal, false, editing) => changed??,
            ending = told_to_end() => {
                let why = ending.map_or_else(|error| error.to_string(), |()| "a signal told us to end".to_owned());
                return Err(Fault::failed(format!("{} was left as it was", named.name), why, "edit it again"));
            }
        };
        drop(text);
        if !changed {
            call.remark(&format!("{} was left as it was: nothing was changed", named.name));
            return Ok(0);
        }
        save(call, &session, &named, &targets, opened, permit).await
    })
}

/// Opens the editor until its result can be saved; returns whether the file has changed.
async fn edit(
    call: &Call,
    session: &Session,
    opened: &mut Opened,
    text: &MemoryFile,
    program: &str,
    name: &str,
) -> Result<bool, Fault> {
    loop {
        let ended = session.terminal.run(command(program, text)).await?;
        if !ended.is_good() {
            let what = format!("{name} was left as it was");
            return Err(Fault::failed(what, format!("{program}: {}", ended.word()), "edit it again"));
        }
        match take(opened, text, name) {
            Err(fault) if std::io::stdin().is_terminal() => {
                call.complain(&fault);
                call.remark("Your text is still in memory. Enter edits it again; n and enter drops it.");
                if !again() {
                    return Err(Fault { todo: "nothing was written".to_owned(), ..fault });
                }
            }
            taken => return taken,
        }
    }
}

/// Builds the command line of the program; known editors are kept from writing copies to a disk.
fn command(program: &str, text: &MemoryFile) -> Program {
    let first = program.split_whitespace().next().unwrap_or(program);
    let name = Path::new(first).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // Vim would keep registers in its viminfo, and swap, backups and undo in the places of its configuration.
    let quiet = " -n -i NONE --cmd 'set nobackup nowritebackup noundofile' -c 'set nobackup noundofile'";
    let words = if matches!(name.as_str(), "vim" | "nvim" | "gvim") { quiet } else { "" };
    Program::editor(&format!("{program}{words}"), text.path()).knowing("TMPDIR", text.folder())
}

/// Takes the written text, if it can be saved; returns whether it has changed.
fn take(opened: &mut Opened, text: &MemoryFile, name: &str) -> Result<bool, Fault> {
    let fault = |error: crate::sops::SopsError| Fault {
        what: format!("{name} cannot be saved like this"),
        ..error.fault(name, None)
    };
    let text = text.read()?;
    opened.validate(&text).map_err(fault)?;
    opened.replace(text).map_err(fault)?;
    Ok(opened.is_changed())
}

fn again() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok_and(|count| count > 0) && !answer.trim().eq_ignore_ascii_case("n")
}
