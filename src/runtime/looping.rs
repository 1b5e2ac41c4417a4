//! The loop: keys and messages in, effects out, and a draw when something may have changed. Nothing runs on a timer while nobody acts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::effects::Performer;
use super::input::Input;
use super::lend::serve;
use super::pace::Pace;
use super::session::Session;
use super::terminal::Screen;
use crate::app::terminal::Loan;
use crate::app::{App, Effect, Key, Ledger, Msg};

/// Messages that may wait for the app; senders wait beyond that, so that memory stays bounded.
pub const CHANNEL: usize = 256;

/// Panels that follow the selection wait until no key has come for so long, so that a held key costs the list alone.
const REST: Duration = Duration::from_millis(60);

/// How long the reader of keys may take to leave the terminal to somebody else; it does so at once unless the machine is busy.
const HANDING_OVER: Duration = Duration::from_millis(20);

/// Ages are written by the minute, so time is told to the app once a minute.
const MINUTE: Duration = Duration::from_mins(1);

/// While somebody waits for an operation, the time that it takes is shown.
const SECOND: Duration = Duration::from_secs(1);

/// Runs the cockpit until the operator quits.
///
/// # Errors
/// Fails when the terminal is gone.
pub async fn run(mut app: App, screen: &mut Screen, session: Arc<Session>) -> io::Result<()> {
    let (sender, mut messages) = mpsc::channel(CHANNEL);
    let ledger = Ledger::default();
    let mut performer = Performer::new(Arc::clone(&session), sender.clone(), ledger, true);
    for entry in session.journal.unfinished().into_iter().rev().take(3) {
        let _closed = sender.try_send(Msg::Told(Err(crate::model::Fault::failed(
            format!("an operation of {} was cut off", entry.at),
            format!("`{}` on {} began and its end was never seen", entry.command, entry.object),
            "look at the object: its controller may have gone on",
        ))));
    }
    let mut outside = Outside { screen, rest: None, quit: false, lent: false };
    tracing::debug!("the loop begins");
    outside.begin(&mut app, &mut performer, &session)?;
    let mut keys = Input::open();
    let mut ends = Ends::new()?;
    // Only the first loop of a session lends its terminal; there is no second.
    let mut loans = session.terminal.open();
    let mut pace = Pace::default();
    let mut owed_draw: Option<Instant> = None;
    let mut minute = Instant::now() + MINUTE;
    while !outside.quit {
        let rest = outside.rest;
        tokio::select! {
            biased;
            event = keys.next() => {
                let Some(event) = event.transpose()? else { return Ok(()) };
                let message = match event {
                    Event::Key(event) => Key::from_event(&event).map(Msg::Key),
                    Event::Paste(text) => Some(Msg::Paste(text)),
                    Event::Resize(..) => Some(Msg::Resize),
                    _ => None,
                };
                if let Some(message) = message {
                    outside.take(&mut app, &mut performer, message)?;
                    outside.draw(&app)?;
                    owed_draw = None;
                }
            }
            () = ends.recv() => return Ok(()),
            Some(loan) = lent(&mut loans) => {
                // Nobody but the borrower may read the terminal. Keys that were read already stay in crossterm's queue for us.
                keys.pause().await;
                crossterm::event::poll(HANDING_OVER)?;
                let bytes = matches!(loan, Loan::Bytes(_));
                outside.lend(bytes)?;
                let mut serving = std::pin::pin!(serve(loan));
                loop {
                    tokio::select! {
                        () = &mut serving => break,
                        () = ends.lost() => return Ok(()),
                        Some(message) = messages.recv() => {
                            session.tell_time(&mut app.facts);
                            outside.take(&mut app, &mut performer, message)?;
                        }
                    }
                }
                outside.take_back()?;
                // What was meant for the borrower, such as its Ctrl-C, shall not end us now.
                ends = Ends::new()?;
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

/// Waits for somebody who needs the terminal.
async fn lent(loans: &mut Option<mpsc::Receiver<Loan>>) -> Option<Loan> {
    match loans {
        Some(loans) => loans.recv().await,
        None => std::future::pending().await,
    }
}

/// The signals that end us.
struct Ends {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Ends {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for any of them.
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
        }
    }

    /// Waits for those that are meant for us even while another program has the terminal: the terminal sends Ctrl-C to both.
    async fn lost(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The screen, and what the loop must remember of effects that concern it.
struct Outside<'a> {
    screen: &'a mut Screen,
    rest: Option<Instant>,
    quit: bool,
    /// Whether somebody else has the terminal; nothing is drawn then.
    lent: bool,
}

impl Outside<'_> {
    fn begin(&mut self, app: &mut App, performer: &mut Performer, session: &Session) -> io::Result<()> {
        // The frame that waits for a few milliseconds with the tree in it is worth more than an empty one before it.
        if let Some(tree) = performer.list() {
            self.take(app, performer, tree)?;
        }
        self.draw(app)?;
        performer.rescan();
        self.take(app, performer, Msg::Environments(session.environments.clone(), session.unconnected()))?;
        self.draw(app)
    }

    fn take(&mut self, app: &mut App, performer: &mut Performer, message: Msg) -> io::Result<()> {
        let began = Instant::now();
        let effects = app.update(message);
        tracing::trace!(took = ?began.elapsed(), effects = effects.len(), "updated");
        for effect in effects {
            match performer.perform(effect) {
                None => {}
                Some(Effect::Rest) => self.rest = Some(Instant::now() + REST),
                // Nothing is drawn while somebody else has the terminal: all of it is, once it is back.
                Some(Effect::Redraw | Effect::Forget | Effect::Copy(_) | Effect::Stop) if self.lent => {}
                Some(Effect::Redraw) => self.screen.redraw()?,
                Some(Effect::Forget) => {
                    // ratatui keeps the last two frames: both are drawn over, the second without any difference to show.
                    self.draw(app)?;
                    self.screen.redraw()?;
                }
                Some(Effect::Copy(text)) => match self.screen.copy(&text) {
                    Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                        let why = error.to_string();
                        let fault = crate::model::Fault::failed("nothing was copied", why, "copy less at a time");
                        self.take(app, performer, Msg::Told(Err(fault)))?;
                    }
                    copied => copied?,
                },
                Some(Effect::Stop) => self.stop()?,
                Some(_) => self.quit = true,
            }
        }
        Ok(())
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

    /// Leaves the screen for somebody who needs the terminal; bytes are taken as they are typed.
    fn lend(&mut self, bytes: bool) -> io::Result<()> {
        self.screen.pause();
        self.lent = true;
        if bytes { crossterm::terminal::enable_raw_mode() } else { Ok(()) }
    }

    /// Takes the terminal back. Both frames that ratatui keeps are wiped by it, as closing a secret asks for.
    fn take_back(&mut self) -> io::Result<()> {
        self.lent = false;
        self.screen.resume()
    }

    /// Stops the process as Ctrl-Z does elsewhere; raw mode keeps the terminal from doing it.
    fn stop(&mut self) -> io::Result<()> {
        self.screen.pause();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        self.screen.resume()
    }
}
