//! Preparing and starting a program.

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

/// Bounds what a helper may take of the machine; what is `None` is bounded by the system alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of its address space. A program written in Go maps about 1.5 GiB before it does anything.
    pub memory: Option<u64>,
    /// The bytes that it may write to of that, which is what it really uses.
    pub data: Option<u64>,
    /// The bytes of the largest file that it may write; pipes are none.
    pub file: Option<u64>,
    /// The seconds that it may compute.
    pub cpu_seconds: Option<u64>,
    /// How many files it may have open.
    pub open_files: Option<u64>,
}

/// Prepares a program: as [`std::process::Command`], but found, watched and kept from secrets as its [`ProgramKind`] says.
///
/// What is read is piped unless said otherwise, and there is no input; a kind that has the terminal has ours for all three. What cannot
/// be found is told when it is started, by the kind of the error: `NotFound`, or `PermissionDenied` for a path that counts from the
/// working directory.
#[derive(Debug)]
pub struct ProgramCommand {
    inner: std::process::Command,
    kind: ProgramKind,
    limits: Limits,
    deadline: Option<Duration>,
    unfound: Option<io::Error>,
    /// Whether it may ask on the terminal, as no screen of ours is there.
    asks: bool,
    /// Whether a session of its own has been asked for: the second request would fail.
    alone: bool,
}

impl ProgramCommand {
    /// Names a program, by its name in PATH or by its whole path.
    pub fn new(kind: ProgramKind, name: impl AsRef<OsStr>) -> Self {
        Self::from(kind, name.as_ref(), None)
    }

    /// Names a program as the operator did in a configuration of his own; a relative path counts from the folder of that.
    pub fn configured(kind: ProgramKind, name: impl AsRef<OsStr>, folder: Option<&Path>) -> Self {
        Self::from(kind, name.as_ref(), folder)
    }

    fn from(kind: ProgramKind, name: &OsStr, folder: Option<&Path>) -> Self {
        let found = resolve(name, folder);
        let mut inner = std::process::Command::new(found.as_deref().unwrap_or(Path::new("/nonexistent")));
        for variable in kind.hidden(std::env::vars_os()) {
            inner.env_remove(variable);
        }
        // What it starts itself is found as we find it.
        inner.env("PATH", search_path());
        if kind.has_terminal() {
            // Standard error is the terminal as well, whatever ours is.
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

    /// Takes a variable away.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env_remove(name);
        self
    }

    /// Takes every variable away, but for the mark by which the next start finds what a killed fluxdeck left.
    pub fn env_clear(&mut self) -> &mut Self {
        self.inner.env_clear();
        if self.kind.has_terminal() {
            self.inner.env(leftovers::LENT, leftovers::lend());
        }
        self
    }

    /// Says in which folder it runs; otherwise in ours.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.inner.current_dir(folder);
        self
    }

    /// Gives it an input, which is written to [`Running::stdin`].
    pub fn piped_input(&mut self) -> &mut Self {
        self.inner.stdin(Stdio::piped());
        self
    }

    /// Throws away what it complains of, so that nobody need read that.
    pub fn without_errors(&mut self) -> &mut Self {
        self.inner.stderr(Stdio::null());
        self
    }

    /// Lets it ask on the terminal and says there what it wants, where there is one and no screen of ours is on it; returns whether it may.
    pub fn may_ask(&mut self) -> bool {
        self.asks = std::io::stdin().is_terminal() && !registry::screen_is_ours();
        if self.asks {
            self.inner.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        }
        self.asks
    }

    /// Bounds what it may take of the machine.
    pub fn limits(&mut self, limits: Limits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// Ends it after a time, whoever reads what it prints: what has not ended by then waits for something that never comes.
    pub fn deadline(&mut self, limit: Duration) -> &mut Self {
        self.deadline = Some(limit);
        self
    }

    /// Says that it must not be started, and why: that is told in place of starting it (`InvalidInput`).
    pub fn refused(&mut self, why: String) -> &mut Self {
        self.unfound.get_or_insert(io::Error::new(io::ErrorKind::InvalidInput, why));
        self
    }

    /// Starts it, from the thread that calls this.
    ///
    /// # Errors
    /// Fails when it cannot be found or started, and once we are about to end.
    pub fn spawn(&mut self) -> io::Result<Running> {
        if let Some(error) = &self.unfound {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let terminal = self.kind.has_terminal();
        // A key command may ask for a passphrase on the terminal, which only our own session has, while no screen of ours is there.
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
        // What starts no daemon is known by its mark alone, whatever it becomes.
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

    /// Gives it a session of its own, which has no terminal: it can neither draw over our screen nor read our keys by `/dev/tty`. Nothing in
    /// its environment names our terminal either, by which gpg's agent would ask on it.
    fn without_terminal(&mut self) -> io::Result<()> {
        ProcessSession.pre_spawn(&mut self.inner, &CommandWrap::with_new("", |_| {}))?;
        let named: Vec<_> =
            std::env::vars_os().filter(|(_, value)| names_terminal(value)).map(|(name, _)| name).collect();
        for name in named {
            self.inner.env_remove(name);
        }
        // Where nothing is said, gpg's agent asks where it was started: often on this very terminal.
        if self.kind != ProgramKind::Renderer {
            self.inner.env(GPG_TTY, NO_TERMINAL);
        }
        self.alone = true;
        Ok(())
    }

    /// Runs it to its end and returns what it said.
    ///
    /// # Errors
    /// As [`ProgramCommand::spawn`] and [`Running::finish`].
    pub fn output(&mut self) -> io::Result<Output> {
        self.spawn()?.finish()
    }

    /// Runs it to its end, or ends it when that takes too long or when it says too much.
    ///
    /// # Errors
    /// As [`ProgramCommand::spawn`] and [`Running::finish_within`].
    pub fn output_within(&mut self, limit: Duration, most: usize) -> io::Result<Output> {
        self.spawn()?.finish_within(Some(limit), most)
    }
}

/// Sets the limits of a child from outside; it may have begun, but has not come far.
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
            // Our own limit may be lower, and cannot be raised.
            let known = prlimit_of(resource);
            let most = known.map_or(most, |known| known.min(most));
            match prlimit(Some(child), resource, Rlimit { current: Some(most), maximum: Some(most) }) {
                // It may have ended already, or may not be touched: a program of another user by its set-user-id bit.
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
            // Its own session is its number, and it has no terminal (field 7 of /proc/PID/stat).
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
        // The limits are set from outside: the shell waits for its first line.
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
