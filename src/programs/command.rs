//! Preparation and start of a program.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use process_wrap::std::{CommandWrap, CommandWrapper as _, ProcessSession};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::environment::{GPG_TTY, NO_TERMINAL, ProgramKind, names_terminal};
use super::find::{resolve, search_path};
use super::{leftovers, registry, running::Running};

/// Limits a helper's use of the machine; `None` leaves the limit to the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of its address space. A program written in Go maps about 1.5 GiB at its start.
    pub memory: Option<u64>,
    /// The writable bytes of its address space, which is its real memory.
    pub data: Option<u64>,
    /// The bytes of the largest file that it may write; pipes do not count.
    pub file: Option<u64>,
    /// The seconds of processor time.
    pub cpu_seconds: Option<u64>,
    /// The number of open files.
    pub open_files: Option<u64>,
}

/// Prepares a program: as [`std::process::Command`], but searched, watched and kept from secrets as its [`ProgramKind`]
/// declares.
///
/// Its output is piped by default, and it has no input; a kind with the terminal inherits our three streams. A missing
/// program is reported when it is started, by the kind of the error: `NotFound`, or `PermissionDenied` for a path
/// relative to the working directory.
#[derive(Debug)]
pub struct ProgramCommand {
    inner: std::process::Command,
    kind: ProgramKind,
    limits: Limits,
    deadline: Option<Duration>,
    unfound: Option<io::Error>,
    /// Whether it may ask on the terminal, because our screen is not there.
    asks: bool,
    /// Whether its own session was requested: a second request would fail.
    alone: bool,
}

impl ProgramCommand {
    /// Prepares a program, given by its name in PATH or by its absolute path.
    pub fn new(kind: ProgramKind, name: impl AsRef<OsStr>) -> Self {
        Self::from(kind, name.as_ref(), None)
    }

    /// Prepares a program that the user's configuration names; a relative path counts from that file's folder.
    pub fn configured(kind: ProgramKind, name: impl AsRef<OsStr>, folder: Option<&Path>) -> Self {
        Self::from(kind, name.as_ref(), folder)
    }

    fn from(kind: ProgramKind, name: &OsStr, folder: Option<&Path>) -> Self {
        let found = resolve(name, folder);
        let mut inner = std::process::Command::new(found.as_deref().unwrap_or(Path::new("/nonexistent")));
        for variable in kind.hidden(std::env::vars_os()) {
            inner.env_remove(variable);
        }
        // Its own child processes are searched in the same PATH as ours.
        inner.env("PATH", search_path());
        if kind.has_terminal() {
            // Standard error is the terminal as well, even if ours is not.
            inner.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
            inner.env(leftovers::LENT, leftovers::lend());
        } else {
            inner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        Self { inner, kind, limits: Limits::default(), deadline: None, unfound: found.err(), asks: false, alone: false }
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.inner.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Self {
        self.inner.args(arguments);
        self
    }

    /// Sets a variable; never to a secret.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env(name, value);
        self
    }

    /// Sets variables; never to a secret.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(&mut self, variables: impl IntoIterator<Item = (N, V)>) -> &mut Self {
        self.inner.envs(variables);
        self
    }

    /// Removes a variable.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env_remove(name);
        self
    }

    /// Removes every variable, except the mark by which the next start finds what a killed fluxdeck left.
    pub fn env_clear(&mut self) -> &mut Self {
        self.inner.env_clear();
        if self.kind.has_terminal() {
            self.inner.env(leftovers::LENT, leftovers::lend());
        }
        self
    }

    /// Sets the folder in which it runs, instead of ours.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.inner.current_dir(folder);
        self
    }

    /// Gives it an input, which is written to [`Running::stdin`].
    pub fn piped_input(&mut self) -> &mut Self {
        self.inner.stdin(Stdio::piped());
        self
    }

    /// Discards its errors, so that no reader is needed.
    pub fn without_errors(&mut self) -> &mut Self {
        self.inner.stderr(Stdio::null());
        self
    }

    /// Lets it ask on the terminal, with its messages there, if there is one without our screen; returns whether
    /// it may.
    pub fn may_ask(&mut self) -> bool {
        self.asks = std::io::stdin().is_terminal() && !registry::screen_is_ours();
        if self.asks {
            self.inner.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        }
        self.asks
    }

    /// Limits its use of the machine.
    pub fn limits(&mut self, limits: Limits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// Ends it after a time, whoever reads its output: by then it waits for something that never comes.
    pub fn deadline(&mut self, limit: Duration) -> &mut Self {
        self.deadline = Some(limit);
        self
    }

    /// Forbids its start, for a reason that is the error of starting it (`InvalidInput`).
    pub fn refused(&mut self, why: String) -> &mut Self {
        self.unfound.get_or_insert(io::Error::new(io::ErrorKind::InvalidInput, why));
        self
    }

    /// Starts it, from the calling thread.
    ///
    /// # Errors
    /// Fails when it cannot be found or started, and once fluxdeck is about to end.
    pub fn spawn(&mut self) -> io::Result<Running> {
        if let Some(error) = &self.unfound {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let terminal = self.kind.has_terminal();
        // A key command may prompt on the terminal while our screen is not there; only our own session has the
        // terminal.
        let alone = !terminal && (!(self.asks || self.kind == ProgramKind::KeyCommand) || registry::screen_is_ours());
        if alone && !self.alone {
            self.without_terminal()?;
        }
        if !terminal && self.inner.get_envs().all(|(name, _)| name != leftovers::MARK) {
            let mark = if self.kind.starts_no_daemon() {
                leftovers::mark_for_any()
            } else {
                let arguments: Vec<_> = self.inner.get_args().collect();
                leftovers::mark_for(self.inner.get_program(), &arguments)
            };
            self.inner.env(leftovers::MARK, mark);
        }
        let (child, handle) = registry::start(&mut self.inner, self.kind, alone)?;
        let mut running = Running::new(child, handle, self.kind);
        // A program that starts no daemon keeps its mark, even if it becomes another.
        if alone
            && !self.kind.starts_no_daemon()
            && let Some(note) = running.id().and_then(leftovers::note)
        {
            registry::keep_note(handle, note);
        }
        if let Some(limit) = self.deadline {
            running.end_after(limit)?;
        }
        if let Err(error) = bound(&self.limits, running.id()) {
            running.end();
            return Err(error);
        }
        Ok(running)
    }

    /// Starts it in its own session, which has no terminal: through `/dev/tty` it can neither draw over our screen nor
    /// read our keys. Its environment does not name our terminal either, because gpg's agent would ask there.
    fn without_terminal(&mut self) -> io::Result<()> {
        ProcessSession.pre_spawn(&mut self.inner, &CommandWrap::with_new("", |_| {}))?;
        let named: Vec<_> =
            std::env::vars_os().filter(|(_, value)| names_terminal(value)).map(|(name, _)| name).collect();
        for name in named {
            self.inner.env_remove(name);
        }
        // Without a value, gpg's agent asks where it was started: often on this very terminal.
        if self.kind != ProgramKind::Renderer {
            self.inner.env(GPG_TTY, NO_TERMINAL);
        }
        self.alone = true;
        Ok(())
    }

    /// Runs it to its end and returns its output.
    ///
    /// # Errors
    /// As [`ProgramCommand::spawn`] and [`Running::finish`].
    pub fn output(&mut self) -> io::Result<Output> {
        self.spawn()?.finish()
    }

    /// Runs it to its end, or ends it when that takes too long or its output is too long.
    ///
    /// # Errors
    /// As [`ProgramCommand::spawn`] and [`Running::finish_within`].
    pub fn output_within(&mut self, limit: Duration, most: usize) -> io::Result<Output> {
        self.spawn()?.finish_within(Some(limit), most)
    }
}

/// Sets the limits of a child from outside; the child may have just started.
fn bound(limits: &Limits, child: Option<Pid>) -> io::Result<()> {
    let all = [
        (Resource::As, limits.memory),
        (Resource::Data, limits.data),
        (Resource::Fsize, limits.file),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Nofile, limits.open_files),
    ];
    for (resource, most) in all {
        if let (Some(most), Some(child)) = (most, child) {
            // A limit of our own may be lower, and cannot be raised.
            let known = prlimit_of(resource);
            let most = known.map_or(most, |known| known.min(most));
            match prlimit(Some(child), resource, Rlimit { current: Some(most), maximum: Some(most) }) {
                // It may have ended already, or run as another user by its set-user-id bit, so that it may not be
                // changed.
                Ok(_) | Err(rustix::io::Errno::SRCH | rustix::io::Errno::PERM) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn prlimit_of(resource: Resource) -> Option<u64> {
    rustix::process::getrlimit(resource).maximum
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;
    use std::time::Duration;

    use super::{Limits, ProgramCommand, ProgramKind};

    fn shell(kind: ProgramKind, script: &str) -> ProgramCommand {
        let mut command = ProgramCommand::new(kind, "sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_cannot_be_found_is_told_when_it_is_started() {
        let error = |name| ProgramCommand::new(ProgramKind::Git, name).output().unwrap_err().kind();
        assert_eq!(error("no-such-program-here"), ErrorKind::NotFound);
        assert_eq!(error("./sh"), ErrorKind::PermissionDenied);
        assert_eq!(error("/nonexistent/sh"), ErrorKind::NotFound);
        let folder = Path::new("/bin");
        let output = ProgramCommand::configured(ProgramKind::Git, "./sh", Some(folder))
            .args(["-c", "echo here"])
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"here\n");
    }

    #[test]
    fn a_helper_has_no_input_and_a_group_of_its_own() {
        let output = shell(ProgramKind::Git, "cat; cut -d' ' -f5 /proc/$$/stat; echo $$").output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines[0], lines[1]);
    }

    #[test]
    fn a_helper_has_no_terminal() {
        for kind in ProgramKind::ALL.into_iter().filter(|kind| !kind.has_terminal() && *kind != ProgramKind::KeyCommand)
        {
            // Its own session is its number, without a terminal (field 7 of /proc/PID/stat).
            let script = "cut -d' ' -f6,7 /proc/$$/stat; echo $$; (: </dev/tty) 2>&- && echo asks; echo \"$GPG_TTY\"";
            let output = shell(kind, script).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<_> = said.lines().collect();
            assert_eq!(lines[0], format!("{} 0", lines[1]), "{kind:?}");
            assert!(matches!(lines[2], "" | super::NO_TERMINAL) && lines.len() == 3, "{kind:?}: {said}");
        }
    }

    #[test]
    fn one_is_started_twice() {
        let mut command = shell(ProgramKind::Git, "echo yes");
        for _ in 0..2 {
            assert_eq!(command.output().unwrap().stdout, b"yes\n");
        }
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { memory: Some(1 << 30), cpu_seconds: Some(7), open_files: Some(64), ..Limits::default() };
        // The limits are set from outside, so the shell waits for its first line.
        let mut command = shell(ProgramKind::Renderer, "read line; ulimit -v; ulimit -t; ulimit -n");
        let mut running = command.limits(limits).piped_input().spawn().unwrap();
        drop(running.stdin());
        assert_eq!(running.finish().unwrap().stdout, b"1048576\n7\n64\n");
    }

    #[test]
    fn one_with_a_deadline_ends_whoever_reads_it() {
        let mut running =
            shell(ProgramKind::Git, "sleep 600 & sleep 600").deadline(Duration::from_millis(200)).spawn().unwrap();
        let mut printed = running.stdout().unwrap();
        assert_eq!(std::io::read_to_string(&mut printed).unwrap(), "");
        assert_eq!(running.finish().unwrap_err().kind(), ErrorKind::TimedOut);
        let output = shell(ProgramKind::Git, "echo yes").deadline(Duration::from_mins(1)).output().unwrap();
        assert_eq!(output.stdout, b"yes\n");
    }

    #[test]
    fn one_that_is_refused_is_not_started() {
        let error = shell(ProgramKind::Git, "echo yes").refused("no".to_owned()).output().unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, "no"));
    }

    #[test]
    fn what_takes_too_long_or_says_too_much_is_ended() {
        let late = shell(ProgramKind::Git, "sleep 600 & sleep 600").output_within(Duration::from_millis(200), 1 << 20);
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
        let long = shell(ProgramKind::Git, "while :; do echo yes; done").output_within(Duration::from_mins(1), 1 << 16);
        assert_eq!(long.unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
