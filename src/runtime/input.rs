//! What the terminal sends.

use std::io;

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Keys that may wait while the app is busy; a paste is one event.
const WAITING: usize = 64;

/// What a reader tells; `None` once the terminal is gone.
type TerminalEvent = Option<io::Result<Event>>;

/// Reads what the terminal sends, until it is paused or dropped.
///
/// A task of its own asks crossterm's stream: each time that one is asked without there being an event, it tries a lock that its own thread
/// holds, and gives the processor away in between. The loop, woken by every row of a watch, would lose milliseconds at each.
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

    /// Stops reading, so that somebody else can; what was read already stays.
    pub async fn pause(&mut self) {
        self.reader.abort();
        // It ends by being aborted, which is no news.
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
