//! The streams of the process: what is written to them is made harmless by its type.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use crate::model::{Fault, Shown, in_ascii};

/// Holds what is written as it is: what we drew or made ourselves, and documents that somebody asked for in order to keep them.
pub(super) enum Raw {
    /// What holds nothing of others: a manual page, a completion, a picture whose cells were made harmless.
    Ours(String),
    /// A document, such as a decrypted file: a pipe or a file gets each byte, a terminal gets what steers it made visible.
    Document(Vec<u8>),
}

/// Writes to standard output; `false` once nobody reads.
///
/// # Errors
/// Fails when standard output cannot be written; a reader that went away, as `head` does, is no error.
pub(super) fn write(text: &Shown) -> Result<bool, Fault> {
    bytes(text.as_str().as_bytes())
}

/// Writes what may not be changed to standard output.
///
/// # Errors
/// As [`write`].
pub(super) fn write_raw(raw: &Raw) -> Result<(), Fault> {
    match raw {
        Raw::Document(document) if std::io::stdout().is_terminal() => {
            write(&Shown::whole(&String::from_utf8_lossy(document)))
        }
        Raw::Document(document) => bytes(document),
        Raw::Ours(text) => bytes(text.as_bytes()),
    }
    .map(|_| ())
}

fn bytes(bytes: &[u8]) -> Result<bool, Fault> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Fault::failed("cannot write to standard output", error.to_string(), "is it open?")),
    }
}

/// Tells whether somebody reads standard output on a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Tells whether somebody reads standard error on a terminal.
pub(super) fn remarks_are_read() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes to standard error, for people.
pub(super) fn remark(text: &Shown) {
    let plain = (!super::call::locale_is_utf8()).then(|| in_ascii(text.as_str()));
    let text = plain.as_deref().unwrap_or(text.as_str());
    let mut err = std::io::stderr().lock();
    // Nobody is left to be told when standard error is closed.
    let _closed = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Writes how far something has come over what stands in the last line of standard error; an empty text takes it away.
pub(super) fn progress(text: &Shown) {
    let mut err = std::io::stderr().lock();
    // As above.
    let _closed = write!(err, "\r{}\x1b[K", text.as_str()).and_then(|()| err.flush());
}

/// Steps back over a letter that was echoed on standard error.
pub(super) fn rub_out() {
    let mut err = std::io::stderr().lock();
    // As above.
    let _closed = err.write_all(b"\x08 \x08").and_then(|()| err.flush());
}
