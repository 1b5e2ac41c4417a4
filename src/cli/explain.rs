//! `fluxdeck explain TOPIC`: what a word means, the command that shows it by hand, where it is documented.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::check::working_tree;
use crate::commands::topics;
use crate::explain::{Topic, TopicGroup, Topics};
use crate::markdown::{DocumentPage, documents_about};
use crate::model::{Fault, FaultKind};
use crate::repo::EntryKind;
use crate::widgets::wrap;

/// The width of a text for people.
const WIDTH: usize = 100;

/// The most names that are offered for an unknown one.
const OFFERED: usize = 8;

/// The most documents of the repository that are named.
const PAGES: usize = 3;

// Flags of `explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A condition, reason, kind, KIND.FIELD, rule, cause, command or group; without one the groups are listed
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
}

/// Lists the topics of a group.
#[derive(Serialize)]
struct GroupEntry {
    group: &'static str,
    about: &'static str,
    topics: Vec<String>,
}

/// Prints a topic, or the topics of a group or of all groups.
///
/// # Errors
/// Fails when there is no such topic; the nearest are named.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let (topics, words) = (topics(), arguments.words.join(" "));
    if words.trim().is_empty() {
        list(call, &topics, &TopicGroup::ALL)?;
    } else if let Some(mut topic) = topics.find(&words) {
        topic.docs.extend(documents(call, &topic));
        call.print(&topic, text)?;
    } else if let Some(group) = Topics::group(&words) {
        list(call, &topics, &[group])?;
    } else {
        return Err(unknown(&topics, &words));
    }
    Ok(0)
}

/// Finds the documents of the repository about a topic; outside of one there are none.
fn documents(call: &Call, topic: &Topic) -> Vec<String> {
    let Ok(snapshot) = super::open::repository_of_any(&call.global) else { return Vec::new() };
    let files = snapshot.scan.entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let names: Vec<String> = files.map(|entry| entry.path.to_string()).filter(|path| is_markdown(path)).collect();
    // Without a name, all files would be read.
    if names.is_empty() {
        return Vec::new();
    }
    let files = working_tree(&snapshot.root, &names).unwrap_or_default();
    let pages: Vec<DocumentPage> =
        files.iter().filter_map(|file| DocumentPage::of_file(&file.path, || file.document())).collect();
    documents_about(&pages, &topic.subject()).into_iter().take(PAGES).map(|page| page.file.clone()).collect()
}

fn list(call: &Call, topics: &Topics, groups: &[TopicGroup]) -> Result<(), Fault> {
    let entry = |group: &TopicGroup| GroupEntry {
        group: group.word(),
        about: group.about(),
        topics: topics.of(*group).map(|topic| topic.id.clone()).collect(),
    };
    let entries: Vec<GroupEntry> = groups.iter().map(entry).collect();
    call.print(&entries, |entries| match entries.as_slice() {
        [only] => {
            let all = TopicGroup::ALL.into_iter().find(|group| group.word() == only.group);
            let rows = all.into_iter().flat_map(|group| topics.of(group)).map(row);
            super::call::columns(&rows.collect::<Vec<_>>())
        }
        several => {
            let row = |one: &GroupEntry| vec![one.group.to_owned(), one.topics.len().to_string(), one.about.to_owned()];
            let rows: Vec<Vec<String>> = several.iter().map(row).collect();
            format!(
                "{}\nfluxdeck explain GROUP lists its topics, fluxdeck explain TOPIC explains one.\n",
                super::call::columns(&rows)
            )
        }
    })
}

fn row(topic: &Arc<Topic>) -> Vec<String> {
    vec![topic.id.clone(), topic.title.clone()]
}

/// Says that there is no such topic, and which are near.
fn unknown(topics: &Topics, words: &str) -> Fault {
    let near: Vec<&str> = topics.nearest(words, OFFERED).into_iter().map(|topic| topic.id.as_str()).collect();
    let todo = if near.is_empty() {
        "`fluxdeck explain` lists the groups of topics".to_owned()
    } else {
        format!("near to it: {}; `fluxdeck explain` lists the groups of topics", near.join(", "))
    };
    Fault::new(FaultKind::Usage, "nothing explains this", format!("there is no topic {words}"), todo)
}

/// Writes a topic for people: short first.
fn text(topic: &Topic) -> String {
    let mut out = format!("{}  [{}]\n\n", topic.title, topic.id);
    for part in [&topic.short, &topic.more].into_iter().filter(|part| !part.is_empty()) {
        for line in part.lines().flat_map(|line| wrap(line, WIDTH)) {
            let _written = writeln!(out, "{line}");
        }
        out.push('\n');
    }
    let command = &topic.command;
    if !command.shell.is_empty() {
        out.push_str("By hand\n");
        for line in command.shell.lines() {
            let _written = writeln!(out, "  {line}");
        }
    }
    let mut row = |label: &str, text: &str| {
        for (index, line) in wrap(text, WIDTH - 10).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let _written = writeln!(out, "{label:<10}{line}");
        }
    };
    row("Why", &command.why);
    row("Look for", &command.look_for);
    for (index, page) in topic.docs.iter().enumerate() {
        row(if index == 0 { "Read" } else { "" }, page);
    }
    if !topic.see.is_empty() {
        row("See", &topic.see.join(", "));
    }
    out
}

/// Tells whether a file is a document, by its name.
fn is_markdown(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}
