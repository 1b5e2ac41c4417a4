//! The input from the terminal.

use std::io;

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The most events that wait while the app is busy; a paste is one event.
const WAITING: usize = 64;

/// An event from a reader; `None` once the terminal is gone.
type TerminalEvent = Option<io::Result<Event>>;

/// Reads the terminal's input, until it is paused or dropped.
///
/// A task of its own polls crossterm's stream: each poll without an event tries a lock that the stream's own thread
/// holds, and yields the processor in between. The loop, which every row of a watch wakes, would lose milliseconds at
/// each.
#[derive(Debug)]
pub struct TerminalInput {
    sender: mpsc::Sender<TerminalEvent>,
    events: mpsc::Receiver<TerminalEvent>,
    reader: JoinHandle<()>,
}

impl TerminalInput {
    /// Begins to read.
    pub fn open() -> Self {
        let (sender, events) = mpsc::channel(WAITING);
        let reader = read(sender.clone());
        Self { sender, events, reader }
    }

    /// Returns the next event; `None` once the terminal is gone.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await.flatten()
    }

    /// Stops reading, so that another program can read; events that are already read stay.
    pub async fn pause(&mut self) {
        self.reader.abort();
        // It ends by the abort, which is expected.
        let _aborted = (&mut self.reader).await;
    }

    /// Reads again.
    pub fn resume(&mut self) {
        self.reader = read(self.sender.clone());
    }
}

fn read(sender: mpsc::Sender<TerminalEvent>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stream = EventStream::new();
        loop {
            let event = stream.next().await;
            let gone = event.is_none();
            if sender.send(event).await.is_err() || gone {
                return;
            }
        }
    })
}

impl Drop for TerminalInput {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
