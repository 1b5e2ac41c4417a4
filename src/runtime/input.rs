//! What the terminal sends.

use std::io;

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Keys that may wait while the app is busy; a paste is one event.
const WAITING: usize = 64;

/// Reads what the terminal sends, until it is dropped.
///
/// A task of its own asks crossterm's stream: each time that one is asked without there being an event, it tries a lock that its own thread
/// holds, and gives the processor away in between. The loop, woken by every row of a watch, would lose milliseconds at each.
#[derive(Debug)]
pub struct Input {
    events: mpsc::Receiver<io::Result<Event>>,
    reader: JoinHandle<()>,
}

impl Input {
    /// Begins to read.
    pub fn open() -> Self {
        let (sender, events) = mpsc::channel(WAITING);
        let reader = tokio::spawn(async move {
            let mut stream = EventStream::new();
            while let Some(event) = stream.next().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        Self { events, reader }
    }

    /// Returns the next event; `None` once the terminal is gone.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
