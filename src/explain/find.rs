//! Finds topics by whatever name an operator knows them.

use std::sync::{Arc, LazyLock};

use super::topic::{Topic, TopicGroup};
use super::{authored, made};
use crate::kinds;

/// The topics that every call has; commands come from their registry, which stands above this module.
static STANDING: LazyLock<Vec<Arc<Topic>>> = LazyLock::new(|| {
    let by_hand = authored::topics();
    let mut all: Vec<Topic> = by_hand.chain(made::of_rules()).chain(made::of_causes()).collect();
    let missing: Vec<Topic> = made::of_kinds().filter(|kind| all.iter().all(|one| one.id != kind.id)).collect();
    all.extend(missing);
    all.into_iter().map(Arc::new).collect()
});

/// The most changed letters between a typed name and one that is offered for it.
const NEAR: usize = 3;

/// The shortest word that tells something.
const TELLING: usize = 3;

/// Words that tell nothing of what is asked for.
const COMMON: [&str; 22] = [
    "and", "are", "but", "can", "did", "does", "doing", "for", "from", "get", "going", "has", "how", "not", "that",
    "the", "this", "was", "what", "when", "why", "with",
];

/// Holds all topics.
#[derive(Debug, Clone)]
pub struct Topics(Vec<Arc<Topic>>);

impl Topics {
    /// Adds the topics of the commands to those that are always there.
    pub fn with_commands(commands: Vec<Topic>) -> Self {
        let mut all = STANDING.clone();
        all.extend(commands.into_iter().map(Arc::new));
        all.sort_by_key(|topic| topic.group);
        Self(all)
    }

    /// Iterates over the topics of a group.
    pub fn of(&self, group: TopicGroup) -> impl Iterator<Item = &Arc<Topic>> {
        self.0.iter().filter(move |topic| topic.group == group)
    }

    /// Finds a group by its name.
    pub fn group(word: &str) -> Option<TopicGroup> {
        TopicGroup::ALL.into_iter().find(|group| normal(group.word()) == normal(word))
    }

    /// Finds the topic of a name in any spelling: of several, the first, with the others among those to see. A deeper
    /// field without a topic of its own is explained by the one around it, and a message by what it quotes.
    pub fn find(&self, words: &str) -> Option<Topic> {
        let found = self.annotated(words).or_else(|| joined(&self.called(&normal(words))));
        // A message begins with an object, which is not what it is about.
        let found = found.or_else(|| self.quoted(words)).or_else(|| self.named(words));
        found.or_else(|| self.in_other_number(words))
    }

    /// Finds the topic of an annotation, `group/name` or `group/name: value`.
    fn annotated(&self, words: &str) -> Option<Topic> {
        let key = words.split([':', '=']).next().filter(|key| key.contains('/') && key.contains('.'))?;
        joined(&self.called(&normal(key)))
    }

    /// Finds the topic of a word whose plural or singular it is called by.
    fn in_other_number(&self, words: &str) -> Option<Topic> {
        let name = normal(words);
        let other = name.strip_suffix('s').map_or_else(|| format!("{name}s"), str::to_owned);
        joined(&self.called(&other)).filter(|_| name.len() > 3)
    }

    /// Finds the topic whose phrase is part of a longer text, such as the message of an error.
    fn quoted(&self, words: &str) -> Option<Topic> {
        let text = normal(words);
        let is_part = |phrase: &String| phrase.contains([' ', '[']) && text.contains(&normal(phrase));
        let found: Vec<&Arc<Topic>> = self.0.iter().filter(|topic| topic.also.iter().any(is_part)).collect();
        joined(&found)
    }

    fn named(&self, words: &str) -> Option<Topic> {
        let parts = query(words);
        let (kind, fields) = match parts.split_first() {
            Some((first, rest)) if is_kind(first) => (Some(first), rest),
            _ => (None, parts.as_slice()),
        };
        let name = |fields: &[String]| kind.into_iter().chain(fields).map(String::as_str).collect::<Vec<_>>().join(".");
        if fields.is_empty() {
            return joined(&self.called(&name(fields)));
        }
        let ends = || (0..fields.len()).filter_map(|start| fields.get(start..));
        // Only a field lies within another: `Backup.velero.io` is not the Backup that is explained here. What is around it
        // comes before a field of its name elsewhere: verify.secretRef is not the secretRef of the same kind.
        let deepest = if kind.is_some() { fields.len() } else { 0 };
        let begins = (1..=deepest).rev().filter_map(|end| fields.get(..end));
        begins.chain(ends()).find_map(|fields| joined(&self.called(&name(fields))))
    }

    /// Lists the topics that have a normal name.
    fn called(&self, name: &str) -> Vec<&Arc<Topic>> {
        let mut found: Vec<&Arc<Topic>> = self.0.iter().filter(|topic| names(topic).any(|one| one == name)).collect();
        // A topic of that very name comes before those that are also called so.
        found.sort_by_key(|topic| normal(&topic.id) != name);
        found
    }

    /// Lists the topics whose names are nearest to the typed words, then those whose texts hold most of them.
    pub fn nearest(&self, words: &str, most: usize) -> Vec<&Arc<Topic>> {
        let wanted = normal(words);
        let near = |topic: &&Arc<Topic>| names(topic).map(|name| distance(&name, &wanted)).min().unwrap_or(usize::MAX);
        let limit = NEAR.min(wanted.chars().count() / 3 + 1);
        let mut found: Vec<(usize, &Arc<Topic>)> =
            self.0.iter().map(|topic| (near(&topic), topic)).filter(|(distance, _)| *distance <= limit).collect();
        found.sort_by_key(|(distance, _)| *distance);
        let mut found: Vec<&Arc<Topic>> = found.into_iter().map(|(_, topic)| topic).collect();
        let holds = |topic: &&Arc<Topic>| {
            wanted.len() > 2
                && (names(topic).any(|name| name.contains(&wanted)) || normal(&topic.title).contains(&wanted))
        };
        for topic in self.0.iter().filter(holds) {
            if !found.iter().any(|one| one.id == topic.id) {
                found.push(topic);
            }
        }
        for topic in self.about(words) {
            if !found.iter().any(|one| one.id == topic.id) {
                found.push(topic);
            }
        }
        found.truncate(most);
        found
    }

    /// Lists the topics whose texts hold more than half of the typed words, those with the most of them first.
    fn about(&self, words: &str) -> Vec<&Arc<Topic>> {
        let lower = words.to_lowercase();
        let asked: Vec<&str> = lower
            .split(|one: char| !one.is_alphanumeric())
            .filter(|word| word.len() >= TELLING && !COMMON.contains(word))
            .collect();
        let count = |topic: &Topic| {
            let texts = [&topic.id, &topic.title, &topic.short, &topic.more, &topic.command.look_for];
            let texts = texts.map(|text| text.to_lowercase());
            asked.iter().filter(|word| texts.iter().any(|text| text.contains(**word))).count()
        };
        let counted = self.0.iter().map(|topic| (count(topic), topic));
        let mut found: Vec<(usize, &Arc<Topic>)> = counted.filter(|(count, _)| count * 2 > asked.len()).collect();
        found.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        found.into_iter().map(|(_, topic)| topic).collect()
    }
}

/// Returns the first of several topics, which names the others.
fn joined(found: &[&Arc<Topic>]) -> Option<Topic> {
    let (first, others) = found.split_first()?;
    let mut topic = Topic::clone(first);
    for other in others {
        if !topic.see.contains(&other.id) {
            topic.see.push(other.id.clone());
        }
    }
    Some(topic)
}

/// Tells whether a normal word is a kind whose fields may follow.
fn is_kind(word: &str) -> bool {
    kinds::KINDS.iter().any(|kind| normal(kind.kind) == word) || authored::has_fields(word)
}

/// Splits typed words into normal parts: a kind in any of its names first, without `spec` and `status`. Of an object
/// (`Kind/namespace/name`) and of a condition (`Ready=False`) the first word counts.
fn query(words: &str) -> Vec<String> {
    let typed = words.trim().trim_start_matches('.');
    let typed = typed.split(['/', '=']).next().unwrap_or_default().trim_end_matches("[]");
    if let Some(kind) = kinds::find(typed) {
        return vec![normal(kind.kind)];
    }
    let (head, tail) = typed.split_once('.').unwrap_or((typed, ""));
    let head = kinds::find(head).filter(|_| !tail.is_empty()).map_or(head, |kind| kind.kind);
    let parts = std::iter::once(head).chain(tail.split('.')).map(normal);
    let kept: Vec<String> = parts.filter(|part| !matches!(part.as_str(), "" | "spec" | "status")).collect();
    if kept.is_empty() { vec![normal(typed)] } else { kept }
}

/// Writes a name without case, dashes and spaces; dots stay.
fn normal(word: &str) -> String {
    let kept = word.trim_matches('.').chars().filter(|one| one.is_alphanumeric() || *one == '.');
    kept.flat_map(char::to_lowercase).collect()
}

/// Iterates over the normal names of a topic: its own, those below its prefix, and its other names.
fn names(topic: &Topic) -> impl Iterator<Item = String> {
    // Typed words lose `spec`, too: chart.spec.version is chart.version.
    let known = |name: &str| normal(name).replace(".spec.", ".");
    let below = topic.id.split_once('.').map(|(_, name)| known(name));
    std::iter::once(known(&topic.id)).chain(below).chain(topic.also.iter().map(move |name| known(name)))
}

/// Counts the letters to insert, leave out or replace between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut before = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (place, wanted) in other.iter().enumerate() {
            let above = row.get(place + 1).copied().unwrap_or(usize::MAX);
            let replaced = before + usize::from(letter != *wanted);
            left = replaced.min(above.saturating_add(1)).min(left + 1);
            before = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
