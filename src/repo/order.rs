//! The order in which Flux brings an environment up.

use std::collections::BTreeSet;

use serde::Serialize;

use super::feeds::Feeds;
use super::flux::FluxKustomization;

/// Holds the waves of an environment: each wave can start once those before it are ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The environment's name.
    pub env: String,
    /// The names of Kustomizations, wave by wave, sorted within each.
    pub waves: Vec<Vec<String>>,
    /// Those that never start, because they wait for each other in a circle, or for one that does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<String>,
}

impl Order {
    /// Returns the place of a Kustomization in the order: its wave, the stuck ones last; `None` for an unknown name.
    pub fn wave(&self, name: &str) -> Option<usize> {
        let has = |names: &[String]| names.iter().any(|known| known == name);
        self.waves.iter().position(|wave| has(wave)).or_else(|| has(&self.stuck).then_some(self.waves.len()))
    }
}

/// Returns the Kustomization that applies another: the one that reads the file of its manifest, the narrowest path where several do.
pub fn applied_by<'a>(
    all: &'a [FluxKustomization],
    feeds: &Feeds,
    one: &FluxKustomization,
) -> Option<&'a FluxKustomization> {
    all.iter()
        .filter(|other| other.env == one.env && (&other.name, &other.namespace) != (&one.name, &one.namespace))
        .filter(|other| {
            feeds.iter().any(|feed| {
                feed.env == other.env
                    && feed.name == other.name
                    && feed.namespace == other.namespace
                    && feed.declared.iter().any(|declared| {
                        declared.file == one.file && declared.object.name == one.name && FluxKustomization::is(declared)
                    })
            })
        })
        .max_by_key(|other| other.path.len())
}

/// Sorts the Kustomizations of an environment into waves: each comes after the one that applies it and after those it depends on.
///
/// Dependencies on what the repository does not declare are taken as met: they are reported elsewhere.
pub fn order(env: &str, all: &[FluxKustomization], feeds: &Feeds) -> Order {
    let own: Vec<&FluxKustomization> = all.iter().filter(|one| one.env == env).collect();
    let place = |namespace: &str, name: &str| own.iter().position(|one| one.namespace == namespace && one.name == name);
    let mut waiting: Vec<(usize, Vec<usize>)> = own
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let mut before: Vec<usize> =
                one.depends_on.iter().filter_map(|dependency| place(&dependency.namespace, &dependency.name)).collect();
            before.extend(applied_by(all, feeds, one).and_then(|parent| place(&parent.namespace, &parent.name)));
            (index, before)
        })
        .collect();
    let mut done = BTreeSet::new();
    let mut waves = Vec::new();
    loop {
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, before)| before.iter().all(|index| done.contains(index)));
        waiting = rest;
        if ready.is_empty() {
            break;
        }
        done.extend(ready.iter().map(|(index, _)| *index));
        waves.push(names(&own, &ready));
    }
    Order { env: env.to_owned(), waves, stuck: names(&own, &waiting) }
}

fn names(own: &[&FluxKustomization], indexes: &[(usize, Vec<usize>)]) -> Vec<String> {
    let mut names: Vec<String> =
        indexes.iter().filter_map(|(index, _)| own.get(*index)).map(|one| one.name.clone()).collect();
    names.sort_unstable();
    names
}
