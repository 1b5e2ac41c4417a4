//! The topics that are written by hand, one file for each group.

use std::collections::{BTreeMap, BTreeSet};
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
    /// The kinds that have the field, where they are others than those of the file.
    owner: Option<String>,
}

/// The files, each with its group.
pub(super) const FILES: &[(TopicGroup, &str)] = &[
    (TopicGroup::Concepts, include_str!("topics/concepts.toml")),
    (TopicGroup::Conditions, include_str!("topics/conditions.toml")),
    (TopicGroup::Reasons, include_str!("topics/reasons.toml")),
    (TopicGroup::KustomizationFields, include_str!("topics/kustomization.toml")),
    (TopicGroup::ReleaseFields, include_str!("topics/helmrelease.toml")),
    (TopicGroup::SourceFields, include_str!("topics/sources.toml")),
    (TopicGroup::NotificationFields, include_str!("topics/notification.toml")),
    (TopicGroup::ImageFields, include_str!("topics/images.toml")),
    (TopicGroup::OperatorFields, include_str!("topics/operator.toml")),
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
    let owners = written.owner.as_deref().unwrap_or(&file.owner);
    let id = identity(owners, key);
    // Each kind with the field finds it, by each of its names.
    let names = || std::iter::once(key).chain(written.also.iter().map(String::as_str));
    let of_owners = owners.split_whitespace().flat_map(|owner| names().map(move |name| format!("{owner}.{name}")));
    let docs = if written.docs.is_empty() { vec![file.docs.clone()] } else { written.docs.clone() };
    let whole = |page: &String| if page.contains("://") { page.clone() } else { format!("{}{page}", file.docs) };
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

/// Returns the name of a topic: that of a field begins with the first kind that has it.
fn identity(owners: &str, key: &str) -> String {
    owners.split_whitespace().next().map_or_else(|| key.to_owned(), |owner| format!("{owner}.{key}"))
}

/// Tells whether topics explain fields of a kind.
pub(super) fn has_fields(kind: &str) -> bool {
    OWNERS.contains(kind)
}

/// The kinds whose fields are explained, in lower case.
static OWNERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let of_kinds = fields().flat_map(|(owners, _)| owners);
    of_kinds.map(|owner| owner.to_lowercase()).collect()
});

/// Iterates over the names of the topics about the fields of a kind.
pub(super) fn fields_of(kind: &str) -> impl Iterator<Item = String> {
    fields().filter(move |(owners, _)| owners.iter().any(|owner| owner == kind)).map(|(_, id)| id)
}

/// Iterates over the topics about fields: the kinds that have it, and its name.
fn fields() -> impl Iterator<Item = (Vec<String>, String)> {
    READ.iter().flat_map(|(_, file)| {
        file.topic.iter().filter_map(|(key, written)| {
            let owners = written.owner.as_deref().unwrap_or(&file.owner);
            let named = || std::iter::once(key).chain(&written.also).filter_map(|name| name.split_once('.'));
            let of_names = || named().map(|(owner, _)| owner).filter(|owner| owner.starts_with(char::is_uppercase));
            let mut all: Vec<String> = owners.split_whitespace().chain(of_names()).map(str::to_owned).collect();
            all.dedup();
            (!all.is_empty()).then(|| (all, identity(owners, key)))
        })
    })
}
