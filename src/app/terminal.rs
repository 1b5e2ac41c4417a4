//! The lease of the terminal: a task or an operation gets the real terminal for a program, or for bytes in both
//! directions.
//!
//! A task asks [`TaskContext::terminal`](super::TaskContext): the loop leaves its screen, gives the terminal away, and
//! draws everything again once it is back. Meanwhile the loop handles messages as usual, but draws nothing.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use crate::model::Fault;
use crate::programs::ProgramKind;

/// Describes a program that needs the terminal: an editor, or git that asks for a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The kind, which decides about its environment variables.
    pub kind: ProgramKind,
    /// The program.
    pub name: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The variables added to its environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The folder that it runs in; that of fluxdeck if `None`.
    pub folder: Option<PathBuf>,
    /// Whether its output stays until the user presses enter.
    pub lingers: Lingers,
}

/// Decides whether the output of a program stays on the terminal until the user presses enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lingers {
    /// Never: it has a screen of its own.
    Never,
    /// If it failed.
    Failed,
}

impl Program {
    /// Describes a program; if it fails, its output stays until the user presses enter.
    pub fn new(kind: ProgramKind, name: impl AsRef<OsStr>) -> Self {
        Self {
            kind,
            name: name.as_ref().to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: None,
            lingers: Lingers::Failed,
        }
    }

    /// Adds arguments.
    pub fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds a variable to its environment.
    pub fn knowing(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the folder that it runs in.
    pub fn inside(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Opens a file in an editor; the shell splits the words of the editor, as git does with `core.editor`:
    /// `code --wait` works.
    pub fn editor(editor: &str, file: &Path) -> Self {
        let program =
            Self::new(ProgramKind::Editor, "/bin/sh").with(["-c", &format!("{editor} \"$@\""), editor]).with([file]);
        Self { lingers: Lingers::Failed, ..program }
    }
}

/// Holds the end of a program that had the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Ended {
    /// Tells whether it succeeded.
    pub fn is_good(self) -> bool {
        self.code == Some(0)
    }

    /// Describes the end, in a few words.
    pub fn word(self) -> String {
        self.code.map_or_else(|| "a signal ended it".to_owned(), |code| format!("it ended with status {code}"))
    }
}

/// The terminal as bytes, in raw mode; dropping it gives the terminal back. Without a terminal, standard input, output
/// and error.
pub type Tty = crate::cluster::exec::Streams;

/// Asks the loop for the terminal.
#[derive(Debug)]
pub enum TerminalLease {
    /// For a program, with the sender for its end.
    Program(Program, oneshot::Sender<Result<Ended, Fault>>),
    /// As bytes, with the sender for them.
    Bytes(oneshot::Sender<Tty>),
    /// For a child process of some work, with the sender for the start signal.
    Held(oneshot::Sender<HeldTerminal>),
}

/// Holds the terminal for some work; dropping it gives the terminal back.
#[derive(Debug)]
pub struct HeldTerminal {
    _given_back: oneshot::Sender<()>,
}

impl HeldTerminal {
    /// Lends the terminal, and returns the receiver for its return.
    pub fn lend() -> (Self, oneshot::Receiver<()>) {
        let (sender, back) = oneshot::channel();
        (Self { _given_back: sender }, back)
    }
}

/// Lends the terminal of this run, if there is one and the loop serves it.
#[derive(Debug, Clone, Default)]
pub struct Lender(Arc<OnceLock<mpsc::Sender<TerminalLease>>>);

impl Lender {
    /// Opens the lending; `None` if it is open already.
    pub fn open(&self) -> Option<mpsc::Receiver<TerminalLease>> {
        let (sender, leases) = mpsc::channel(1);
        self.0.set(sender).ok().map(|()| leases)
    }

    /// Gives the terminal to a program and waits until it ends.
    ///
    /// # Errors
    /// Fails if there is no terminal, or the program cannot be started.
    pub async fn run(&self, program: Program) -> Result<Ended, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Program(program, sender)).await?;
        answer.await.map_err(|_| nowhere())?
    }

    /// Takes the terminal as bytes.
    ///
    /// # Errors
    /// Fails if there is no terminal.
    pub async fn borrow(&self) -> Result<Tty, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Bytes(sender)).await?;
        answer.await.map_err(|_| nowhere())
    }

    /// Does some work while no screen is on the terminal: its child processes may ask there.
    ///
    /// # Errors
    /// Fails if there is no terminal.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Held(sender)).await?;
        let _held = answer.await.map_err(|_| nowhere())?;
        Ok(work.await)
    }

    async fn ask(&self, lease: TerminalLease) -> Result<(), Fault> {
        self.0.get().ok_or_else(nowhere)?.send(lease).await.map_err(|_| nowhere())
    }
}

fn nowhere() -> Fault {
    Fault::failed("cannot take the terminal", "there is none here", "run fluxdeck in a terminal")
}

#[cfg(test)]
mod tests {
    use super::{Lender, Program, ProgramKind};
    use std::path::Path;

    #[tokio::test]
    async fn without_a_terminal_nothing_is_run() {
        let fault = Lender::default().run(Program::new(ProgramKind::Editor, "true")).await.unwrap_err();
        assert!(fault.to_string().contains("there is none here"), "{fault}");
        assert!(Lender::default().borrow().await.is_err());
    }

    #[test]
    fn an_editors_words_are_split_by_the_shell_and_a_files_name_is_not() {
        let program = Program::editor("code --wait", Path::new("/a b/$(x).yaml"));
        let words: Vec<_> = program.arguments.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(words, ["-c", "code --wait \"$@\"", "code --wait", "/a b/$(x).yaml"]);
    }
}
