//! The signals that end, stop and continue the cockpit.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::programs::{Which, take_signals};

/// What a signal tells us.
pub(super) enum SignalEvent {
    /// To end.
    End,
    /// To stop, as Ctrl-Z does elsewhere.
    Stop,
    /// That we go on after a stop.
    Back,
}

/// The signals that end, stop and continue us.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    back: Signal,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn new() -> io::Result<Self> {
        let raw = |which: rustix::process::Signal| signal(SignalKind::from_raw(which.as_raw()));
        let signals = Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: raw(rustix::process::Signal::TSTP)?,
            back: raw(rustix::process::Signal::CONT)?,
        };
        // Whoever listens here ends us in good order.
        take_signals(Which::All);
        Ok(signals)
    }

    /// Waits for any of them. While the terminal is lent, what it sends to both of us, such as Ctrl-C, ends the borrower alone.
    pub(super) async fn next(&mut self, lent: bool) -> SignalEvent {
        tokio::select! {
            _ = self.hangup.recv() => SignalEvent::End,
            _ = self.terminate.recv() => SignalEvent::End,
            _ = self.interrupt.recv(), if !lent => SignalEvent::End,
            _ = self.quit.recv(), if !lent => SignalEvent::End,
            _ = self.stop.recv() => SignalEvent::Stop,
            _ = self.back.recv() => SignalEvent::Back,
        }
    }
}

/// Stops this process until it is continued.
pub(super) fn halt() -> io::Result<()> {
    Ok(rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?)
}
