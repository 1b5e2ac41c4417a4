//! The order in which Flux brings an environment up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Serialize, Serializer};

use super::feeds::{Feed, Feeds};
use super::flux::{Dependency, FLUX_NAMESPACE, FluxKustomization};
use super::path;
use super::spokes;

/// Names a Kustomization within its environment; written with its namespace if another there has the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether another of the environment has its name.
    pub shared: bool,
}

impl Named {
    /// Tells whether it names a Kustomization.
    pub fn is(&self, one: &FluxKustomization) -> bool {
        self.name == one.name && self.namespace == one.namespace
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.shared {
            write!(formatter, "{}/{}", self.namespace, self.name)
        } else {
            formatter.write_str(&self.name)
        }
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Tells whether the text of a user names a Kustomization: by its name, or its namespace and name.
pub fn is_called(asked: &str, namespace: &str, name: &str) -> bool {
    asked == name || asked.split_once('/').is_some_and(|(before, after)| before == namespace && after == name)
}

/// Returns the name of a Kustomization for people: with its namespace if that is not Flux's, so that equal names
/// differ.
pub fn shown(namespace: &str, name: &str) -> String {
    if namespace.is_empty() || namespace == FLUX_NAMESPACE { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Holds the waves of an environment: each wave can start once those before it are ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The environment's name.
    pub env: String,
    /// The Kustomizations, wave by wave, sorted within each.
    pub waves: Vec<Vec<Named>>,
    /// Those that never start, because they wait for each other in a circle, for a missing one, or for one that never
    /// starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<Named>,
    /// Those whose `dependsOn` names undeclared ones, with these: "dependency not found", as Flux says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<Named, Vec<Dependency>>,
    /// Whether missing dependencies may be declared in an unknown place: they hold nothing back then.
    #[serde(skip)]
    pub is_open: bool,
    /// The circles among them, each with its members once.
    #[serde(skip)]
    pub circles: Vec<Vec<Named>>,
    /// The Kustomizations that each waits for, without those that hold nothing back.
    #[serde(skip)]
    pub waits: BTreeMap<Named, BTreeSet<Named>>,
}

impl Order {
    /// Returns the place of a Kustomization in the order: its wave, the stuck ones last; `None` for an unknown one.
    pub fn wave(&self, namespace: &str, name: &str) -> Option<usize> {
        let has = |names: &[Named]| names.iter().any(|known| known.name == name && known.namespace == namespace);
        self.waves.iter().position(|wave| has(wave)).or_else(|| has(&self.stuck).then_some(self.waves.len()))
    }

    /// Explains why a Kustomization never starts.
    pub fn why_stuck(&self, named: &Named) -> String {
        if let Some(missing) = self.missing.get(named).filter(|_| !self.is_open) {
            return format!("dependency not found: {}", listed(missing));
        }
        let is_stuck = |other: &&Named| *other != named && self.stuck.contains(other);
        let circle = self.circles.iter().any(|members| members.contains(named));
        match self.waits.get(named).and_then(|others| others.iter().find(is_stuck)).filter(|_| !circle) {
            Some(other) => format!("it waits for {other}, which never begins"),
            None => "it waits in a circle".to_owned(),
        }
    }

    /// Lists the undeclared dependencies of each; empty if they are known to hold it back for ever.
    pub fn not_known(&self) -> impl Iterator<Item = (&Named, String)> {
        self.missing.iter().filter(|_| self.is_open).map(|(one, missing)| (one, listed(missing)))
    }

    /// Tells whether a Kustomization that never starts waits in a circle, or for one that does.
    pub fn is_in_circle(&self, named: &Named) -> bool {
        let mut seen: BTreeSet<&Named> = BTreeSet::new();
        let mut next = vec![named];
        while let Some(one) = next.pop() {
            if self.circles.iter().any(|members| members.contains(one)) {
                return true;
            }
            if seen.insert(one) {
                next.extend(self.waits.get(one).into_iter().flatten());
            }
        }
        false
    }
}

fn listed(dependencies: &[Dependency]) -> String {
    dependencies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns the undeclared dependencies of a Kustomization.
pub(super) fn missing(one: &FluxKustomization, all: &[FluxKustomization]) -> Vec<Dependency> {
    let is_declared = |dependency: &&Dependency| {
        all.iter().any(|other| {
            // A Kustomization for another cluster waits for those that its own controller knows.
            (other.env == one.env || spokes::kubeconfig(one).is_some())
                && other.name == dependency.name
                && other.namespace == dependency.namespace
        })
    };
    one.depends_on.iter().filter(|dependency| !is_declared(dependency)).cloned().collect()
}

/// Explains why a Kustomization waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// `dependsOn` names it.
    Depends,
    /// The other applies it.
    Applied,
    /// The other applies it, and itself too: both exist before either is ready, as after bootstrap.
    AppliedByRoot,
}

/// Returns the Kustomization that applies another: the one that renders it, if that is known, else the one that reads
/// the file of its manifest; of several, that with the narrowest path. A suspended one applies nothing while another
/// does.
fn applied_by(own: &[&FluxKustomization], readers: &HashMap<&str, Vec<&Feed>>, one: usize) -> Option<usize> {
    let child = own.get(one)?;
    if let Some(parent) = &child.applied_by {
        return own.iter().position(|other| other.object() == *parent);
    }
    let declares = |feed: &&&Feed| {
        feed.declared.iter().any(|declared| {
            declared.file == child.file
                && declared.object.name == child.name
                && (declared.object.namespace.is_empty() || declared.object.namespace == child.namespace)
                && FluxKustomization::is(declared)
        })
    };
    let reading = readers.get(child.file.as_str()).into_iter().flatten();
    reading
        .filter(|feed| (&feed.name, &feed.namespace) != (&child.name, &child.namespace))
        .filter(declares)
        .filter_map(|feed| own.iter().position(|other| other.name == feed.name && other.namespace == feed.namespace))
        .max_by_key(|at| own.get(*at).map(|other| (!other.suspend, other.path.len())))
}

/// Sorts the Kustomizations of an environment into waves: each comes after the one that applies it and after those it
/// depends on.
///
/// A Kustomization with an undeclared dependency never starts; if a part of the environment is unknown (`is_open`), the
/// dependency may be declared there, and counts as met. A root that applies a Kustomization for which it waits holds
/// nothing back, nor do two that apply each other: both were applied by hand.
pub(super) fn order(env: &str, all: &[FluxKustomization], feeds: &Feeds, is_open: bool) -> Order {
    let own: Vec<&FluxKustomization> = all.iter().filter(|one| one.env == env).collect();
    let mut edges = edges(env, &own, feeds);
    let named = |at: &usize| own.get(*at).map(|one| named(&own, one));
    loosen(&mut edges);
    let lacking: BTreeMap<usize, Vec<Dependency>> = own
        .iter()
        .enumerate()
        .map(|(at, one)| (at, missing(one, all)))
        .filter(|(_, missing)| !missing.is_empty())
        .collect();
    let (mut done, mut waves): (BTreeSet<usize>, Vec<Vec<Named>>) = (BTreeSet::new(), Vec::new());
    loop {
        let is_ready = |at: &usize| {
            !done.contains(at)
                && (is_open || !lacking.contains_key(at))
                && edges.get(*at).is_some_and(|before| before.iter().all(|(other, _)| done.contains(other)))
        };
        let ready: Vec<usize> = (0..own.len()).filter(is_ready).collect();
        if ready.is_empty() {
            break;
        }
        waves.push(sorted(ready.iter().filter_map(named)));
        done.extend(ready);
    }
    let stuck: Vec<usize> = (0..own.len()).filter(|at| !done.contains(at)).collect();
    let circles = circles(&edges).into_iter().map(|members| sorted(members.iter().filter_map(named))).collect();
    let waits = edges
        .iter()
        .enumerate()
        .filter_map(|(at, before)| Some((named(&at)?, before.iter().filter_map(|(other, _)| named(other)).collect())))
        .collect();
    let missing = lacking.into_iter().filter_map(|(at, missing)| Some((named(&at)?, missing))).collect();
    let stuck = sorted(stuck.iter().filter_map(named));
    Order { env: env.to_owned(), waves, stuck, missing, is_open, circles, waits }
}

type Edges = Vec<Vec<(usize, Why)>>;

fn edges(env: &str, own: &[&FluxKustomization], feeds: &Feeds) -> Edges {
    let mut readers: HashMap<&str, Vec<&Feed>> = HashMap::new();
    for feed in feeds.iter().filter(|feed| feed.env == env) {
        let mut files: Vec<&str> = feed
            .declared
            .iter()
            .filter(|declared| FluxKustomization::is(declared))
            .map(|declared| declared.file.as_str())
            .collect();
        files.dedup();
        for file in files {
            readers.entry(file).or_default().push(feed);
        }
    }
    let place: HashMap<(&str, &str), usize> =
        own.iter().enumerate().map(|(at, one)| ((one.namespace.as_str(), one.name.as_str()), at)).collect();
    let of = |(at, one): (usize, &&FluxKustomization)| {
        let depends = one.depends_on.iter().chain(&one.made_after);
        let mut before: Vec<(usize, Why)> = depends
            .filter_map(|other| place.get(&(other.namespace.as_str(), other.name.as_str())))
            .map(|other| (*other, Why::Depends))
            .collect();
        if let Some(parent) = applied_by(own, &readers, at) {
            let applies_itself = own.get(parent).is_some_and(|parent| path::is_within(&parent.file, &parent.path));
            before.push((parent, if applies_itself { Why::AppliedByRoot } else { Why::Applied }));
        }
        before
    };
    own.iter().enumerate().map(of).collect()
}

/// Removes the edges of circles that hold nothing back.
fn loosen(edges: &mut Edges) {
    let within = |circles: &[Vec<usize>], one: usize, other: usize| {
        circles.iter().any(|members| members.contains(&one) && members.contains(&other))
    };
    let found = circles(edges);
    for (at, before) in edges.iter_mut().enumerate() {
        before.retain(|(other, why)| *why != Why::AppliedByRoot || !within(&found, at, *other));
    }
    let found: Vec<Vec<usize>> = circles(edges)
        .into_iter()
        .filter(|members| {
            let inside = members.iter().filter_map(|at| edges.get(*at)).flatten();
            inside.filter(|(other, _)| members.contains(other)).all(|(_, why)| *why == Why::Applied)
        })
        .collect();
    for (at, before) in edges.iter_mut().enumerate() {
        before.retain(|(other, _)| !within(&found, at, *other));
    }
}

/// Finds the circles, for all reasons to wait.
fn circles(edges: &Edges) -> Vec<Vec<usize>> {
    let waits: Vec<Vec<usize>> = edges.iter().map(|before| before.iter().map(|(other, _)| *other).collect()).collect();
    crate::model::circles(&waits)
}

fn named(own: &[&FluxKustomization], one: &FluxKustomization) -> Named {
    let shared = own.iter().any(|other| other.name == one.name && other.namespace != one.namespace);
    Named { name: one.name.clone(), namespace: one.namespace.clone(), shared }
}

fn sorted(names: impl Iterator<Item = Named>) -> Vec<Named> {
    let mut names: Vec<Named> = names.collect();
    names.sort_unstable();
    names
}
