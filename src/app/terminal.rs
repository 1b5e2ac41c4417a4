//! The terminal, lent: how a task or an operation gets the real terminal for a program, or for bytes that go to and fro.
//!
//! A task asks [`TaskContext::terminal`](super::TaskContext): the loop leaves its screen, gives the terminal away, and draws everything anew once it
//! is back. Meanwhile messages are taken as ever; nothing is drawn.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use crate::model::Fault;
use crate::programs::ProgramKind;

/// Describes a program that needs the terminal: an editor, or git where it asks for a passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is, and with that what it may see of our environment.
    pub kind: ProgramKind,
    /// The program.
    pub name: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What is added to its environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The folder that it runs in; ours when `None`.
    pub folder: Option<PathBuf>,
    /// Whether what it said stays until enter is pressed: always, or only where it failed.
    pub lingers: Lingers,
}

/// Says when the words of a program stay on the terminal until enter is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lingers {
    /// Never: it has a screen of its own.
    Never,
    /// When it failed.
    Failed,
}

impl Program {
    /// Names a program; what it says when it fails stays until enter is pressed.
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

    /// Runs it in a folder.
    pub fn inside(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Opens a file in an editor, whose words are split by the shell, as git does with `core.editor`: `code --wait` works.
    pub fn editor(editor: &str, file: &Path) -> Self {
        let program =
            Self::new(ProgramKind::Editor, "/bin/sh").with(["-c", &format!("{editor} \"$@\""), editor]).with([file]);
        Self { lingers: Lingers::Failed, ..program }
    }
}

/// How a program that had the terminal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
}

impl Ended {
    /// Tells whether it succeeded.
    pub fn is_good(self) -> bool {
        self.code == Some(0)
    }

    /// Says how it ended, in a few words.
    pub fn word(self) -> String {
        self.code.map_or_else(|| "a signal ended it".to_owned(), |code| format!("it ended with status {code}"))
    }
}

/// The terminal as bytes, in raw mode; dropping it gives the terminal back. Without a terminal, standard input, output and error.
pub type Tty = crate::cluster::exec::Streams;

/// Asks the loop for the terminal.
#[derive(Debug)]
pub enum TerminalLease {
    /// For a program, and where to say how it ended.
    Program(Program, oneshot::Sender<Result<Ended, Fault>>),
    /// As bytes, and where to hand them.
    Bytes(oneshot::Sender<Tty>),
    /// For what some work starts, and where to say that it may begin.
    Held(oneshot::Sender<HeldTerminal>),
}

/// Holds the terminal for some work; dropping it gives the terminal back.
#[derive(Debug)]
pub struct HeldTerminal {
    _given_back: oneshot::Sender<()>,
}

impl HeldTerminal {
    /// Gives the terminal away, and tells when it is back.
    pub fn lend() -> (Self, oneshot::Receiver<()>) {
        let (sender, back) = oneshot::channel();
        (Self { _given_back: sender }, back)
    }
}

/// Lends the terminal of this run, where there is one and somebody serves it.
#[derive(Debug, Clone, Default)]
pub struct Lender(Arc<OnceLock<mpsc::Sender<TerminalLease>>>);

impl Lender {
    /// Opens the lending; `None` when it was opened before.
    pub fn open(&self) -> Option<mpsc::Receiver<TerminalLease>> {
        let (sender, loans) = mpsc::channel(1);
        self.0.set(sender).ok().map(|()| loans)
    }

    /// Gives the terminal to a program and waits until it ends.
    ///
    /// # Errors
    /// Fails where there is no terminal, or the program cannot be started.
    pub async fn run(&self, program: Program) -> Result<Ended, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Program(program, sender)).await?;
        answer.await.map_err(|_| nowhere())?
    }

    /// Takes the terminal as bytes.
    ///
    /// # Errors
    /// Fails where there is no terminal.
    pub async fn borrow(&self) -> Result<Tty, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Bytes(sender)).await?;
        answer.await.map_err(|_| nowhere())
    }

    /// Does some work while no screen is on the terminal: what it starts may ask there.
    ///
    /// # Errors
    /// Fails where there is no terminal.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Fault> {
        let (sender, answer) = oneshot::channel();
        self.ask(TerminalLease::Held(sender)).await?;
        let _held = answer.await.map_err(|_| nowhere())?;
        Ok(work.await)
    }

    async fn ask(&self, loan: TerminalLease) -> Result<(), Fault> {
        self.0.get().ok_or_else(nowhere)?.send(loan).await.map_err(|_| nowhere())
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
