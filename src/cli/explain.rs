//! `fluxdeck explain TOPIC`: what a word means, the command that shows it by hand, where it is documented.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Call;
use crate::check::working_tree;
use crate::commands::topics;
use crate::explain::{Topic, TopicGroup, TopicObject, Topics};
use crate::markdown::{DocumentPage, documents_about};
use crate::model::{Fault, FaultKind, ObjectRef, without_keys};
use crate::repo::{EntryKind, Snapshot};
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
        let snapshot = super::open::repository_of_any(&call.global).ok();
        let documents = snapshot.as_ref().map(|snapshot| documents(snapshot, &topic)).unwrap_or_default();
        topic.docs.extend(documents);
        let example = snapshot.as_ref().and_then(|snapshot| example(call, snapshot, &topic, &words));
        call.print(&Explained { topic: &topic, example: example.as_ref() }, text)?;
    } else if let Some(group) = Topics::group(&words) {
        list(call, &topics, &[group])?;
    } else {
        return Err(unknown(&topics, &words));
    }
    Ok(0)
}

/// A topic with its lines for an object of the repository.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    topic: &'a Topic,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'a Example>,
}

/// The lines of a topic with real names in them.
#[derive(Serialize)]
struct Example {
    env: String,
    object: String,
    shell: String,
}

/// Puts the names of an object into the lines: of the one that was named, else of one that the repository declares.
fn example(call: &Call, snapshot: &Snapshot, topic: &Topic, words: &str) -> Option<Example> {
    if !topic.has_names() {
        return None;
    }
    let wanted = call.global.env.as_deref().unwrap_or_default();
    let kind = topic.kind().map_or("Kustomization", |kind| kind.kind);
    let (env, object) = snapshot.declared_example(kind, wanted)?;
    let typed = words.trim().parse::<ObjectRef>().ok().map(crate::kinds::complete);
    let object = typed.filter(|typed| typed.kind == object.kind).unwrap_or(object);
    let path = snapshot.kustomizations_of(&env).find(|one| one.object() == object).map(|one| format!("./{}", one.path));
    let known = TopicObject {
        object: object.clone(),
        env: env.clone(),
        context: call.global.context.clone().unwrap_or_default(),
        path: path.unwrap_or_default(),
    };
    Some(Example { env, object: object.told(), shell: topic.lines_for(&known) })
}

/// Finds the documents of the repository about a topic.
fn documents(snapshot: &Snapshot, topic: &Topic) -> Vec<String> {
    let files = snapshot.scan.entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let names: Vec<String> = files.map(|entry| entry.path.to_string()).filter(|path| is_markdown(path)).collect();
    // Without a name, all files would be read.
    if names.is_empty() {
        return Vec::new();
    }
    let files = working_tree(&snapshot.root, &names).unwrap_or_default();
    let pages: Vec<DocumentPage> =
        files.iter().filter_map(|file| DocumentPage::of_file(&file.path, || file.document())).collect();
    documents_about(&pages, &topic.subject()).iter().take(PAGES).map(ToString::to_string).collect()
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
fn text(explained: &Explained<'_>) -> String {
    let topic = explained.topic;
    let mut out = format!("{}  [{}]\n\n", topic.title, topic.id);
    for part in [&topic.short, &topic.more].into_iter().filter(|part| !part.is_empty()) {
        for line in without_keys(part).lines().flat_map(|line| wrap(line, WIDTH)) {
            let _written = writeln!(out, "{line}");
        }
        out.push('\n');
    }
    let command = &topic.command;
    let shell = explained.example.map_or(command.shell.as_str(), |example| example.shell.as_str());
    if !shell.is_empty() {
        out.push_str("By hand\n");
        for line in shell.lines() {
            let _written = writeln!(out, "  {line}");
        }
    }
    let mut row = |label: &str, text: &str| {
        for (index, line) in wrap(&without_keys(text), WIDTH - 10).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let _written = writeln!(out, "{label:<10}{line}");
        }
    };
    if let Some(example) = explained.example {
        row("Of", &format!("{} in {}, as an example", example.object, example.env));
    }
    let to_put_in = topic.to_put_in(shell);
    if !to_put_in.is_empty() {
        row("Put in", &to_put_in);
    }
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
