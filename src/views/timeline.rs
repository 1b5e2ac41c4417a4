//! What happened to an object or in an environment, newest first, read side by side and shown as it comes.
//!
//! ```text
//! +> timeline of Kustomization/flux-system/apps  staging: 14, all read -------------------+
//! | 2m    Kustomization/flux-system/apps  Ready=False BuildFailed: …       condition Ready |
//! |>3m                                    9f1c2aa raise the limit (Maria)  git             |
//! | 1h    Pod/web/web-0                   container main ended: OOMKilled  lastState       |
//! +---------------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::sync::Arc;

use futures::StreamExt as _;
use jiff::Timestamp;

use crate::app::{Action, CommandTarget, Reply, Scene, Task, TaskContext};
use crate::model::clock::age;
use crate::model::{Env, ObjectRef};
use crate::repo::Snapshot;
use crate::theme::Scope;
use crate::timeline::{TimelineEntry, TimelineLink, TimelinePart, commits, entries, journal, merged, readings};
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;

/// The most entries of an environment that are shown: the headless twin has them all.
const MOST: usize = 2000;

/// One answer of the task, of the environment that it was asked for.
enum Piece {
    /// Something was read.
    Read(Env, Vec<TimelineEntry>),
    /// Something could not be read.
    Unread(Env, String),
    /// All was read.
    Ended(Env),
}

/// Shows a timeline.
#[derive(Debug)]
pub struct TimelineView {
    env: Env,
    /// The object; `None` for the environment.
    object: Option<ObjectRef>,
    found: Vec<TimelineEntry>,
    unread: Vec<String>,
    is_ended: bool,
    page: Page,
}

impl TimelineView {
    /// Opens the timeline of an object, or of an environment.
    pub fn new(env: Env, object: Option<ObjectRef>) -> Self {
        let page = Page::new(SearchKey::Filters);
        Self { env, object, found: Vec::new(), unread: Vec::new(), is_ended: false, page }
    }

    fn line(&self, entry: &TimelineEntry, now: Timestamp) -> PageLine {
        let scope = scope_of(entry);
        // Every line of an object's own timeline would repeat its name; what belongs to it names itself in the sentence.
        let own = self.object.as_ref().map(ToString::to_string);
        let whose = match &own {
            Some(own) if *own != entry.object && !entry.object.is_empty() => format!("{}: ", entry.object),
            _ => String::new(),
        };
        let line = PageLine::cut(format!("{whose}{}  [{}]", entry.what, entry.from), scope);
        let line = line.cell(age(now, entry.at), Scope::Dim);
        let line = if own.is_some() { line } else { line.cell(entry.object.clone(), Scope::Text) };
        let target = match &entry.link {
            TimelineLink::Object(object) => Some(CommandTarget::Object(self.env, object.clone())),
            TimelineLink::Commit(hash) => Some(CommandTarget::Commit(Some(self.env), hash.clone())),
            TimelineLink::Nothing => None,
        };
        line.opens(target).explained_by(topics_of(entry))
    }
}

/// Names the topics of an entry: the reason of a condition or an event, and the condition.
fn topics_of(entry: &TimelineEntry) -> Vec<String> {
    let word = |text: &str| text.split([' ', ':', '=']).next().unwrap_or_default().to_owned();
    if let Some(condition) = entry.from.strip_prefix("condition ") {
        let reason = entry.what.split(' ').nth(1).map(word);
        return reason.into_iter().chain([condition.to_owned()]).collect();
    }
    if entry.from.starts_with("event") {
        return vec![word(entry.what.trim_start_matches("Warning "))];
    }
    Vec::new()
}

fn scope_of(entry: &TimelineEntry) -> Scope {
    let is_bad = entry.what.starts_with("Warning ") || entry.what.contains("=False ") || entry.from == "lastState";
    match entry.from.as_str() {
        "git" => Scope::Linked,
        "journal" | "metadata.managedFields" => Scope::Title,
        _ if is_bad => Scope::Failed,
        _ => Scope::Text,
    }
}

/// Reads all sides, and sends each as it comes.
async fn read(
    context: TaskContext,
    mut reply: Reply,
    (env, name): (Env, String),
    object: Option<ObjectRef>,
    snapshot: Option<Arc<Snapshot>>,
) {
    let (path, of, named) = (context.journal.clone(), object.clone(), name.clone());
    let files = context.away(move || {
        let of_journal = journal(path.as_deref(), of.as_ref());
        let of_git = snapshot.map(|snapshot| commits(&snapshot, &named, of.as_ref()));
        std::iter::once(of_journal).chain(of_git).collect::<Vec<_>>()
    });
    let piece = |found: Result<TimelinePart, String>| match found {
        Ok(part) => Piece::Read(env, entries(&name, &part)),
        Err(why) => Piece::Unread(env, why),
    };
    match context.cluster(env) {
        Ok(cluster) => {
            let mut all = readings(&cluster, object.as_ref());
            while let Some(found) = all.next().await {
                for one in found {
                    if !reply.send_part(piece(one)).await {
                        return;
                    }
                }
            }
        }
        Err(fault) => drop(reply.send_part(Piece::Unread(env, fault.why)).await),
    }
    for one in files.await.unwrap_or_default() {
        reply.send_part(piece(one)).await;
    }
    reply.send(Piece::Ended(env)).await;
}

impl Paged for TimelineView {
    fn id(&self) -> &'static str {
        "timeline"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let of = self.object.as_ref().map(|object| format!(" of {}", object.short())).unwrap_or_default();
        let read = if self.is_ended { "" } else { ", reading..." };
        format!("timeline{of}  {}: {}{read}", scene.facts.name(self.env), self.found.len())
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        let now = scene.facts.now_in(self.env);
        let unread = self
            .unread
            .iter()
            .map(|why| PageLine::wrapped(format!("not looked at: {why}"), Scope::Unknown).after("? ", Scope::Unknown));
        let mut lines: Vec<PageLine> = unread.collect();
        // Those are stored oldest first, as they are printed headless.
        let newest = self.found.iter().rev().take(MOST);
        lines.extend(newest.map(|entry| self.line(entry, now)));
        if self.found.is_empty() {
            let text = if self.is_ended { "nothing is known to have happened" } else { "reading..." };
            lines.push(PageLine::cut(text, Scope::Dim));
        }
        if self.found.len() > MOST {
            let text = format!("the newest {MOST} of {}; fluxdeck timeline prints all", self.found.len());
            lines.push(PageLine::cut(text, Scope::Dim));
        }
        lines.into()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        (self.found, self.unread, self.is_ended) = (Vec::new(), Vec::new(), false);
        let place = (self.env, scene.facts.name(self.env).to_owned());
        let (object, snapshot) = (self.object.clone(), scene.facts.repository.clone());
        vec![Action::Task(Task::stream("timeline", move |context, reply| {
            read(context, reply, place, object, snapshot)
        }))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        let Ok(piece) = payload.downcast::<Piece>() else { return Vec::new() };
        match *piece {
            Piece::Read(env, found) if env == self.env => {
                let mut all = std::mem::take(&mut self.found);
                all.extend(found);
                self.found = merged(all, None);
            }
            Piece::Unread(env, why) if env == self.env => self.unread.push(why),
            Piece::Ended(env) if env == self.env => self.is_ended = true,
            // The user has changed the environment meanwhile.
            _ => {}
        }
        Vec::new()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.env = env;
        Some(self.load(scene))
    }

    fn motions(&self) -> &'static [crate::app::MotionHint] {
        &[crate::app::MotionHint::ENVIRONMENT]
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let own = || self.object.clone().map(|object| CommandTarget::Object(self.env, object));
        let target = line.and_then(PageLine::link).cloned().or_else(own);
        vec![target.unwrap_or(CommandTarget::Environment(self.env))]
    }
}
