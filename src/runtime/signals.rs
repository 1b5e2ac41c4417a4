//! The signals that end, stop and continue the cockpit.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::programs::{Which, take_signals};

/// The markers that are sent after a signal of the past.
const MARKERS: usize = 4;

/// The meaning of a signal.
pub(super) enum SignalEvent {
    /// Ends us.
    End,
    /// Stops us, as Ctrl-Z does elsewhere.
    Stop,
    /// Continues us after a stop.
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
    /// Starts to receive them.
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
        // The receiver ends us in good order.
        take_signals(Which::All);
        Ok(signals)
    }

    /// Starts to receive those that come from now on: one that came before, such as the Ctrl-C of a program that had the
    /// terminal, is not received, even if it waits to be handed on.
    pub(super) async fn anew() -> io::Result<Self> {
        let marker = rustix::process::Signal::URG;
        let mut last = signal(SignalKind::from_raw(marker.as_raw()))?;
        // Signals are handed on in the order of their numbers, each at once to all who wait: this one comes last. Another
        // thread that took the signal before may still be about to hand it on, and gets these turns to do so.
        for _ in 0..MARKERS {
            rustix::process::kill_process(rustix::process::getpid(), marker)?;
            let _received = last.recv().await;
        }
        Self::new()
    }

    /// Waits for any of them. While the terminal is lent, its signals to both of us, such as Ctrl-C, end only the
    /// borrower.
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

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::Signals;

    #[tokio::test]
    async fn an_interrupt_of_the_past_does_not_end_us() {
        let _receives = Signals::new().unwrap();
        for _ in 0..50 {
            kill_process(getpid(), Signal::INT).unwrap();
            let mut ends = Signals::anew().await.unwrap();
            let told = tokio::select! {
                biased;
                _ = ends.next(false) => true,
                () = tokio::task::yield_now() => false,
            };
            assert!(!told);
        }
    }
}
