//! The input from the terminal.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyModifiers};
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

/// The longest pause within an answer of the terminal: it sends one in one piece.
const WITHIN_REPLY: Duration = Duration::from_millis(50);

/// Leaves out answers of the terminal that nobody here asked for: those to a program that ran before (its colours, its
/// capabilities, its clipboard) arrive late over a slow line, and crossterm takes them for keys.
///
/// They are strings (ECMA-48 5.6, 8.3): OSC, DCS, APC, PM and SOS begin with `ESC` and a sign, which crossterm reads as
/// that sign with alt; BEL or `ESC \\` end them. A key with alt that nothing follows at once is a key.
#[derive(Debug, Default)]
struct StrayReplies {
    /// What may be the beginning of an answer.
    held: Option<Event>,
    /// Whether more of an answer may follow.
    within: bool,
}

impl StrayReplies {
    /// Tells whether a pause changes anything.
    fn waits(&self) -> bool {
        self.within || self.held.is_some()
    }

    /// Returns an event unless it is a part of an answer, or may begin one.
    fn pass(&mut self, event: Event) -> Option<Event> {
        let Event::Key(key) = &event else { return Some(event) };
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        if !self.waits() {
            if is_alt && matches!(key.code, KeyCode::Char(']' | 'P' | '_' | '^' | 'X')) {
                self.held = Some(event);
                return None;
            }
            return Some(event);
        }
        self.held = None;
        self.within = match key.code {
            KeyCode::Char('\\') => !is_alt,
            KeyCode::Char('g') => !key.modifiers.contains(KeyModifiers::CONTROL),
            _ => true,
        };
        None
    }

    /// Returns what was held, once nothing has followed for [`WITHIN_REPLY`].
    fn lapse(&mut self) -> Option<Event> {
        self.within = false;
        self.held.take()
    }
}

fn read(sender: mpsc::Sender<TerminalEvent>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stream = EventStream::new();
        let mut replies = StrayReplies::default();
        loop {
            let event = if replies.waits() {
                if let Ok(event) = tokio::time::timeout(WITHIN_REPLY, stream.next()).await {
                    event
                } else {
                    if let Some(key) = replies.lapse()
                        && sender.send(Some(Ok(key))).await.is_err()
                    {
                        return;
                    }
                    continue;
                }
            } else {
                stream.next().await
            };
            let gone = event.is_none();
            let event = match event {
                Some(Ok(event)) => match replies.pass(event) {
                    Some(event) => Some(Ok(event)),
                    None => continue,
                },
                other => other,
            };
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

#[cfg(test)]
mod tests {
    use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

    use super::StrayReplies;

    /// Reads a text as crossterm does: `ESC` makes the next sign one with alt, BEL is ctrl-g.
    fn keys(text: &str) -> Vec<Event> {
        let mut keys = Vec::new();
        let mut modifiers = KeyModifiers::NONE;
        for sign in text.chars() {
            match sign {
                '\u{1b}' => modifiers = KeyModifiers::ALT,
                '\u{7}' => keys.push(Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL))),
                sign => keys.push(Event::Key(KeyEvent::new(
                    KeyCode::Char(sign),
                    std::mem::replace(&mut modifiers, KeyModifiers::NONE),
                ))),
            }
        }
        keys
    }

    #[test]
    fn late_answers_of_the_terminal_are_no_keys() {
        for reply in [
            "\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\",
            "\u{1b}]10;rgb:0000/0000/0000\u{7}",
            "\u{1b}]52;c;RD1kZWxldGU=\u{7}",
            "\u{1b}P1+r544e=78\u{1b}\\",
            "\u{1b}_Gi=1;OK\u{1b}\\",
        ] {
            let mut replies = StrayReplies::default();
            assert!(keys(reply).into_iter().all(|key| replies.pass(key).is_none()), "{reply:?}");
            // What is typed right after it counts.
            assert!(keys("jD").into_iter().all(|key| replies.pass(key).is_some()), "{reply:?}");
        }
        let mut replies = StrayReplies::default();
        assert!(keys("jq]P_\u{7}\u{1b}f").into_iter().all(|key| replies.pass(key).is_some()), "keys stay keys");
        // A key with alt alone is one, and an answer without an end takes nothing of what comes later.
        assert!(keys("\u{1b}X").into_iter().all(|key| replies.pass(key).is_none()));
        assert_eq!(replies.lapse(), keys("\u{1b}X").pop());
        assert!(keys("\u{1b}]11;rgb").into_iter().all(|key| replies.pass(key).is_none()));
        assert_eq!(replies.lapse(), None);
        assert!(keys("q").into_iter().all(|key| replies.pass(key).is_some()));
        let resized = Event::Resize(80, 24);
        assert!(keys("\u{1b}]11;").into_iter().all(|key| replies.pass(key).is_none()));
        assert_eq!(replies.pass(resized.clone()), Some(resized));
    }
}
