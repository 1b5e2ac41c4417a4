//! The entries of a timeline, from what was read.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::of_object::{of_object, of_pod};
use crate::cluster::Event;
use crate::cluster::mask::message;
use crate::helm::ReleaseRevision;
use crate::model::text::without_credentials;
use crate::model::{JournalEntry, ObjectRef};
use crate::repo::git::CommitEntry;

/// Says one thing that happened, when, to what, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// The time.
    pub at: Timestamp,
    /// The environment's name.
    pub env: String,
    /// The object as `Kind/namespace/name`; empty for a commit of the whole environment.
    pub object: String,
    /// What happened.
    pub what: String,
    /// Where it was read: a field of the object, `event of …`, `Helm storage`, `journal`, `git`.
    pub from: String,
    /// What a screen opens for it.
    #[serde(skip)]
    pub link: TimelineLink,
}

/// Names what a screen opens for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineLink {
    /// An object.
    Object(ObjectRef),
    /// A commit.
    Commit(String),
    /// Nothing.
    Nothing,
}

/// Holds one part of what was read.
#[derive(Debug)]
pub enum TimelinePart {
    /// Whole objects: their conditions, artifacts, histories and writers.
    Objects(Vec<Value>),
    /// Whole pods, of which the restarts count.
    Pods(Vec<Value>),
    /// Events.
    Events(Vec<Event>),
    /// The revisions of a HelmRelease.
    Releases(ObjectRef, Vec<ReleaseRevision>),
    /// Operations from the journal.
    Journal(Vec<JournalEntry>),
    /// Commits, with the object that they are about; `None` for an environment.
    Commits(Option<ObjectRef>, Vec<CommitEntry>),
}

/// Writes the entries of a part, in no order.
pub fn entries(env: &str, part: &TimelinePart) -> Vec<TimelineEntry> {
    match part {
        TimelinePart::Objects(values) => values.iter().flat_map(|value| of_object(env, value)).collect(),
        TimelinePart::Pods(values) => values.iter().flat_map(|value| of_pod(env, value)).collect(),
        TimelinePart::Events(events) => events.iter().filter_map(|event| of_event(env, event)).collect(),
        TimelinePart::Releases(object, revisions) => {
            revisions.iter().filter_map(|revision| of_release(env, object, revision)).collect()
        }
        TimelinePart::Journal(written) => {
            written.iter().filter(|one| one.env.as_deref() == Some(env)).map(|one| of_journal(env, one)).collect()
        }
        TimelinePart::Commits(object, commits) => {
            commits.iter().filter_map(|commit| of_commit(env, object.as_ref(), commit)).collect()
        }
    }
}

/// Puts entries into one order, oldest first, without those before a time and without doubles. What happened at the same
/// time stays in a fixed order.
pub fn merged(mut all: Vec<TimelineEntry>, since: Option<Timestamp>) -> Vec<TimelineEntry> {
    all.retain(|entry| since.is_none_or(|since| entry.at >= since));
    let key = |entry: &TimelineEntry| {
        (entry.at, entry.env.clone(), entry.object.clone(), entry.from.clone(), entry.what.clone())
    };
    all.sort_by_cached_key(key);
    all.dedup();
    all
}

fn of_event(env: &str, event: &Event) -> Option<TimelineEntry> {
    let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
    let said = without_credentials(&crate::kinds::in_source(event.message.lines().next().unwrap_or_default()));
    let said = message(&said);
    let warning = if event.kind == "Normal" { "" } else { "Warning " };
    Some(TimelineEntry {
        at: event.at?,
        env: env.to_owned(),
        object: event.object.to_string(),
        what: format!("{warning}{}: {said}{times}", event.reason),
        from: if event.from.is_empty() { "event".to_owned() } else { format!("event of {}", event.from) },
        link: TimelineLink::Object(event.object.clone()),
    })
}

fn of_release(env: &str, object: &ObjectRef, revision: &ReleaseRevision) -> Option<TimelineEntry> {
    let said = if revision.description.is_empty() { String::new() } else { format!(": {}", revision.description) };
    Some(TimelineEntry {
        at: revision.deployed?,
        env: env.to_owned(),
        object: object.to_string(),
        what: format!("revision {} of {}, {}{said}", revision.revision, revision.chart, revision.status),
        from: "Helm storage".to_owned(),
        link: TimelineLink::Object(object.clone()),
    })
}

fn of_journal(env: &str, written: &JournalEntry) -> TimelineEntry {
    let result = written.result.as_deref().unwrap_or("its end was never seen");
    let who = written.user.as_deref().unwrap_or(&written.login);
    let by = if who.is_empty() { String::new() } else { format!(" by {who}") };
    let link = written.object.parse().map_or(TimelineLink::Nothing, TimelineLink::Object);
    TimelineEntry {
        at: written.at,
        env: env.to_owned(),
        object: written.object.clone(),
        what: format!("{}{by}: {result}", written.command.lines().next().unwrap_or_default()),
        from: "journal".to_owned(),
        link,
    }
}

fn of_commit(env: &str, object: Option<&ObjectRef>, commit: &CommitEntry) -> Option<TimelineEntry> {
    Some(TimelineEntry {
        at: commit.at?,
        env: env.to_owned(),
        object: object.map(ToString::to_string).unwrap_or_default(),
        what: format!("{} {} ({})", commit.short(), commit.subject, commit.author),
        from: "git".to_owned(),
        link: TimelineLink::Commit(commit.commit.clone()),
    })
}
