//! A running program: reading its output, waiting for its end, ending it.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use super::environment::ProgramKind;
use super::registry::{self, Handle};

/// The number of reads from its pipes once it has ended: each read takes 16 KiB, and a pipe holds 1 MiB at most.
/// Processes that it left running may continue to write into them.
const LAST_LOOKS: usize = 128;

/// The interval of checks on a silent program: whether it was stopped, or has ended where the system has no pidfd.
const TICK: Duration = Duration::from_millis(250);

/// The interval of checks where they alone show that it has ended.
const SHORT_TICK: Duration = Duration::from_millis(10);

/// Holds a running program; dropping it ends the program and waits for its end.
#[derive(Debug)]
pub struct Running {
    child: Child,
    handle: Handle,
    kind: ProgramKind,
    reaped: bool,
    watch: Option<Watch>,
}

/// Ends a program after its time; dropping it cancels that.
#[derive(Debug)]
struct Watch {
    limit: Duration,
    late: Arc<AtomicBool>,
    _until: SyncSender<()>,
}

impl Running {
    pub(super) fn new(child: Child, handle: Handle, kind: ProgramKind) -> Self {
        Self { child, handle, kind, reaped: false, watch: None }
    }

    /// Ends it after a time, even while its output is read.
    pub(super) fn end_after(&mut self, limit: Duration) -> io::Result<()> {
        let (until, gone) = sync_channel::<()>(0);
        let late = Arc::new(AtomicBool::new(false));
        let (handle, told) = (self.handle, Arc::clone(&late));
        let wait = move || {
            // A handle's number is never reused, so it can only refer to this program.
            if gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                told.store(true, Ordering::Release);
                handle.end();
            }
        };
        std::thread::Builder::new().name("deadline".to_owned()).stack_size(64 * 1024).spawn(wait)?;
        self.watch = Some(Watch { limit, late, _until: until });
        Ok(())
    }

    /// Returns the process id.
    pub fn id(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().try_into().ok()?)
    }

    /// Takes its input, where [`Command::piped_input`](super::ProgramCommand::piped_input) gave it one.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes its standard output, to read it piece by piece.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes its standard error, to read it piece by piece.
    pub fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Returns the handle that ends it from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle
    }

    /// Waits for its end and returns its output, except streams that were taken before.
    ///
    /// # Errors
    /// Fails when the output cannot be read, and when it was stopped because it wanted the terminal.
    pub fn finish(self) -> io::Result<Output> {
        self.finish_within(None, usize::MAX)
    }

    /// Waits for its end and returns its output, or ends it: after a time (`TimedOut`), or when its output on either
    /// stream exceeds a number of bytes (`FileTooLarge`).
    ///
    /// # Errors
    /// Fails like [`Running::finish`], and in these two cases.
    pub fn finish_within(mut self, limit: Option<Duration>, most: usize) -> io::Result<Output> {
        drop(self.child.stdin.take());
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut printed = Stream::new(self.child.stdout.take().map(OwnedFd::from), most);
        let mut said = Stream::new(self.child.stderr.take().map(OwnedFd::from), most);
        let end = self.id().and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
        let tick = if end.is_some() { TICK } else { SHORT_TICK };
        loop {
            if self.has_ended()? {
                break;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let seconds = limit.unwrap_or_default().as_secs();
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("it had not ended after {seconds} s")));
            }
            wait_for_output(&mut [&mut printed, &mut said], end.as_ref(), left.map_or(tick, |left| left.min(tick)))?;
        }
        if self.kind.ends_whole() {
            self.handle.end_group();
        }
        // Its own output is in the pipes by now; later output comes from other processes.
        let mut looks = LAST_LOOKS;
        while looks > 0 && wait_for_output(&mut [&mut printed, &mut said], None, Duration::ZERO)? {
            looks = looks.saturating_sub(1);
        }
        let status = self.reap()?;
        if let Some(watch) = self.watch.take().filter(|watch| watch.late.load(Ordering::Acquire)) {
            let seconds = watch.limit.as_secs();
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("it had not ended after {seconds} s")));
        }
        Ok(Output { status, stdout: printed.bytes, stderr: said.bytes })
    }

    /// Waits for the end of a program with the terminal.
    ///
    /// # Errors
    /// Fails when it cannot be waited for.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let id = self.id().ok_or(io::ErrorKind::NotFound)?;
        loop {
            match waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) => return self.reap(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends it, with its group, and waits for its end.
    pub fn end(&mut self) {
        if !self.reaped {
            self.handle.end();
            // A killed program ends at once, and only we can wait for it.
            let _status = self.reap();
        }
    }

    /// Tells whether it has ended; one that was stopped wants the terminal and will never end.
    fn has_ended(&self) -> io::Result<bool> {
        let id = self.id().ok_or(io::ErrorKind::NotFound)?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(id), options) {
            Ok(Some(status)) if status.stopped() => {
                const WANTS: [i32; 2] =
                    [rustix::process::Signal::TTIN.as_raw(), rustix::process::Signal::TTOU.as_raw()];
                if status.stopping_signal().is_some_and(|signal| WANTS.contains(&signal)) {
                    return Err(io::Error::other("it wants to ask on the terminal, which it cannot have here"));
                }
                Ok(false)
            }
            Ok(Some(_)) => Ok(true),
            Ok(None) | Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        // The process id may be reused once it is waited for, so it leaves the registry before.
        registry::forget(self.handle);
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Collects the output of a program on one stream.
struct Stream {
    from: Option<std::fs::File>,
    bytes: Vec<u8>,
    most: usize,
}

impl Stream {
    fn new(from: Option<OwnedFd>, most: usize) -> Self {
        Self { from: from.map(std::fs::File::from), bytes: Vec::new(), most }
    }

    /// Reads the available output of a ready stream; returns whether there was any.
    fn take(&mut self) -> io::Result<bool> {
        let Some(from) = &mut self.from else { return Ok(false) };
        let mut piece = zeroize::Zeroizing::new([0; 16 * 1024]);
        match from.read(piece.as_mut_slice()) {
            Ok(0) => self.from = None,
            Ok(count) => {
                if self.bytes.len() + count > self.most {
                    let why = format!("it said more than {} bytes", self.most);
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
                }
                self.bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

/// Waits until a stream has output or the program ends, and reads it; returns whether a stream had output.
fn wait_for_output(streams: &mut [&mut Stream], end: Option<&OwnedFd>, limit: Duration) -> io::Result<bool> {
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(limit.subsec_nanos()) };
    let ready: Vec<bool> = {
        let open: Vec<Option<BorrowedFd<'_>>> =
            streams.iter().map(|stream| stream.from.as_ref().map(AsFd::as_fd)).collect();
        let mut polled: Vec<PollFd<'_>> =
            open.iter().flatten().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        polled.extend(end.map(|end| PollFd::new(end, PollFlags::IN)));
        match poll(&mut polled, Some(&limit)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let mut polled = polled.iter();
        open.iter().map(|fd| fd.is_some() && polled.next().is_some_and(|fd| !fd.revents().is_empty())).collect()
    };
    let mut some = false;
    for (stream, ready) in streams.iter_mut().zip(ready) {
        some |= ready && stream.take()?;
    }
    Ok(some)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{ProgramCommand, ProgramKind};

    fn shell(kind: ProgramKind, script: &str) -> ProgramCommand {
        let mut command = ProgramCommand::new(kind, "sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn long_output_and_errors_are_read_side_by_side() {
        let script = "i=0; while [ $i -lt 9000 ]; do echo line-of-output; echo line-of-errors >&2; i=$((i+1)); done";
        let output = shell(ProgramKind::Git, script).output().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (9000 * 15, 9000 * 15));
    }

    #[test]
    fn what_a_helper_leaves_in_its_group_ends_with_it() {
        // The background process holds the pipe open, and would for ten minutes.
        let output = shell(ProgramKind::Git, "sleep 600 & echo $!").output().unwrap();
        let left: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let gone = || {
            // It may be a zombie until its new parent reaps it.
            let state = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
            state.is_empty() || state.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']))
        };
        while !gone() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_hooks_leave_running_is_left_and_not_waited_for() {
        let output = shell(ProgramKind::GitWrites, "sleep 600 & echo $!").output().unwrap();
        let left: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let left = rustix::process::Pid::from_raw(left).unwrap();
        rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    }

    #[test]
    fn one_that_is_dropped_or_ended_from_elsewhere_is_gone() {
        let running = shell(ProgramKind::Git, "sleep 600").spawn().unwrap();
        let id = running.id().unwrap();
        drop(running);
        assert!(rustix::process::test_kill_process(id).is_err());
        let running = shell(ProgramKind::Git, "sleep 600 & sleep 600").spawn().unwrap();
        running.handle().end();
        assert!(!running.finish().unwrap().status.success());
    }

    #[test]
    fn an_input_is_written_and_what_was_taken_is_read_elsewhere() {
        let mut running = shell(ProgramKind::Git, "cat; echo more >&2").piped_input().spawn().unwrap();
        let mut printed = running.stdout().unwrap();
        running.stdin().unwrap().write_all(b"one").unwrap();
        assert_eq!(std::io::read_to_string(&mut printed).unwrap(), "one");
        let output = running.finish().unwrap();
        assert!(output.stdout.is_empty() && output.stderr == b"more\n");
    }
}
