//! The commits that changed the rendered output of an object, one after the other, newest first.
//!
//! The state before and after each commit is rendered, but only as far as the object needs it: the Kustomization that
//! applies it, those that apply that one, and those that render its variables. A commit that changes none of their
//! files needs no rendering.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::compare::{Difference, compare};
use super::finish::named;
use super::renderer::{BuildsAside, Narrowed};
use super::workplace::Workplace;
use super::{Rendered, Renderer, Rendering};
use crate::model::{Fault, ObjectRef};
use crate::repo::git::{self, CommitEntry, CommitFolder};
use crate::repo::{Graph, Loader, Snapshot, path};

/// Holds the version of an object by one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectVersion {
    /// The commit, in full.
    pub commit: String,
    /// The author's name.
    pub author: String,
    /// The commit time.
    pub at: Option<jiff::Timestamp>,
    /// The first line of its message.
    pub subject: String,
    /// The change of the object.
    pub change: Difference,
}

/// Walks the commits that may have changed an object of an environment, newest first.
#[derive(Debug)]
pub struct HistoryWalk {
    snapshot: Arc<Snapshot>,
    env: String,
    object: ObjectRef,
    commits: Vec<CommitEntry>,
    next: usize,
    /// Whether it is rendered at present.
    is_known: bool,
    loader: Loader,
    folder: CommitFolder,
    /// The place of the folder, kept as long as it is needed.
    _place: Workplace,
    builds: BuildsAside,
    narrowed: Narrowed,
    /// The namespace and the name of the last known Kustomization that applied it.
    applier: Option<(String, String)>,
    /// The variables of the environment that nothing in the repository defines, as of the last full rendering.
    unknown: BTreeSet<String>,
    last: Option<VersionState>,
    /// The number of renderings.
    pub renderings: usize,
}

/// Holds the object in one state of the repository, and its dependencies.
#[derive(Debug)]
struct VersionState {
    /// The object alone, with the Kustomization that applies it; empty if there is no such object.
    rendering: Rendering,
    /// The files that its Kustomizations read, and the folders around them; `None` if they are unknown.
    reads: Option<(BTreeSet<String>, BTreeSet<String>)>,
}

impl VersionState {
    /// Tells whether a change of a file may change the object.
    fn reads(&self, file: &str) -> bool {
        let Some((files, folders)) = &self.reads else { return true };
        let settles = ["kustomization.yaml", "kustomization.yml", "Kustomization", ".sourceignore", ".fluxdeck.toml"];
        files.contains(file)
            || folders.contains(path::parent(file))
            || settles.contains(&path::name(file))
            || path::and_above(file).any(|above| folders.contains(above))
    }
}

impl HistoryWalk {
    /// Finds the last `count` commits that touched a file of the object's Kustomization or of one that it depends on,
    /// or one that declares Kustomizations: only those can have changed it.
    ///
    /// # Errors
    /// Fails if nothing renders, or git does not list the commits.
    pub fn begin(
        snapshot: &Arc<Snapshot>,
        env: &str,
        object: &ObjectRef,
        count: usize,
        renderer: &mut Renderer,
    ) -> Result<Self, Fault> {
        let now = renderer.render(snapshot)?;
        let graph = &now.graph;
        let needed = needed(&now, env, object);
        let own = now.find(env, object).map(|(one, _)| (one.namespace.as_str(), one.name.as_str()));
        let mut files = BTreeSet::new();
        for one in graph.kustomizations.iter().filter(|one| one.env == env) {
            // The files that declare them count, too: patches and variables are there.
            files.insert(one.file.clone());
            let is_needed = needed.as_ref().is_some_and(|needed| needed.contains(&one.object()));
            if is_needed || own == Some((&one.namespace, &one.name)) {
                files.extend(graph.feeds.files(env, &one.namespace, &one.name).into_iter().map(str::to_owned));
            }
        }
        let files: Vec<String> = files.into_iter().collect();
        let commits = git::log_of(&snapshot.root, &files, count)?;
        let place = Workplace::new().map_err(|error| {
            Fault::failed("the commits are not read", error.to_string(), "make room in /dev/shm or /tmp")
        })?;
        Ok(Self {
            snapshot: Arc::clone(snapshot),
            env: env.to_owned(),
            object: object.clone(),
            commits,
            next: 0,
            is_known: now.find(env, object).is_some(),
            loader: Loader::open(place.path()).with(&snapshot.hints),
            folder: CommitFolder::new(place.path()),
            _place: place,
            builds: BuildsAside::default(),
            narrowed: Narrowed { env: env.to_owned(), only: needed },
            applier: now.find(env, object).map(|(one, _)| (one.namespace.clone(), one.name.clone())),
            unknown: unknown(&now, env),
            last: None,
            renderings: 0,
        })
    }

    /// Returns the name of the Kustomization that applies it, at first as of now; `None` if none does.
    pub fn kustomization(&self) -> Option<&str> {
        self.applier.as_ref().map(|(_, name)| name.as_str())
    }

    /// Returns the number of commits to read.
    pub fn total(&self) -> usize {
        self.commits.len()
    }

    /// Returns the number of commits read so far.
    pub fn looked(&self) -> usize {
        self.next
    }

    /// Tells whether the object is rendered at present.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Reads the next commit: the change of the object, or nothing; `None` after the last one.
    ///
    /// # Errors
    /// Fails if a commit cannot be read, or nothing renders.
    pub fn step(&mut self, renderer: &mut Renderer) -> Result<Option<Vec<ObjectVersion>>, Fault> {
        let Some(entry) = self.commits.get(self.next).cloned() else { return Ok(None) };
        let after = self.state(&entry.commit, renderer)?;
        let before = match git::commit(&self.snapshot.root, &format!("{}^", entry.commit)) {
            Some(parent) => self.state(&parent, renderer)?,
            // The first commit has no parent.
            None => Rendering::default(),
        };
        self.next = self.next.saturating_add(1);
        let version = |change: Difference| ObjectVersion {
            commit: entry.commit.clone(),
            author: entry.author.clone(),
            at: entry.at,
            subject: entry.subject.clone(),
            change,
        };
        Ok(Some(compare(&before, &after).into_iter().map(version).collect()))
    }

    /// Renders the object as of a commit.
    fn state(&mut self, commit: &str, renderer: &mut Renderer) -> Result<Rendering, Fault> {
        let changed = match self.folder.move_to(&self.snapshot.root, commit) {
            Ok(changed) => changed,
            Err(fault) => {
                self.last = None;
                return Err(fault);
            }
        };
        if let Some(last) = &self.last
            && !changed.iter().any(|file| last.reads(file))
        {
            return Ok(last.rendering.clone());
        }
        // Nothing is known before the rendering.
        self.last = None;
        let own = self.loader.feeds_anew();
        // The hub renders a spoke's Kustomizations, in another environment.
        let is_alone = !own.has_spokes() && own.environments.iter().any(|known| known.name == self.env);
        let mut rendering = None;
        if is_alone && self.narrowed.only.is_some() {
            self.renderings = self.renderings.saturating_add(1);
            let narrowed = renderer.render_aside(&own, &self.narrowed, &mut self.builds)?;
            rendering = self.is_enough(&narrowed).then_some(narrowed);
        }
        let rendering = if let Some(narrowed) = rendering {
            narrowed
        } else {
            self.renderings = self.renderings.saturating_add(1);
            let all = Narrowed { env: self.env.clone(), only: None };
            let whole = if is_alone {
                renderer.render_aside(&own, &all, &mut self.builds)?
            } else {
                renderer.render_all_aside(&own, &mut self.builds)?
            };
            self.unknown = unknown(&whole, &self.env);
            // In older states another Kustomization may have applied it.
            if whole.find(&self.env, &self.object).is_some() {
                self.narrowed.only = needed(&whole, &self.env, &self.object);
            }
            whole
        };
        if let Some((one, _)) = rendering.find(&self.env, &self.object) {
            self.applier = Some((one.namespace.clone(), one.name.clone()));
        }
        let state = VersionState { reads: self.reads(&own, &rendering), rendering: self.alone(&rendering) };
        let shown = state.rendering.clone();
        self.last = Some(state);
        Ok(shown)
    }

    /// Tells whether the rendered part of a state has all dependencies of the object: it is found, or the Kustomization
    /// that applies it is broken, and its variables come from the expected places.
    fn is_enough(&self, rendering: &Rendering) -> bool {
        if rendering.find(&self.env, &self.object).is_none() {
            return self.broken(rendering).is_some();
        }
        let reached = needed(rendering, &self.env, &self.object);
        let is_within = match (&reached, &self.narrowed.only) {
            (Some(reached), Some(only)) => reached.is_subset(only),
            _ => false,
        };
        is_within && unknown(rendering, &self.env).is_subset(&self.unknown)
    }

    /// Finds the Kustomization that applied it last, if it cannot be rendered.
    fn broken<'a>(&self, rendering: &'a Rendering) -> Option<&'a Rendered> {
        let (namespace, name) = self.applier.as_ref()?;
        let is = |one: &&Rendered| one.env == self.env && one.namespace == *namespace && one.name == *name;
        rendering.of.iter().find(is).filter(|one| one.finding.is_some())
    }

    /// Returns the object alone, with the Kustomization that applies it.
    fn alone(&self, rendering: &Rendering) -> Rendering {
        let found = rendering.find(&self.env, &self.object).map(|(one, object)| Rendered {
            env: one.env.clone(),
            namespace: one.namespace.clone(),
            name: one.name.clone(),
            objects: vec![object.clone()],
            ..Rendered::default()
        });
        let one = found.or_else(|| self.broken(rendering).map(|one| Rendered { objects: Vec::new(), ..one.clone() }));
        Rendering { of: one.into_iter().collect(), graph: Arc::new(Graph::default()) }
    }

    /// Returns the files and folders that the object depends on; `None` if they are unknown.
    fn reads(&self, own: &Snapshot, rendering: &Rendering) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        let needed = needed(rendering, &self.env, &self.object)?;
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for environment in own.environments.iter().filter(|known| known.name == self.env) {
            // Everything is below the root.
            if environment.path.is_empty() {
                return None;
            }
            folders.insert(environment.path.clone());
        }
        let graph = &rendering.graph;
        for one in graph.kustomizations.iter().filter(|one| one.env == self.env && needed.contains(&one.object())) {
            let read = graph.feeds.files(&one.env, &one.namespace, &one.name);
            if one.path.is_empty() || read.is_empty() {
                return None;
            }
            folders.insert(one.path.clone());
            folders.extend(read.iter().map(|file| path::parent(file).to_owned()));
            files.extend(read.into_iter().map(str::to_owned));
            files.insert(one.file.clone());
        }
        // A file in the root does not make the folders below it relevant.
        folders.remove("");
        Some((files, folders))
    }
}

/// Returns an environment's sources of variables that nothing in the repository defines.
fn unknown(rendering: &Rendering, env: &str) -> BTreeSet<String> {
    rendering.of.iter().filter(|one| one.env == env).flat_map(|one| one.unknown.iter().cloned()).collect()
}

/// Returns the Kustomizations that an object depends on: the one that applies it, those that apply that one, and those
/// that render variables of any of them; `None` if the object is not found, or if it may depend on more.
fn needed(rendering: &Rendering, env: &str, object: &ObjectRef) -> Option<BTreeSet<ObjectRef>> {
    let is_set = |one: &ObjectRef| one.kind == "ResourceSet";
    if rendering.objects(env).any(|(_, object)| is_set(&object.object)) {
        return None;
    }
    let kustomizations = &rendering.graph.kustomizations;
    let of = |one: &Rendered| {
        let is = |known: &&crate::repo::FluxKustomization| {
            known.env == env && known.namespace == one.namespace && known.name == one.name
        };
        kustomizations.iter().find(is).map(crate::repo::FluxKustomization::object)
    };
    let (first, _) = rendering.find(env, object)?;
    let mut next: Vec<ObjectRef> = of(first).into_iter().collect();
    let mut needed = BTreeSet::new();
    while let Some(object) = next.pop() {
        if !needed.insert(object.clone()) {
            continue;
        }
        let Some(one) = kustomizations.iter().find(|one| one.env == env && one.object() == object) else { continue };
        next.extend(one.applied_by.clone());
        for (map, _) in named(&one.spec, &one.namespace) {
            next.extend(rendering.find(env, &map).and_then(|(maker, _)| of(maker)));
        }
    }
    Some(needed)
}

/// Finds the commits that changed an object, all at once; also tells whether it is rendered at present.
///
/// # Errors
/// As [`HistoryWalk::begin`] and [`HistoryWalk::step`].
pub fn history(
    snapshot: &Arc<Snapshot>,
    env: &str,
    object: &ObjectRef,
    count: usize,
    renderer: &mut Renderer,
) -> Result<(Vec<ObjectVersion>, bool), Fault> {
    let mut walk = HistoryWalk::begin(snapshot, env, object, count, renderer)?;
    let mut found = Vec::new();
    while let Some(versions) = walk.step(renderer)? {
        found.extend(versions);
    }
    Ok((found, walk.is_known()))
}

#[cfg(test)]
mod tests;
