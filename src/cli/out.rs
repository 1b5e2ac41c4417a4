//! The streams of the process; the types of the written texts make them harmless.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use crate::model::{Fault, Shown, in_ascii};

/// Holds text that is written unchanged: our own output, and documents that the user requested in full.
pub(super) enum Raw {
    /// Text of our own: a manual page, a completion, a picture whose cells were made harmless.
    Ours(String),
    /// A document, such as a decrypted file: a pipe or a file gets each byte, a terminal gets control characters made
    /// visible.
    Document(Vec<u8>),
}

/// Writes to standard output; returns `false` once it is closed.
///
/// # Errors
/// Fails when standard output cannot be written, other than by a closed reader, such as `head`.
pub(super) fn write(text: &Shown) -> Result<bool, Fault> {
    bytes(text.as_str().as_bytes())
}

/// Writes unchanged text to standard output.
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

/// Tells whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Tells whether standard error is a terminal.
pub(super) fn remarks_are_read() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes to standard error, in text form.
pub(super) fn remark(text: &Shown) {
    let plain = (!super::call::locale_is_utf8()).then(|| in_ascii(text.as_str()));
    let text = plain.as_deref().unwrap_or(text.as_str());
    let mut err = std::io::stderr().lock();
    // If standard error is closed, the error cannot be reported either.
    let _closed = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Replaces the last line of standard error by a progress message, if that is a terminal; an empty text clears it.
pub(super) fn progress(text: &Shown) {
    if !remarks_are_read() {
        return;
    }
    let mut err = std::io::stderr().lock();
    // As above.
    let _closed = write!(err, "\r{}\x1b[K", text.as_str()).and_then(|()| err.flush());
}

/// Erases a letter that was echoed on standard error.
pub(super) fn rub_out() {
    let mut err = std::io::stderr().lock();
    // As above.
    let _closed = err.write_all(b"\x08 \x08").and_then(|()| err.flush());
}
