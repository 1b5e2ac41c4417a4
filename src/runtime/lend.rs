//! Gives the terminal to a program or to a stream of bytes; the loop keeps taking messages meanwhile.

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

/// How many pieces of input or output may wait; a slow side holds up the other.
const PIECES: usize = 64;

/// The most bytes read from the terminal at once; a paste comes in several.
const PIECE: usize = 4096;

/// Serves a loan to its end. The screen must have been left before; for bytes the terminal is still in raw mode.
/// Returns what had it and runs on, such as an editor that went into the background.
pub(super) async fn serve(loan: TerminalLease) -> Vec<Left> {
    match loan {
        TerminalLease::Program(program, answer) => {
            let ended = run(program).await;
            // Whoever asked may have been cancelled; the program had its terminal all the same.
            let _unheard = answer.send(ended);
            // A defect of the look is not one of what was asked for.
            tokio::task::spawn_blocking(programs::runs_on).await.unwrap_or_default()
        }
        TerminalLease::Held(answer) => {
            let (held, back) = HeldTerminal::lend();
            if answer.send(held).is_ok() {
                // It is dropped rather than answered.
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
            // The reader leaves without taking a byte that was not meant for it.
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

/// Asks a program to end when nobody waits for it any more, as when a signal ends us; one that has ended is not asked.
struct AskedToEnd(programs::Handle);

impl Drop for AskedToEnd {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Leaves what a program said on the terminal until enter is pressed.
async fn linger(words: &str) {
    let mut out = io::stdout();
    // A terminal that is gone has nobody before it.
    let _gone = out.write_all(format!("\n{} ", field(words)).as_bytes()).and_then(|()| out.flush());
    let _read = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
}

/// Writes what is to be shown until nothing more comes, and tells of new sizes.
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
                    // Both ends are dropped together; what was written as errors may still wait.
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

/// Reads what is typed until the other end of the pipe is closed, or nobody listens.
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

/// Does work and lends it this process's own streams when it asks, the headless way; ends once all that it wrote is written.
///
/// # Errors
/// Fails when the terminal cannot be lent.
pub async fn lend_to<T>(lender: &crate::app::Lender, raw: bool, work: impl Future<Output = T>) -> Result<T, Fault> {
    let cannot = |why: String| Fault::failed("cannot take the terminal", why, "run it without one");
    let mut loans = lender.open().ok_or_else(|| cannot("it is lent already".to_owned()))?;
    let mut work = pin!(work);
    loop {
        let loan = tokio::select! {
            done = &mut work => return Ok(done),
            Some(loan) = loans.recv() => loan,
        };
        let raw = raw && matches!(loan, TerminalLease::Bytes(_));
        if raw {
            crossterm::terminal::enable_raw_mode().map_err(|error| cannot(error.to_string()))?;
        }
        let _raw = Raw(raw);
        let mut serving = pin!(serve(loan));
        // What runs on is told as the call ends.
        tokio::select! {
            _left = &mut serving => {}
            done = &mut work => {
                let _left = serving.await;
                return Ok(done);
            }
        }
    }
}

/// Leaves raw mode when it is dropped, also when what was served is cut short.
struct Raw(bool);

impl Drop for Raw {
    fn drop(&mut self) {
        if self.0 {
            // A terminal that is gone needs no restoring.
            let _gone = crossterm::terminal::disable_raw_mode();
        }
    }
}
