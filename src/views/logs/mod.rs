//! A followed log: that of a pod, or that of the controller behind a Flux object, filtered to the object.
//!
//! ```text
//! +> staging  kustomize-controller  Kustomization/flux-system/apps ---------------------+
//! | following kustomize-controller-7d9f  12 of 3,410 lines                    at the end |
//! |  12:00:01Z info  server-side apply completed  revision=main@dc5f039                  |
//! |> 12:00:03Z error Reconciliation failed after 3s  error: …                            |
//! +--------------------------------------------------------------------------------------+
//! ```

mod buffer;
mod feed;
mod layout;
mod paint;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::motion::step;
use crate::app::{Action, CommandTarget, Motion, Notice, Scene, View};
use crate::cluster::logs::LogSource;
use crate::model::log::LogEvent;
use crate::model::text;
use buffer::{Buffer, LogFilter};
use feed::{Batch, Containers, Extent, FeedEvent};

/// The columns by which a line moves to the side at a time.
const PAN: usize = 20;

/// Names the change that one of the view's own commands makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// All lines of the controller, or only those of the object.
    All,
    /// The lines as the container wrote them, or in a readable form.
    AsWritten,
    /// The lines around the matches, too, or the matches alone.
    Around,
    /// Long lines wrapped or cut.
    Wrap,
    /// With times or without.
    Times,
    /// The time to go back.
    Since,
    /// The run of the container before this one, or the one that runs.
    Previous,
    /// The container.
    Container,
    /// No change: the selected line is copied.
    Copy,
}

/// The state of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Connecting,
    Waiting,
    Following(String),
    Interrupted(String),
    Ended(String),
}

/// Follows a log.
#[derive(Debug)]
pub struct Logs {
    source: LogSource,
    buffer: Buffer,
    state: State,
    /// The pods of the lines; each line names its own if there are several.
    pods: BTreeSet<Arc<str>>,
    lost: u64,
    /// The number of the selected line; `None` while the view follows the end.
    at: Option<u64>,
    /// The number of the first drawn line, and the height of the page; rendering only reads the view.
    top: Cell<u64>,
    page: Cell<u16>,
    wrap: bool,
    times: bool,
    pan: usize,
    extent: Extent,
    /// Ends the stream once another takes its place, or the view closes.
    stream: DropGuard,
}

impl Logs {
    /// Opens a log at its end.
    pub fn new(source: LogSource) -> Self {
        let mut buffer = Buffer::default();
        buffer.sift(LogFilter { concerning: source.speaks_of().is_some(), ..LogFilter::default() });
        Self {
            source,
            buffer,
            state: State::Connecting,
            pods: BTreeSet::new(),
            lost: 0,
            at: None,
            top: Cell::default(),
            page: Cell::default(),
            wrap: false,
            times: true,
            pan: 0,
            extent: Extent::default(),
            stream: CancellationToken::new().drop_guard(),
        }
    }

    /// Starts again, with another source or extent; the look of the lines stays.
    fn restart(&mut self, source: LogSource, extent: Extent) -> Vec<Action> {
        let sieve = self.buffer.sieve().clone();
        *self = Self { wrap: self.wrap, times: self.times, extent, ..Self::new(source) };
        self.buffer.sift(sieve);
        vec![self.follow()]
    }

    fn follow(&mut self) -> Action {
        let token = CancellationToken::new();
        self.stream = token.clone().drop_guard();
        Action::Task(feed::task(self.source.clone(), self.extent, token))
    }

    /// Reads the container after the present one.
    fn next_container(&mut self, found: Containers, scene: &Scene<'_>) -> Vec<Action> {
        let names = match found.0 {
            Ok(names) => names,
            Err(fault) => return vec![Action::Tell(Notice::fault(scene.facts.now, fault))],
        };
        let current = self.source.container().or(names.first().map(String::as_str));
        let at = names.iter().position(|name| Some(name.as_str()) == current).unwrap_or(0);
        match names.get(at + 1).or(names.first()) {
            Some(next) if names.len() > 1 => {
                let (mut source, notice) = (self.source.clone(), format!("container {next} of {}", names.join(", ")));
                source.read_container(next.clone());
                let mut actions = self.restart(source, self.extent);
                actions.push(Action::Tell(Notice::info(scene.facts.now, notice)));
                actions
            }
            _ => vec![Action::Tell(Notice::info(scene.facts.now, "there is one container alone"))],
        }
    }

    /// Returns the place of the selected line among the shown ones.
    fn selected(&self) -> usize {
        self.at.map_or_else(|| self.buffer.shown().saturating_sub(1), |number| self.buffer.place(number))
    }

    /// Selects the line at a place; at the last one the view follows the end.
    fn select(&mut self, index: usize) {
        self.at = if index + 1 >= self.buffer.shown() { None } else { self.buffer.number(index) };
    }

    /// Changes the filter, and keeps the place.
    fn sift(&mut self, change: impl FnOnce(&mut LogFilter)) {
        let number = self.at.and_then(|_| self.buffer.number(self.selected()));
        let mut sieve = self.buffer.sieve().clone();
        change(&mut sieve);
        self.buffer.sift(sieve);
        if let Some(number) = number {
            self.select(self.buffer.place(number));
        }
    }

    /// Goes to the next line with the search text, or the one before; tells the user if there is none.
    fn seek(&mut self, forward: bool, scene: &Scene<'_>) -> Vec<Action> {
        let (from, count) = (self.selected(), self.buffer.shown());
        let sieve = self.buffer.sieve();
        let matches = |index: &usize| self.buffer.get(*index).is_some_and(|entry| sieve.matches(entry));
        let found = if forward { (from + 1..count).find(matches) } else { (0..from).rev().find(matches) };
        let told = match (found, sieve.text.as_str()) {
            (Some(index), _) => {
                self.select(index);
                return Vec::new();
            }
            (None, "") => "nothing is searched for: ‹key:filter› searches".to_owned(),
            (None, text) => format!("no line {} this one has `{text}`", if forward { "after" } else { "before" }),
        };
        vec![Action::Tell(Notice::info(scene.facts.now, told))]
    }

    fn hear(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Lines(lines) => {
                if let Some(last) = lines.last()
                    && !matches!(&self.state, State::Following(what) if what.starts_with(&*last.pod))
                {
                    self.state = State::Following(last.pod.to_string());
                }
                for line in lines {
                    if !self.pods.contains(&line.pod) {
                        self.pods.insert(line.pod.clone());
                    }
                    self.buffer.push(line);
                }
            }
            FeedEvent::Event(LogEvent::Following(pod)) => self.state = State::Following(pod),
            FeedEvent::Event(LogEvent::Interrupted(why)) => self.state = State::Interrupted(why),
            FeedEvent::Event(LogEvent::Ended(why)) => self.state = State::Ended(why),
            FeedEvent::Event(LogEvent::Lost(lines)) => self.lost += lines,
            FeedEvent::Event(LogEvent::Lines(_)) => {}
        }
    }

    fn change(&mut self, change: Change, scene: &Scene<'_>) -> Vec<Action> {
        match change {
            Change::All => self.sift(|sieve| sieve.concerning = !sieve.concerning),
            Change::AsWritten => self.sift(|sieve| sieve.as_written = !sieve.as_written),
            Change::Around => self.sift(|sieve| sieve.around = !sieve.around),
            Change::Wrap => {
                self.wrap = !self.wrap;
                self.pan = 0;
            }
            Change::Times => self.times = !self.times,
            Change::Since => return self.restart(self.source.clone(), self.extent.further()),
            Change::Previous => {
                let extent = Extent { previous: !self.extent.previous, ..self.extent };
                return self.restart(self.source.clone(), extent);
            }
            Change::Container => return vec![Action::Task(feed::containers(&self.source))],
            Change::Copy => {
                let Some(entry) = self.buffer.get(self.selected()) else { return Vec::new() };
                let text = pasted(&entry.raw);
                return vec![Action::Copy(text), Action::Tell(Notice::info(scene.facts.now, "copied the line"))];
            }
        }
        Vec::new()
    }
}

/// Makes a line safe for the clipboard. A terminal treats a pasted ESC as a key, and hidden or reversed characters are
/// not what the user saw: they become visible. Colours are left out, and tabs stay, as tables of other programs have
/// them.
fn pasted(raw: &str) -> String {
    let plain = text::uncoloured(raw);
    plain.split('\t').map(text::field).collect::<Vec<_>>().join("\t")
}

impl View for Logs {
    fn id(&self) -> &'static str {
        "logs"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("log of {}", self.source.writer())
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        paint::paint(self, frame, area, scene);
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        vec![self.follow()]
    }

    fn refusal(&self, command: &str, _scene: &Scene<'_>) -> Option<String> {
        let is_of_pod = self.source.speaks_of().is_none();
        let why = match command {
            "open" if !matches!(self.state, State::Ended(_)) => {
                "the log is open; once it has ended, ‹key:open› opens it again"
            }
            "logs-all" if is_of_pod => "every line of the pod is shown already",
            "logs-container" if !is_of_pod => "a controller has one container alone",
            "logs-around" if self.buffer.sieve().text.is_empty() => {
                "there are no matches: ‹key:filter› filters, and this shows the lines around them"
            }
            "logs-copy" if self.buffer.get(self.selected()).is_none() => "there is no line to copy",
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        match motion {
            Motion::NextMatch => return Some(self.seek(true, scene)),
            Motion::PreviousMatch => return Some(self.seek(false, scene)),
            Motion::Left => self.pan = self.pan.saturating_sub(PAN),
            Motion::Right if !self.wrap => self.pan += PAN,
            Motion::Open => return Some(self.restart(self.source.clone(), self.extent)),
            Motion::Right => {}
            _ => {
                let index = step(self.selected(), self.buffer.shown(), self.page.get().max(2), motion)?;
                self.select(index);
            }
        }
        Some(Vec::new())
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<crate::model::Env> {
        Some(self.source.env)
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::Object(self.source.env, self.source.object.clone())]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<Change>() {
            Ok(change) => return self.change(*change, scene),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<Containers>() {
            Ok(found) => return self.next_container(*found, scene),
            Err(payload) => payload,
        };
        if let Ok(batch) = payload.downcast::<Batch>() {
            if self.state == State::Connecting {
                self.state = State::Waiting;
            }
            batch.0.into_iter().for_each(|event| self.hear(event));
        }
        Vec::new()
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        self.sift(|sieve| text.clone_into(&mut sieve.text));
        true
    }

    fn filtered(&self, _scene: &Scene<'_>) -> Option<(usize, usize)> {
        let is_empty = self.buffer.sieve().text.is_empty();
        (!is_empty).then(|| (self.buffer.shown(), self.buffer.kept()))
    }
}
