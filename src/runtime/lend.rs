//! Lends the terminal to a program or to a stream of bytes; the loop keeps taking messages meanwhile.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::pin::pin;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::app::terminal::{Ended, HeldTerminal, Lingers, Program, TerminalLease, Tty};
use crate::model::Fault;
use crate::model::text::field;
use crate::programs::{self, Left, ProgramCommand};

/// The most pieces of input or output that wait; a slow side delays the other.
const PIECES: usize = 64;

/// The most bytes read from the terminal at once; a paste comes in several.
const PIECE: usize = 4096;

/// Serves a lease to its end. The screen must be left before; for bytes the terminal is still in raw mode. Returns
/// programs that had it and still run, such as an editor in the background.
pub(super) async fn serve(lease: TerminalLease) -> Vec<Left> {
    match lease {
        TerminalLease::Program(program, answer) => {
            let ended = run(program).await;
            // The borrower may have been cancelled; the program had its terminal all the same.
            let _unheard = answer.send(ended);
            // A failure of this query is no failure of the request.
            tokio::task::spawn_blocking(programs::runs_on).await.unwrap_or_default()
        }
        TerminalLease::Held(answer) => {
            let (held, back) = HeldTerminal::lend();
            if answer.send(held).is_ok() {
                // The borrower drops it instead of answering.
                let _dropped = back.await;
            }
            Vec::new()
        }
        TerminalLease::Bytes(answer) => {
            let (Ok(winch), Ok((stopped, stop))) = (signal(SignalKind::window_change()), rustix::pipe::pipe()) else {
                return Vec::new();
            };
            let (typed, input) = mpsc::channel(PIECES);
            let (output, shown) = mpsc::channel(PIECES);
            let (errors, complained) = mpsc::channel(PIECES);
            let (sized, size) = watch::channel(crossterm::terminal::size().unwrap_or((80, 24)));
            let reader = tokio::task::spawn_blocking(move || read(&stopped, &typed));
            if answer.send(Tty { input, output, errors, size }).is_ok() {
                show(shown, complained, winch, &sized).await;
            }
            // The reader ends without taking a byte for another program.
            drop(stop);
            let _ended = reader.await;
            Vec::new()
        }
    }
}

async fn run(program: Program) -> Result<Ended, Fault> {
    let name = program.name.to_string_lossy().into_owned();
    let lost = |error: io::Error| {
        Fault::failed(format!("cannot run {name}"), error.to_string(), "is it installed, and in PATH?")
    };
    let mut command = ProgramCommand::new(program.kind, &program.name);
    command.args(&program.arguments).envs(program.variables.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    let running = command.spawn().map_err(lost)?;
    let _asked = AskedToEnd(running.handle());
    let status = tokio::task::spawn_blocking(move || running.wait()).await;
    let status = status.map_err(|error| lost(io::Error::other(error)))?.map_err(lost)?;
    let ended = Ended { code: status.code() };
    if program.lingers == Lingers::Failed && !ended.is_good() {
        linger(&format!("{name}: {}; enter goes back to fluxdeck", ended.word())).await;
    }
    Ok(ended)
}

/// Ends a program that is no longer needed, as when a signal ends us; one that has ended gets no signal.
struct AskedToEnd(programs::Handle);

impl Drop for AskedToEnd {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Leaves a program's output on the terminal until the user presses enter.
async fn linger(words: &str) {
    let mut out = io::stdout();
    // A terminal that is gone has no user.
    let _gone = out.write_all(format!("\n{} ", field(words)).as_bytes()).and_then(|()| out.flush());
    let _read = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
}

/// Writes the output until its end, and reports new sizes.
async fn show(
    mut shown: mpsc::Receiver<Vec<u8>>,
    mut complained: mpsc::Receiver<Vec<u8>>,
    mut winch: Signal,
    sized: &watch::Sender<(u16, u16)>,
) {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    loop {
        tokio::select! {
            piece = shown.recv() => {
                let Some(piece) = piece else {
                    // Both ends are dropped together; error output may still wait.
                    while let Some(piece) = complained.recv().await {
                        let _gone = err.write_all(&piece);
                    }
                    return;
                };
                if out.write_all(&piece).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
            Some(piece) = complained.recv() => {
                if err.write_all(&piece).is_err() {
                    return;
                }
            }
            _ = winch.recv() => {
                if let Ok(size) = crossterm::terminal::size() {
                    sized.send_replace(size);
                }
            }
        }
    }
}

/// Reads the user's input until the other end of the pipe is closed, or the receiver is gone.
fn read(stopped: &OwnedFd, typed: &mpsc::Sender<Vec<u8>>) {
    let stdin = io::stdin();
    let mut buffer = vec![0; PIECE];
    loop {
        let mut fds = [PollFd::new(stopped, PollFlags::IN), PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        let [stop, input] = &fds;
        if !stop.revents().is_empty() {
            return;
        }
        if input.revents().is_empty() {
            continue;
        }
        match rustix::io::read(stdin.as_fd(), &mut buffer) {
            Ok(count) if count > 0 => {
                let piece = buffer.get(..count).unwrap_or_default().to_vec();
                if typed.blocking_send(piece).is_err() {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}

/// Runs work and lends it this process's own streams on request, the headless way; ends once all output is written.
///
/// # Errors
/// Fails if the terminal cannot be lent.
pub async fn lend_to<T>(lender: &crate::app::Lender, raw: bool, work: impl Future<Output = T>) -> Result<T, Fault> {
    let cannot = |why: String| Fault::failed("cannot take the terminal", why, "run it without one");
    let mut leases = lender.open().ok_or_else(|| cannot("it is lent already".to_owned()))?;
    let mut work = pin!(work);
    loop {
        let lease = tokio::select! {
            done = &mut work => return Ok(done),
            Some(lease) = leases.recv() => lease,
        };
        let raw = raw && matches!(lease, TerminalLease::Bytes(_));
        if raw {
            crossterm::terminal::enable_raw_mode().map_err(|error| cannot(error.to_string()))?;
        }
        let _raw = Raw(raw);
        let mut serving = pin!(serve(lease));
        // The end of the call reports programs that still run.
        tokio::select! {
            _left = &mut serving => {}
            done = &mut work => {
                let _left = serving.await;
                return Ok(done);
            }
        }
    }
}

/// Leaves raw mode on drop, also if the lease is cut short.
struct Raw(bool);

impl Drop for Raw {
    fn drop(&mut self) {
        if self.0 {
            // A terminal that is gone needs no restoring.
            let _gone = crossterm::terminal::disable_raw_mode();
        }
    }
}
