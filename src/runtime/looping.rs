//! The loop: keys and messages in, effects out, and a draw when something may have changed. Nothing runs on a timer
//! without activity.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::clipboard::TerminalMultiplexer;
use super::effects::Performer;
use super::input::TerminalInput;
use super::lend::serve;
use super::pace::Pace;
use super::session::Session;
use super::signals::{SignalEvent, Signals, halt};
use super::terminal::Screen;
use super::unkept::unkept;
use crate::app::terminal::TerminalLease;
use crate::app::{App, Key, Msg, OnScreen, PendingCount};
use crate::model::Fault;
use crate::programs::Leftovers;

/// The most messages that wait for the app; senders block beyond that, so that memory stays bounded.
pub const CHANNEL: usize = 256;

/// The time without a key before panels follow the selection, so that a held key costs the list alone.
const REST: Duration = Duration::from_millis(60);

/// The longest wait for the reader of keys to release the terminal; it does so at once unless the machine is busy.
const HANDING_OVER: Duration = Duration::from_millis(20);

/// Ages are shown by the minute, so the app gets the time once a minute.
const MINUTE: Duration = Duration::from_mins(1);

/// The duration of a running operation is shown by the second.
const SECOND: Duration = Duration::from_secs(1);

/// The time that a secret stays on the clipboard: enough to paste it.
const SECRET_COPIED: Duration = Duration::from_secs(30);

/// The most cut-off operations that are reported: the journal has them all.
const TOLD: usize = 3;

/// Runs the cockpit until the operator quits.
///
/// # Errors
/// Fails if the terminal is gone.
pub async fn run(
    mut app: App,
    screen: &mut Screen,
    session: Arc<Session>,
    leftovers: Arc<Leftovers>,
) -> io::Result<()> {
    let (sender, mut messages) = mpsc::channel(CHANNEL);
    let mut performer = Performer::new(Arc::clone(&session), sender.clone(), PendingCount::default(), true);
    tell_what_comes(&session, &sender);
    let mut outside = Outside { screen, rest: None, quit: false, lent: false, secret_copied: None, stopped: false };
    tracing::debug!("the loop begins");
    // This precedes the first frame: from then on, signals that end us restore the terminal.
    let mut ends = Signals::new()?;
    outside.begin(&mut app, &mut performer, &session)?;
    tell_left(leftovers, sender);
    let mut keys = TerminalInput::open();
    // Only the first loop of a session lends its terminal; there is no second.
    let mut leases = session.terminal.open();
    let mut pace = Pace::default();
    let mut owed_draw: Option<Instant> = None;
    let mut minute = Instant::now() + MINUTE;
    while !outside.quit {
        let (rest, copied) = (outside.rest, outside.secret_copied);
        tokio::select! {
            biased;
            event = keys.next() => {
                let Some(event) = event.transpose()? else { return Ok(()) };
                if let Some(message) = message_of(event) {
                    outside.take(&mut app, &mut performer, message)?;
                    outside.draw(&app)?;
                    owed_draw = None;
                }
            }
            told = ends.next(false) => match told {
                SignalEvent::End => return Ok(()),
                SignalEvent::Stop => outside.stop_and_draw(&app)?,
                SignalEvent::Back => outside.come_back(&app)?,
            },
            Some(lease) = lent(&mut leases) => {
                // Only the borrower may read the terminal. Keys that are already read stay in crossterm's queue for us.
                keys.pause().await;
                crossterm::event::poll(HANDING_OVER)?;
                let bytes = matches!(lease, TerminalLease::Bytes(_));
                outside.lend(bytes)?;
                let mut serving = std::pin::pin!(serve(lease));
                let left = loop {
                    tokio::select! {
                        left = &mut serving => break left,
                        told = ends.next(true) => match told {
                            SignalEvent::End => return Ok(()),
                            // The terminal stops both of us: the borrower leaves its own screen.
                            SignalEvent::Stop => halt()?,
                            SignalEvent::Back => {}
                        },
                        Some(message) = messages.recv() => {
                            session.tell_time(&mut app.facts);
                            outside.take(&mut app, &mut performer, message)?;
                        }
                    }
                };
                outside.take_back()?;
                for one in left {
                    outside.take(&mut app, &mut performer, Msg::Told(Err(one.fault())))?;
                }
                // A signal for the borrower, such as its Ctrl-C, must not end us now.
                ends = Signals::anew().await?;
                keys.resume();
                outside.draw(&app)?;
            }
            Some(message) = messages.recv() => {
                session.tell_time(&mut app.facts);
                outside.take(&mut app, &mut performer, message)?;
                while let Ok(message) = messages.try_recv() {
                    outside.take(&mut app, &mut performer, message)?;
                }
                owed_draw = Some(pace.next());
                if owed_draw.is_some_and(|at| at <= Instant::now()) {
                    outside.draw(&app)?;
                    pace.drew();
                    owed_draw = None;
                }
            }
            () = sleep_until(owed_draw.unwrap_or(minute)), if owed_draw.is_some() => {
                outside.draw(&app)?;
                pace.drew();
                owed_draw = None;
            }
            () = sleep_until(copied.unwrap_or(minute)), if copied.is_some() && !outside.lent => {
                outside.clear_clipboard()?;
            }
            () = sleep_until(rest.unwrap_or(minute)), if rest.is_some() => {
                outside.rest = None;
                outside.take(&mut app, &mut performer, Msg::Rested)?;
                outside.draw(&app)?;
            }
            () = sleep(SECOND), if app.facts.running().any(|known| known.is_awaited(app.facts.now)) => {
                session.tell_time(&mut app.facts);
                outside.draw(&app)?;
            }
            () = sleep_until(minute) => {
                minute += MINUTE;
                session.tell_time(&mut app.facts);
                outside.take(&mut app, &mut performer, Msg::Time(session.clock.now()))?;
                outside.draw(&app)?;
            }
        }
    }
    performer.leave().await;
    Ok(())
}

/// Converts an event of the terminal to a message, if it has a meaning.
fn message_of(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => Key::from_event(&event).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(..) => Some(Msg::Resize),
        _ => None,
    }
}

/// Waits for a borrower of the terminal.
async fn lent(leases: &mut Option<mpsc::Receiver<TerminalLease>>) -> Option<TerminalLease> {
    match leases {
        Some(leases) => leases.recv().await,
        None => std::future::pending().await,
    }
}

/// Reports operations that an earlier crash cut off.
fn tell_cut_off(session: &Session, sender: &mpsc::Sender<Msg>) {
    for entry in session.journal.cut_off().into_iter().rev().take(TOLD) {
        let _closed = sender.try_send(Msg::Told(Err(Fault::failed(
            format!("an operation of {:.0} was cut off", entry.at),
            format!("`{}` on {} began and its end was never seen", entry.command, entry.object),
            "look at the object: its controller may have gone on",
        ))));
    }
}

/// Reports what was left before, and from now on what takes long.
fn tell_what_comes(session: &Session, sender: &mpsc::Sender<Msg>) {
    tell_cut_off(session, sender);
    for fault in unkept(session) {
        let _closed = sender.try_send(Msg::Told(Err(fault)));
    }
    tell_building(session, sender.clone());
    tell_lessons(session, sender.clone());
}

/// Reports how often lessons were met before, once that is read.
fn tell_lessons(session: &Session, sender: mpsc::Sender<Msg>) {
    let Some(place) = super::lessons::place(session) else { return };
    tokio::task::spawn_blocking(move || {
        let _closed = sender.blocking_send(Msg::Lessons(super::lessons::read(&place)));
    });
}

/// Reports the progress of a long rendering.
fn tell_building(session: &Session, sender: mpsc::Sender<Msg>) {
    session.renderer.tell_progress(move |progress| {
        // If the app is busy, the next report is enough.
        let _late = sender.try_send(Msg::Building(progress));
    });
}

/// Reports editors of a killed fluxdeck, once they are found.
fn tell_left(leftovers: Arc<Leftovers>, sender: mpsc::Sender<Msg>) {
    leftovers.begin();
    tokio::task::spawn_blocking(move || {
        for left in leftovers.take() {
            let _closed = sender.blocking_send(Msg::Told(Err(left.fault())));
        }
    });
}

/// The screen, and the loop's state for effects on it.
struct Outside<'a> {
    screen: &'a mut Screen,
    rest: Option<Instant>,
    quit: bool,
    /// Whether another program has the terminal; nothing is drawn then.
    lent: bool,
    /// The time to clear a secret from the clipboard.
    secret_copied: Option<Instant>,
    /// Whether we stopped ourselves, and have already drawn when the signal to continue arrives.
    stopped: bool,
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        // At any end of the program, the terminal may be gone already.
        let _ = self.clear_clipboard();
    }
}

impl Outside<'_> {
    fn begin(&mut self, app: &mut App, performer: &mut Performer, session: &Session) -> io::Result<()> {
        // Connections start first: they wait for others, and nothing else does.
        self.take(app, performer, Msg::Environments(session.environments.clone(), session.unconnected()))?;
        // A frame that waits a few milliseconds for the tree is worth more than an empty one before it.
        if let Some(tree) = performer.list() {
            self.take(app, performer, tree)?;
        }
        self.draw(app)?;
        performer.rescan();
        Ok(())
    }

    fn take(&mut self, app: &mut App, performer: &mut Performer, message: Msg) -> io::Result<()> {
        let began = Instant::now();
        let effects = app.update(message);
        tracing::trace!(took = ?began.elapsed(), effects = effects.len(), "updated");
        for effect in effects {
            match performer.perform(effect) {
                None => {}
                Some(OnScreen::Rest) => self.rest = Some(Instant::now() + REST),
                // Nothing is drawn while another program has the terminal: everything is, once it is back.
                Some(
                    OnScreen::Redraw | OnScreen::Forget | OnScreen::Copy(_) | OnScreen::CopySecret(_) | OnScreen::Stop,
                ) if self.lent => {}
                Some(OnScreen::Redraw) => self.screen.redraw()?,
                Some(OnScreen::Forget) => {
                    // ratatui keeps the last two frames: both are overwritten, the second without a visible difference.
                    self.draw(app)?;
                    self.screen.redraw()?;
                }
                Some(OnScreen::Copy(text)) => {
                    self.secret_copied = None;
                    self.copy(&text, app, performer)?;
                }
                Some(OnScreen::CopySecret(text)) => {
                    self.secret_copied = Some(Instant::now() + SECRET_COPIED);
                    self.copy(text.expose(), app, performer)?;
                }
                Some(OnScreen::Stop) => self.stop()?,
                Some(OnScreen::Quit) => self.quit = true,
            }
        }
        Ok(())
    }

    fn copy(&mut self, text: &str, app: &mut App, performer: &mut Performer) -> io::Result<()> {
        match self.screen.copy(text) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let why = error.to_string();
                let fault = Fault::failed("nothing was copied", why, "copy less at a time");
                self.secret_copied = None;
                self.take(app, performer, Msg::Told(Err(fault)))
            }
            Err(error) => Err(error),
            Ok(()) => match TerminalMultiplexer::here().condition() {
                Some(condition) => self.take(app, performer, Msg::Added(condition)),
                None => Ok(()),
            },
        }
    }

    /// Clears a secret from the clipboard.
    fn clear_clipboard(&mut self) -> io::Result<()> {
        if self.secret_copied.take().is_some() { self.screen.copy("") } else { Ok(()) }
    }

    fn draw(&mut self, app: &App) -> io::Result<()> {
        if self.lent {
            return Ok(());
        }
        let began = Instant::now();
        self.screen.terminal.draw(|frame| app.render(frame))?;
        tracing::trace!(took = ?began.elapsed(), "drew");
        Ok(())
    }

    /// Leaves the screen for a borrower of the terminal; raw mode passes bytes as they are typed.
    fn lend(&mut self, bytes: bool) -> io::Result<()> {
        self.screen.pause();
        self.lent = true;
        if bytes { crossterm::terminal::enable_raw_mode() } else { Ok(()) }
    }

    /// Takes the terminal back. That wipes both frames of ratatui, which closing a secret requires.
    fn take_back(&mut self) -> io::Result<()> {
        self.lent = false;
        self.screen.resume()
    }

    /// Stops the process as Ctrl-Z does elsewhere; raw mode keeps the terminal from doing it.
    fn stop(&mut self) -> io::Result<()> {
        self.screen.pause();
        halt()?;
        self.stopped = true;
        self.screen.resume()
    }

    fn stop_and_draw(&mut self, app: &App) -> io::Result<()> {
        self.stop()?;
        self.draw(app)
    }

    /// Takes the terminal over again after another process stopped us: the shell may have changed its modes and its
    /// screen.
    fn come_back(&mut self, app: &App) -> io::Result<()> {
        let ours = rustix::termios::tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp());
        if std::mem::take(&mut self.stopped) || !ours {
            return Ok(());
        }
        self.screen.pause();
        self.screen.resume()?;
        self.draw(app)
    }
}
