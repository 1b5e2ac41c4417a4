//! A terminal for the real program: it starts it, presses keys, and reads the screen as a person would.
//!
//! Nothing here waits for a fixed time to let something happen: [`Deck::wait_for`] looks at the screen after each piece of output, and
//! fails with the screen when its patience ends.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::termios::{LocalModes, tcgetattr};

use super::keys;

/// How long a screen may take to show what a test expects; generous, since it only ends tests that fail.
const PATIENCE: Duration = Duration::from_secs(20);

/// Describes a program to start in a terminal of its own, with nothing of this machine's settings.
pub(crate) struct Stage {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    folder: Option<OsString>,
    columns: u16,
    rows: u16,
    patience: Duration,
}

impl Stage {
    /// Prepares any program.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: None,
            columns: 120,
            rows: 36,
            patience: PATIENCE,
        }
    }

    /// Prepares the program under test.
    pub(crate) fn fluxdeck() -> Self {
        Self::new(env!("CARGO_BIN_EXE_fluxdeck"))
    }

    /// Adds arguments.
    pub(crate) fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn knowing(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Starts it in a folder.
    pub(crate) fn inside(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().as_os_str().to_owned());
        self
    }

    /// Sets the terminal's size; 120x36 unless told.
    pub(crate) fn sized(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// Sets how long its screens may take.
    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts it.
    pub(crate) fn open(self) -> Deck {
        let home = tempfile::tempdir().expect("a home folder");
        let (pty, slave) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(self.rows, self.columns)).expect("a terminal size");
        let mut command = Command::new(&self.program).args(&self.arguments).env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command = command.env(name, value);
        }
        command = command.env("HOME", home.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command =
            command.envs(self.variables).current_dir(Path::new(self.folder.as_deref().unwrap_or(home.path().as_ref())));

        let started = Instant::now();
        let child = command.spawn(slave).unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let pty = Arc::new(pty);
        let output = read(Arc::clone(&pty));
        Deck {
            pty,
            child,
            output,
            parser: vt100::Parser::new(size(self.rows), size(self.columns), 0),
            written: 0,
            raw: Vec::new(),
            started,
            last_output: started,
            patience: self.patience,
            escaped: false,
            _home: home,
        }
    }
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has rows and columns")
}

/// Reads the terminal on a thread of its own, so that each piece carries the moment of its arrival.
fn read(pty: Arc<Pty>) -> Receiver<(Instant, Vec<u8>)> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        // The end of a pseudo-terminal is an error (EIO) on Linux: both mean that the program has closed it.
        while let Ok(count @ 1..) = (&*pty).read(&mut buffer) {
            if sender.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A program in its terminal.
pub(crate) struct Deck {
    pty: Arc<Pty>,
    child: Child,
    output: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    written: usize,
    raw: Vec<u8>,
    started: Instant,
    last_output: Instant,
    patience: Duration,
    escaped: bool,
    _home: tempfile::TempDir,
}

impl Deck {
    /// Presses keys, written as in `jj<enter>`, and returns when they were sent.
    ///
    /// What follows an escape is sent when the program has read the escape: read together, they are one key with alt.
    pub(crate) fn press(&mut self, keys: &str) -> Instant {
        let mut sent = Instant::now();
        for keys in keys.split_inclusive("<esc>") {
            if self.escaped {
                self.is_read();
            }
            sent = self.send(&keys::bytes(keys));
            self.escaped = keys.ends_with("<esc>");
        }
        sent
    }

    /// Waits until the program has read all keys that were sent.
    fn is_read(&mut self) {
        let deadline = Instant::now() + self.patience;
        // The terminal's own side knows what was not read. What was written may still be on its way there, under load for long; to poll it makes
        // the kernel bring it (`n_tty_poll` flushes). A program that has ended reads nothing more, and has no terminal.
        let waiting = || {
            let terminal = ioctl_tiocgptpeer(&*self.pty, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            poll(&mut [PollFd::new(&terminal, PollFlags::IN)], Some(&Timespec::default()))?;
            ioctl_fionread(&terminal)
        };
        while waiting().is_ok_and(|waiting| waiting > 0) {
            std::thread::sleep(Duration::from_millis(1));
            assert!(Instant::now() < deadline, "keys were not read:\n{}", String::from_utf8_lossy(&self.raw));
        }
    }

    /// Pastes text as a terminal does that was asked for bracketed paste.
    pub(crate) fn paste(&mut self, text: &str) -> Instant {
        assert!(self.screen().bracketed_paste(), "the program did not ask for bracketed paste");
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes())
    }

    fn send(&mut self, bytes: &[u8]) -> Instant {
        self.drain();
        // Before the write: the answer may be here before the write returns.
        let sent = Instant::now();
        (&*self.pty).write_all(bytes).expect("the program reads its terminal");
        sent
    }

    /// Waits until a text is on the screen, and returns when it came.
    pub(crate) fn sees(&mut self, text: &str) -> Instant {
        self.wait_for(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text))
    }

    /// Waits until a text is off the screen.
    pub(crate) fn sees_no(&mut self, text: &str) -> Instant {
        self.wait_for(&format!("no {text:?} on the screen"), |screen| !screen.contents().contains(text))
    }

    /// Waits until one row of the screen holds all of these texts.
    pub(crate) fn sees_row(&mut self, texts: &[&str]) -> Instant {
        self.wait_for(&format!("a row with {texts:?}"), |screen| {
            screen.contents().lines().any(|row| texts.iter().all(|text| row.contains(text)))
        })
    }

    /// Waits until the header says how these environments fare: all that is looked at of them is known.
    pub(crate) fn lives(&mut self, environments: &[&str]) -> Instant {
        self.wait_for(&format!("{environments:?} known"), |screen| {
            environments.iter().all(|env| is_live(&screen.contents(), env))
        })
    }

    /// Waits until a text is told, however panels and lines break it.
    pub(crate) fn tells(&mut self, text: &str) -> Instant {
        let wanted: String = text.split_whitespace().collect();
        self.wait_for(&format!("the words {text:?}"), |screen| {
            // What stands in the same panel of consecutive rows is one text.
            let mut panels = std::collections::BTreeMap::<(usize, usize), String>::new();
            for row in screen.contents().lines() {
                let parts: Vec<&str> = row.split('│').collect();
                for (index, part) in parts.iter().enumerate() {
                    panels.entry((parts.len(), index)).or_default().extend(part.split_whitespace());
                }
            }
            panels.values().any(|panel| panel.contains(&wanted))
        })
    }

    /// Waits until the screen is as expected, and returns when it became so.
    pub(crate) fn wait_for(&mut self, expected: &str, is: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let deadline = Instant::now() + self.patience;
        loop {
            if is(self.parser.screen()) {
                return self.last_output;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.take(piece),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {:?} for {expected}:\n{}", self.patience, self.parser.screen().contents())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().expect("its end");
                    panic!("the program ended ({status}) before {expected}:\n{}", self.text())
                }
            }
        }
    }

    /// Returns the screen as it is now.
    pub(crate) fn screen(&mut self) -> &vt100::Screen {
        self.drain();
        self.parser.screen()
    }

    /// Returns the rows of the screen as text.
    pub(crate) fn text(&mut self) -> String {
        self.screen().contents()
    }

    /// Returns how many bytes the program has written until now.
    pub(crate) fn mark(&mut self) -> usize {
        self.drain();
        self.written
    }

    /// Returns how many bytes it has written since a mark.
    pub(crate) fn written_since(&mut self, mark: usize) -> usize {
        self.mark() - mark
    }

    /// Waits until it writes anything after a mark, and returns when that came.
    pub(crate) fn writes_after(&mut self, mark: usize) -> Instant {
        while self.written <= mark {
            let piece = self.output.recv_timeout(self.patience).unwrap_or_else(|error| panic!("no output: {error}"));
            self.take(piece);
        }
        self.last_output
    }

    /// Returns all that the program wrote, for looking at escape sequences.
    pub(crate) fn raw(&mut self) -> &[u8] {
        self.drain();
        &self.raw
    }

    /// Listens for as long as told, and returns how many bytes came: what a program writes while nothing happens is measured so.
    pub(crate) fn listen(&mut self, duration: Duration) -> usize {
        let mark = self.mark();
        let deadline = Instant::now() + duration;
        while let Ok(piece) = self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.take(piece);
        }
        self.written - mark
    }

    /// Listens until the program has written nothing for as long as told, and returns how many bytes came before.
    pub(crate) fn rest(&mut self, quiet: Duration) -> usize {
        let mark = self.mark();
        while let Ok(piece) = self.output.recv_timeout(quiet) {
            self.take(piece);
        }
        self.written - mark
    }

    /// Changes the terminal's size; the kernel tells the program.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.drain();
        self.parser.set_size(size(rows), size(columns));
        self.pty.resize(Size::new(rows, columns)).expect("a new size");
    }

    /// Tells whether the terminal echoes and edits lines, as a shell leaves it; raw mode does neither.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&*self.pty).expect("the terminal's modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Returns the program's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the program runs");
    }

    /// Sends a signal to what the program has started.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal_children(&self, signal: Signal) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("the program runs");
        for child in children.split_whitespace() {
            let child = Pid::from_raw(child.parse().expect("a process")).expect("a process");
            kill_process(child, signal).expect("the child runs");
        }
    }

    /// Waits until the program has ended and closed its terminal.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.take(piece),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("its end"),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("still running after {:?}:\n{}", self.patience, self.parser.screen().contents())
                }
            }
        }
    }

    /// Returns when the program was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Returns the memory that the program holds, in bytes, as the kernel counts it (`VmRSS`).
    #[cfg(target_os = "linux")]
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the program runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel counts memory");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
        kibibytes * 1024
    }

    /// Counts how often a text stands in what the program may write of its memory. The program lets nobody of its own account look, so this
    /// needs root, or the capability `SYS_PTRACE`.
    #[cfg(target_os = "linux")]
    pub(crate) fn remembers(&self, text: &str) -> usize {
        use std::os::unix::fs::FileExt as _;
        let process = format!("/proc/{}", self.child.id());
        let maps = std::fs::read_to_string(format!("{process}/maps")).expect("the program runs");
        let memory = std::fs::File::open(format!("{process}/mem"))
            .unwrap_or_else(|error| panic!("cannot look into the program's memory: {error}; run this as root"));
        let mut found = 0;
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
            let Some((from, to)) = range.split_once('-').filter(|_| rights.starts_with("rw")) else { continue };
            let place = |text: &str| u64::from_str_radix(text, 16).expect("an address");
            let (from, to) = (place(from), place(to));
            let mut piece = vec![0; usize::try_from(to - from).expect("a length")];
            // What cannot be read, such as pages of the kernel's, is nothing that the program wrote.
            if memory.read_exact_at(&mut piece, from).is_ok() {
                found += piece.windows(text.len()).filter(|window| *window == text.as_bytes()).count();
            }
        }
        found
    }

    fn drain(&mut self) {
        while let Ok(piece) = self.output.try_recv() {
            self.take(piece);
        }
    }

    fn take(&mut self, (at, bytes): (Instant, Vec<u8>)) {
        self.parser.process(&bytes);
        self.written += bytes.len();
        self.raw.extend(bytes);
        self.last_output = at;
    }
}

impl Drop for Deck {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ended = self.child.kill();
        }
        let _reaped = self.child.wait();
    }
}

/// Tells whether the header of a screen says how an environment fares, rather than how its connection does.
pub(crate) fn is_live(screen: &str, environment: &str) -> bool {
    const NOT_KNOWN: &[&str] = &["connecting", "syncing", "unreachable", "degraded", "no cluster", "no Flux"];
    let header = screen.lines().next().unwrap_or_default();
    let said = header.split_once(&format!("{environment}: ")).map(|(_, said)| said);
    said.is_some_and(|said| !said.trim().is_empty() && !NOT_KNOWN.iter().any(|word| said.starts_with(word)))
}
