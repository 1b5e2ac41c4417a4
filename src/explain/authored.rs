//! The topics that are written by hand, one file for each group.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::topic::{Topic, TopicCommand, TopicGroup};

/// A file of topics.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopicFile {
    /// What the group holds.
    about: String,
    /// The page that counts where a topic names none, and before an anchor.
    docs: String,
    /// The command of topics without one.
    shell: String,
    /// Its reason.
    why: String,
    /// The kinds that have the fields of this file, the first one in the names of the topics.
    #[serde(default)]
    owner: String,
    topic: BTreeMap<String, AuthoredTopic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthoredTopic {
    title: String,
    short: String,
    #[serde(default)]
    more: String,
    shell: Option<String>,
    why: Option<String>,
    look_for: String,
    #[serde(default)]
    docs: Vec<String>,
    #[serde(default)]
    see: Vec<String>,
    #[serde(default)]
    also: Vec<String>,
}

/// The files, each with its group.
pub(super) const FILES: &[(TopicGroup, &str)] = &[
    (TopicGroup::Concepts, include_str!("topics/concepts.toml")),
    (TopicGroup::Conditions, include_str!("topics/conditions.toml")),
    (TopicGroup::Reasons, include_str!("topics/reasons.toml")),
    (TopicGroup::KustomizationFields, include_str!("topics/kustomization.toml")),
    (TopicGroup::ReleaseFields, include_str!("topics/helmrelease.toml")),
    (TopicGroup::SourceFields, include_str!("topics/sources.toml")),
    (TopicGroup::Workloads, include_str!("topics/workloads.toml")),
    (TopicGroup::Platform, include_str!("topics/platform.toml")),
];

/// The files as they are read; a test reads each without fault.
static READ: LazyLock<Vec<(TopicGroup, TopicFile)>> =
    LazyLock::new(|| FILES.iter().map(|(group, text)| (*group, read(text).unwrap_or_default())).collect());

pub(super) fn read(text: &str) -> Result<TopicFile, toml::de::Error> {
    toml::from_str(text)
}

/// Returns what a file says of its group.
pub(super) fn about(group: TopicGroup) -> &'static str {
    READ.iter().find(|(known, _)| *known == group).map_or("", |(_, file)| file.about.as_str())
}

/// Returns the topics of all files.
pub(super) fn topics() -> impl Iterator<Item = Topic> {
    READ.iter().flat_map(|(group, file)| file.topic.iter().map(|(key, written)| topic(*group, file, key, written)))
}

fn topic(group: TopicGroup, file: &TopicFile, key: &str, written: &AuthoredTopic) -> Topic {
    let mut owners = file.owner.split_whitespace();
    let first = owners.next();
    let id = first.map_or_else(|| key.to_owned(), |owner| format!("{owner}.{key}"));
    // Each kind with the field finds it, by each of its names.
    let names = || std::iter::once(key).chain(written.also.iter().map(String::as_str));
    let of_owners = file.owner.split_whitespace().flat_map(|owner| names().map(move |name| format!("{owner}.{name}")));
    let docs = if written.docs.is_empty() { vec![file.docs.clone()] } else { written.docs.clone() };
    let whole = |page: &String| if page.starts_with('#') { format!("{}{page}", file.docs) } else { page.clone() };
    Topic {
        id,
        title: written.title.clone(),
        short: written.short.clone(),
        more: written.more.clone(),
        command: TopicCommand {
            shell: written.shell.clone().unwrap_or_else(|| file.shell.clone()),
            why: written.why.clone().unwrap_or_else(|| file.why.clone()),
            look_for: written.look_for.clone(),
        },
        docs: docs.iter().map(whole).collect(),
        see: written.see.clone(),
        also: of_owners.chain(written.also.iter().cloned()).chain(std::iter::once(key.to_owned())).collect(),
        group,
    }
}

/// Iterates over the names of the topics about the fields of a kind.
pub(super) fn fields_of(kind: &str) -> impl Iterator<Item = String> {
    let of_kind = READ.iter().filter(move |(_, file)| file.owner.split_whitespace().any(|owner| owner == kind));
    of_kind.flat_map(|(_, file)| {
        let owner = file.owner.split_whitespace().next().unwrap_or_default();
        file.topic.keys().map(move |key| format!("{owner}.{key}"))
    })
}
