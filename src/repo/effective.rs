//! The Flux graph as it is applied: Kustomizations and sources come from the rendered output of their parents, one
//! after the other.
//!
//! Flux knows a Kustomization as its parent renders it: with the path, the name and everything else that kustomize and
//! the parent's variables insert. So the files alone do not show the graph. The caller requests the next build tasks,
//! and returns their output, until no new ones appear.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::feeds::Feed;
use super::file_fault::FileFault;
use super::flux::{FluxKustomization, FluxSource};
use super::graph::{Graph, flux_objects, from_artifact, twice};
use super::home::ExternalArtifact;
use super::kustomize::{self, Reads};
use super::reader::Reader;
use super::sets;
use super::snapshot::Snapshot;
use super::spokes;
use crate::model::ObjectRef;
use crate::model::known::{KUSTOMIZE, SOURCE};
use crate::yaml;

/// The most times that a Kustomization that renders itself is built anew, each time from its last output.
const SELVES: usize = 3;

/// Holds a Kustomization that is to be built.
#[derive(Debug, Clone)]
pub struct BuildTask {
    /// The Kustomization as its parent renders it.
    pub one: FluxKustomization,
    /// Its input files.
    pub feed: Feed,
    /// The reason that it cannot be rendered, if there is one.
    pub unknown: Option<String>,
}

/// Names an object that a Kustomization renders to.
#[derive(Debug, Clone, Copy)]
pub struct AppliedObject<'a> {
    /// The object's name.
    pub object: &'a ObjectRef,
    /// The object itself.
    pub body: &'a serde_json::Value,
    /// The file that declares it.
    pub file: &'a str,
    /// The line that its document starts on, if it is known.
    pub line: Option<usize>,
}

/// Follows the graph.
#[derive(Debug)]
pub struct Effective {
    reader: Reader,
    graph: Graph,
    /// The place of each Kustomization.
    known: HashMap<(String, ObjectRef), usize>,
    /// The number of builds of each from its own output.
    selves: HashMap<(String, ObjectRef), usize>,
    feeds: HashMap<(String, ObjectRef), Feed>,
    /// Those that could not be rendered: their declared children are followed at the end.
    broken: Vec<FluxKustomization>,
    /// The environments that are not fully known.
    open: BTreeSet<String>,
    /// Those that only an earlier output of their parent had.
    gone: BTreeSet<(String, ObjectRef)>,
}

impl Effective {
    /// Begins at the entry folder of each environment; returns the first build tasks.
    pub fn begin(snapshot: &Snapshot) -> (Self, Vec<BuildTask>) {
        let begin = &snapshot.begin;
        let graph = Graph {
            environments: begin.environments.clone(),
            entries: begin.entries.clone(),
            spokes: begin.spokes.clone(),
            followed: begin.followed.clone(),
            ..Graph::default()
        };
        let mut new = Self {
            reader: Reader::new(&snapshot.root),
            graph,
            known: HashMap::new(),
            selves: HashMap::new(),
            feeds: HashMap::new(),
            broken: Vec::new(),
            open: BTreeSet::new(),
            gone: BTreeSet::new(),
        };
        let mut tasks = Vec::new();
        for environment in &begin.environments {
            new.graph.take_instance_source(environment);
        }
        for feed in &begin.folders {
            let path = begin.environments.iter().find(|known| known.name == feed.env).map(|known| &known.path);
            let one = FluxKustomization::of_bootstrap(&feed.env, path.map_or("", String::as_str));
            new.graph.feeds.add_root(feed.clone());
            tasks.extend(new.task(one, true, false));
        }
        for one in &begin.roots {
            tasks.extend(new.add(one.clone(), false));
        }
        (new, tasks)
    }

    /// Takes the output of a Kustomization; returns the build tasks that follow from it. `unsure` means that variables
    /// of unknown values are in it.
    pub fn take<'a>(
        &mut self,
        parent: &FluxKustomization,
        objects: impl Iterator<Item = AppliedObject<'a>>,
        unsure: bool,
    ) -> Vec<BuildTask> {
        let mut found = Vec::new();
        for applied in objects {
            let place = (applied.file, applied.line.unwrap_or(1));
            if ExternalArtifact::is_of(applied.object) {
                let Ok(body) = yaml::to_value(applied.body) else { continue };
                self.graph.artifacts.extend(ExternalArtifact::read(&parent.env, applied.object, &body));
            } else if applied.object.group == SOURCE {
                let Ok(body) = yaml::to_value(applied.body) else { continue };
                self.graph.take_source(FluxSource::read_at(&parent.env, applied.object, place, &body));
            } else if applied.object.group == KUSTOMIZE && applied.object.kind == "Kustomization" {
                let Ok(body) = yaml::to_value(applied.body) else { continue };
                let mut one = FluxKustomization::read_at(&parent.env, applied.object, place, &body);
                one.unsure.clone_from(&parent.unsure);
                found.push(one);
            }
        }
        // Its own new version comes first: with it, its children may be others.
        let own = found.iter().position(|one| one.object() == parent.object());
        if let Some(own) = own.map(|own| found.swap_remove(own)) {
            let key = (own.env.clone(), own.object());
            let times = self.selves.entry(key.clone()).or_default();
            let is_root = parent.applied_by.is_none();
            if is_root && own.spec != parent.spec && *times < SELVES {
                *times = times.saturating_add(1);
                return self.replace(&key, own, unsure);
            }
        }
        let mut tasks = Vec::new();
        for mut one in found {
            one.applied_by = self.known.contains_key(&(parent.env.clone(), parent.object())).then(|| parent.object());
            tasks.extend(self.child(one, unsure));
        }
        tasks
    }

    fn child(&mut self, one: FluxKustomization, unsure: bool) -> Vec<BuildTask> {
        let key = (one.env.clone(), one.object());
        let Some(known) = self.known.get(&key).and_then(|index| self.graph.kustomizations.get_mut(*index)) else {
            return self.add(one, unsure);
        };
        if known.applied_by.is_none() && one.applied_by.is_some() {
            // Bootstrap creates it, and so does another Kustomization.
            if known.spec == one.spec {
                known.applied_by = one.applied_by;
                return Vec::new();
            }
            return self.replace(&key, one, unsure);
        }
        let found = twice(known, &one);
        self.graph.findings.extend(found.filter(|_| one.unsure.is_none()));
        Vec::new()
    }

    fn add(&mut self, one: FluxKustomization, unsure: bool) -> Vec<BuildTask> {
        self.gone.remove(&(one.env.clone(), one.object()));
        self.known.insert((one.env.clone(), one.object()), self.graph.kustomizations.len());
        self.graph.kustomizations.push(one.clone());
        self.task(one, false, unsure)
    }

    fn replace(&mut self, key: &(String, ObjectRef), one: FluxKustomization, unsure: bool) -> Vec<BuildTask> {
        if let Some(known) = self.known.get(key).and_then(|index| self.graph.kustomizations.get_mut(*index)) {
            *known = one.clone();
        }
        self.forget_children(key);
        self.task(one, false, unsure)
    }

    /// Forgets everything that the earlier version of a Kustomization applied, transitively: the new version renders
    /// its children anew.
    fn forget_children(&mut self, (env, object): &(String, ObjectRef)) {
        let mut gone = BTreeSet::new();
        let mut next = vec![object.clone()];
        while let Some(parent) = next.pop() {
            for one in self.graph.kustomizations.iter().filter(|one| one.env == *env) {
                let own = one.object();
                if own != *object && one.applied_by.as_ref() == Some(&parent) && gone.insert(own.clone()) {
                    next.push(own);
                }
            }
        }
        if gone.is_empty() {
            return;
        }
        let is_gone = |env_of: &str, object: &ObjectRef| env_of == env && gone.contains(object);
        self.graph.kustomizations.retain(|one| !is_gone(&one.env, &one.object()));
        self.broken.retain(|one| !is_gone(&one.env, &one.object()));
        let told: BTreeSet<String> = gone.iter().map(ToString::to_string).collect();
        self.graph.findings.retain(|finding| {
            finding.env.as_ref() != Some(env) || finding.object.as_ref().is_none_or(|object| !told.contains(object))
        });
        let all = self.graph.kustomizations.iter().enumerate();
        self.known = all.map(|(index, one)| ((one.env.clone(), one.object()), index)).collect();
        for object in gone {
            let key = (env.clone(), object);
            self.feeds.remove(&key);
            self.gone.insert(key);
        }
    }

    /// Tells whether only an earlier output of its parent had a Kustomization.
    pub fn is_gone(&self, env: &str, namespace: &str, name: &str) -> bool {
        self.gone.iter().any(|(known, object)| known == env && object.namespace == namespace && object.name == name)
    }

    /// Tells whether a Kustomization is the current version from its parent: builds of an earlier version no longer
    /// count.
    pub fn is_current(&self, one: &FluxKustomization) -> bool {
        let key = (one.env.clone(), one.object());
        let known = self.known.get(&key).and_then(|index| self.graph.kustomizations.get(*index));
        !self.gone.contains(&key) && known.is_none_or(|known| known.spec == one.spec)
    }

    /// Returns the build tasks of a Kustomization.
    fn task(&mut self, mut one: FluxKustomization, is_root: bool, unsure: bool) -> Vec<BuildTask> {
        let entry = self.graph.entries.get(&one.env).cloned();
        let mut spoke = None;
        if let Some(entry) = &entry {
            entry.home.settle(&mut one, &self.graph.sources, &self.graph.artifacts);
            spoke = spokes::settle(&mut one, &self.graph.spokes);
            let folder = self.graph.environments.iter().find(|known| known.name == one.env).map(|known| &*known.path);
            from_artifact(&mut self.reader, &mut one, folder.unwrap_or_default(), &entry.selection);
        }
        let key = (one.env.clone(), one.object());
        if let Some(known) = self.known.get(&key).and_then(|index| self.graph.kustomizations.get_mut(*index)) {
            *known = one.clone();
        }
        let selection = entry.map(|entry| entry.selection).unwrap_or_default();
        let unknown = match &one.elsewhere {
            // The content of another source is not in this repository, even if a path of the same name is.
            Some(source) => Some(format!("its content comes from {source}, which is not looked at here")),
            None if unsure && one.path.contains("${") => {
                Some(format!("its path is {}, and the values of variables are not known", one.path))
            }
            None => None,
        };
        if unknown.is_some() {
            self.open.insert(one.env.clone());
            self.feeds.remove(&key);
            let feed = Feed::for_kustomization(&one, &Reads::default(), &selection);
            let remote = spoke.map(|spoke| self.at_spoke(spoke, &one, unsure)).unwrap_or_default();
            return std::iter::once(BuildTask { one, feed, unknown }).chain(remote).collect();
        }
        self.reader.select(&selection);
        let reads = match self.graph.follow(&mut self.reader, &one, &selection) {
            Ok(reads) => reads,
            Err(finding) => {
                self.tell(&one, [*finding]);
                Arc::default()
            }
        };
        self.tell(&one, reads.findings.iter().map(|fault| kustomize::located(fault.clone(), &one)));
        let feed = Feed::for_kustomization(&one, &reads, &selection);
        if !is_root {
            self.feeds.insert(key, feed.clone());
        }
        vec![BuildTask { one, feed, unknown }]
    }

    /// Returns the build tasks of a Kustomization in the environment of the cluster that it applies to: the hub's
    /// output counts there.
    fn at_spoke(&mut self, spoke: String, one: &FluxKustomization, unsure: bool) -> Vec<BuildTask> {
        let remote = FluxKustomization { env: spoke, elsewhere: None, applied_by: None, ..one.clone() };
        let key = (remote.env.clone(), remote.object());
        match self.known.get(&key).and_then(|index| self.graph.kustomizations.get(*index)) {
            Some(known) if known.spec == remote.spec => Vec::new(),
            Some(_) => self.replace(&key, remote, unsure),
            None => self.add(remote, unsure),
        }
    }

    /// Reports findings, unless they may be due to something unknown.
    pub fn tell(&mut self, one: &FluxKustomization, findings: impl IntoIterator<Item = FileFault>) {
        if one.unsure.is_none() {
            let object = (one.file != one.path).then(|| one.object());
            self.graph.findings.extend(findings.into_iter().map(|finding| finding.about(&one.env, object.as_ref())));
        }
    }

    /// Notes that a Kustomization could not be rendered, or not all of it.
    pub fn is_open(&mut self, one: &FluxKustomization) {
        self.open.insert(one.env.clone());
    }

    /// Notes that a Kustomization could not be rendered at all: its declared files replace its output at the end.
    pub fn is_broken(&mut self, one: &FluxKustomization) {
        self.is_open(one);
        self.broken.push(one.clone());
    }

    /// Follows the declared children of those that could not be rendered; empty once that is done.
    pub fn fall_back(&mut self) -> Vec<BuildTask> {
        let mut tasks = Vec::new();
        for parent in std::mem::take(&mut self.broken) {
            let entry = self.graph.entries.get(&parent.env);
            let selection = entry.map(|entry| entry.selection.clone()).unwrap_or_default();
            self.reader.select(&selection);
            let Ok(reads) = self.graph.follow(&mut self.reader, &parent, &selection) else { continue };
            for (declared, body) in flux_objects(&mut self.reader, &reads) {
                if ExternalArtifact::is_made_by(&declared) {
                    self.graph.artifacts.extend(ExternalArtifact::read(&parent.env, &declared.object, &body));
                    continue;
                }
                if FluxSource::is(&declared) {
                    self.graph.take_source(FluxSource::read(&parent.env, &declared, &body));
                    continue;
                }
                if sets::is(&declared.object) {
                    continue;
                }
                let mut one = FluxKustomization::read(&parent.env, &declared, &body);
                if self.known.contains_key(&(one.env.clone(), one.object())) {
                    continue;
                }
                one.unsure = Some(format!("{}, which applies it, cannot be rendered", parent.name));
                one.applied_by = (parent.file != parent.path).then(|| parent.object());
                tasks.extend(self.add(one, true));
            }
        }
        tasks
    }

    /// Records which Kustomizations have to be ready before another is created.
    pub fn hold_back(&mut self, env: &str, object: &ObjectRef, until: &[ObjectRef]) {
        self.graph.hold_back(env, object, until);
    }

    /// Returns the graph.
    pub fn finish(mut self) -> Graph {
        for one in &self.graph.kustomizations {
            if let Some(feed) = self.feeds.remove(&(one.env.clone(), one.object())) {
                self.graph.feeds.add(feed);
            }
        }
        self.graph.finish(&self.open);
        self.graph
    }
}
