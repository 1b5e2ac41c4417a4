//! The state of the repository at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::artifact::{LeftOut, Selection};
use super::environments::{self, EnvironmentSearch};
use super::feeds::{Feed, Feeds};
use super::file_fault::FileFault;
use super::flux::{FluxKustomization, FluxSource, RepoEnvironment};
use super::git::{GitState, Repository};
use super::graph::{self, Entry, Followed, Graph};
use super::manifest::Care;
use super::naming::Hints;
use super::order::Order;
use super::reader::Reader;
use super::scan::{self, Scan, scan};
use crate::model::known::KUSTOMIZE;
use crate::model::{Fault, ObjectRef};

/// Entries at the root of a repository for Flux.
const LIKE_FLUX: [&str; 7] = ["clusters", "cluster", "kubernetes", "flux", "flux-system", "fleet", ".fluxdeck.toml"];

/// Holds the state of the repository at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The repository's root; without git, the named folder.
    pub root: PathBuf,
    /// The tree, with locks.
    pub scan: Scan,
    /// The state from git, or its fault.
    pub git: Result<GitState, Fault>,
    /// The folders that Flux syncs, sorted by name.
    pub environments: Vec<RepoEnvironment>,
    /// The Flux Kustomizations, sorted by environment and name.
    pub kustomizations: Vec<FluxKustomization>,
    /// The sources, sorted by environment, kind and name.
    pub sources: Vec<FluxSource>,
    /// The waves of each environment.
    pub orders: Vec<Order>,
    /// The files that feed each Kustomization.
    pub feeds: Feeds,
    /// The faults of the files.
    pub findings: Vec<FileFault>,
    /// The `ResourceSet` objects whose Kustomizations are not among these yet, by environment; none once they are
    /// unfolded.
    pub sets: Vec<(String, ObjectRef)>,
    /// The traces from the search for environments.
    pub looked: EnvironmentSearch,
    /// The hints for the names of environments, for reading another state of the repository.
    pub hints: Arc<Hints>,
    /// Whether this is the rendered state; else it is as the files declare it, which parents may patch.
    pub is_rendered: bool,
    /// The start of rendering.
    pub(super) begin: Arc<Begin>,
}

/// Holds the start of rendering, as the files declare it.
#[derive(Debug, Default)]
pub(super) struct Begin {
    pub(super) environments: Vec<RepoEnvironment>,
    /// The folders of environments that no Kustomization applies yet.
    pub(super) folders: Vec<Feed>,
    /// The Kustomizations that bootstrap created.
    pub(super) roots: Vec<FluxKustomization>,
    /// The sources that stand for this repository, in each environment.
    pub(super) entries: BTreeMap<String, Entry>,
    /// The Kustomizations that apply to another cluster than the one that they are in, by that cluster's environment.
    pub(super) spokes: Vec<(String, FluxKustomization)>,
    /// The results of reading, for reuse.
    pub(super) followed: Followed,
}

impl Snapshot {
    /// Reads the repository around a folder.
    pub fn load(folder: &Path) -> Self {
        Loader::open(folder).load()
    }

    /// Reads another state of the same repository, in a folder of its own.
    pub fn load_like(&self, folder: &Path) -> Self {
        Loader::open(folder).with(&self.hints).load()
    }

    /// Replaces the declared graph by the rendered one.
    #[must_use]
    pub fn with_graph(&self, graph: &Graph) -> Self {
        Self {
            kustomizations: graph.kustomizations.clone(),
            sources: graph.sources.clone(),
            orders: graph.orders.clone(),
            feeds: graph.feeds.clone(),
            findings: graph.findings.clone(),
            sets: Vec::new(),
            is_rendered: true,
            ..self.clone()
        }
    }

    /// Tells whether an environment applies Kustomizations to the cluster of another.
    pub fn has_spokes(&self) -> bool {
        !self.begin.spokes.is_empty()
    }

    /// Finds an object of a kind of Flux that the repository declares, with its environment: of the named one before
    /// the others.
    pub fn declared_example(&self, kind: &str, env: &str) -> Option<(String, ObjectRef)> {
        let kustomizations = self.kustomizations.iter().map(|one| (&one.env, one.object()));
        let sources = self.sources.iter().map(|one| (&one.env, one.object()));
        let all: Vec<(&String, ObjectRef)> =
            kustomizations.chain(sources).filter(|(_, object)| object.kind == kind).collect();
        let found = all.iter().find(|(known, _)| *known == env).or(all.first());
        found.map(|(env, object)| ((*env).clone(), object.clone()))
    }

    /// Iterates over the Kustomizations of an environment.
    pub fn kustomizations_of<'a>(&'a self, env: &'a str) -> impl Iterator<Item = &'a FluxKustomization> {
        self.kustomizations.iter().filter(move |one| one.env == env)
    }

    /// Returns the namespaces of an environment's objects: Flux's own first.
    pub fn namespaces_of(&self, env: &str) -> BTreeSet<String> {
        let flux = self.kustomizations_of(env).flat_map(|one| one.target_namespace.iter().chain([&one.namespace]));
        let declared = self.feeds.iter().filter(|feed| feed.env == env).flat_map(|feed| &feed.declared);
        let declared =
            declared.map(|one| if one.object.kind == "Namespace" { &one.object.name } else { &one.object.namespace });
        flux.chain(declared).filter(|name| !name.is_empty()).cloned().collect()
    }

    /// Returns the name of a Kustomization: with its namespace if another of the environment has the same name.
    pub fn shown(&self, env: &str, namespace: &str, name: &str) -> String {
        let is_shared = self.kustomizations_of(env).any(|one| one.name == name && one.namespace != namespace);
        if is_shared { format!("{namespace}/{name}") } else { name.to_owned() }
    }

    /// Returns the Kustomizations that read a file, or any file below a folder.
    pub fn fed_by(&self, file_or_folder: &str) -> Vec<&Feed> {
        self.feeds.fed_by(file_or_folder)
    }

    /// Returns the files of an object in an environment: those that declare and patch it, and for a Flux Kustomization
    /// its input files.
    pub fn files_of(&self, env: &str, object: &ObjectRef) -> Vec<&str> {
        let mut files = self.feeds.files_of(env, object);
        if object.kind == "Kustomization" && object.group == KUSTOMIZE {
            for file in self.feeds.files(env, &object.namespace, &object.name) {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        files
    }

    /// Returns those of some files that no artifact has, because a `.sourceignore`, `spec.ignore` or a default of
    /// source-controller leaves them out for every environment. Links do not count: no pattern leaves them out on
    /// purpose.
    pub fn left_out<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut reader = Reader::new(&self.root);
        let mut selections: Vec<Selection> = Vec::new();
        for selection in self.begin.entries.values().map(|entry| &entry.selection) {
            if !selections.contains(selection) {
                selections.push(selection.clone());
            }
        }
        if selections.is_empty() {
            selections.push(Selection::default());
        }
        let mut left: BTreeSet<&str> = files.into_iter().collect();
        for selection in &selections {
            reader.select(selection);
            left.retain(|file| reader.why_left_out(file).is_some_and(|why| why != LeftOut::Link));
        }
        left
    }

    /// Returns the order of an environment.
    pub fn order(&self, env: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.env == env)
    }
}

/// Reads a repository repeatedly, keeping the unchanged parts.
#[derive(Debug)]
pub struct Loader {
    root: PathBuf,
    repository: Result<Repository, Fault>,
    reader: Reader,
    hints: Arc<Hints>,
    /// The tree for the first frame, listed while the rest of the start goes on.
    listing: Option<JoinHandle<Scan>>,
}

impl Loader {
    /// Finds the repository around a folder; without git it uses the folder itself, or the nearest above it that looks
    /// like one of Flux.
    pub fn open(folder: &Path) -> Self {
        let repository = Repository::discover(folder);
        let root = if let Ok(repository) = &repository {
            repository.root.clone()
        } else {
            let found = folder.ancestors().find(|above| is_like_flux(above));
            found.into_iter().for_each(crate::files::take_for_repository);
            found.unwrap_or(folder).to_owned()
        };
        let repository_name = root.file_name().map(|name| name.to_string_lossy().into_owned());
        let hints = Hints { repository: repository_name, ..Hints::default() };
        Self { reader: Reader::new(&root), repository, root, hints: Arc::new(hints), listing: None }
    }

    /// Sets the hints for names of environments from the settings and the kubeconfig.
    #[must_use]
    pub fn with(mut self, hints: &Hints) -> Self {
        let repository = hints.repository.clone().or_else(|| self.hints.repository.clone());
        self.hints = Arc::new(Hints { repository, ..hints.clone() });
        self
    }

    /// Tells whether the root has a folder or a file that is typical for Flux; used without git, so that an unrelated
    /// folder is not searched.
    pub fn is_like_flux(&self) -> bool {
        is_like_flux(&self.root)
    }

    /// Returns the repository's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the repository's folders, or the reason that they are unknown.
    ///
    /// # Errors
    /// Returns the fault of the search for the repository.
    pub fn repository(&self) -> Result<&Repository, &Fault> {
        self.repository.as_ref()
    }

    /// Searches for git again if it was not found, and returns whether it was now: `git init` may have run meanwhile.
    pub fn find_git(&mut self) -> bool {
        if self.repository.is_ok() {
            return false;
        }
        let found = Repository::discover(&self.root);
        // A repository that begins above is another tree than the shown one.
        let is_this = found.as_ref().is_ok_and(|found| found.root.canonicalize().ok() == self.root.canonicalize().ok());
        if is_this {
            self.repository = found;
        }
        is_this
    }

    /// Finds the environments alone, with the fault to report if there is none.
    pub fn environments(&mut self) -> (Vec<RepoEnvironment>, Fault) {
        let found = environments::find(&mut self.reader, &self.hints);
        let nothing = found.looked.nothing();
        (found.environments, nothing)
    }

    /// Begins to list the tree, which [`Loader::list`] then waits for.
    pub fn begin_list(&mut self) {
        let root = self.root.clone();
        self.listing = Some(std::thread::spawn(move || scan::list(&root)));
    }

    /// Lists the tree alone, without running git: the content of the first frame.
    pub fn list(&mut self) -> Snapshot {
        let git = self.repository.as_ref().map_err(Clone::clone).and_then(GitState::glance);
        let graph = Graph::default();
        let listed = self.listing.take().and_then(|listing| listing.join().ok());
        let scan = listed.unwrap_or_else(|| scan::list(&self.root));
        self.snapshot(scan, git, graph)
    }

    /// Reads the data of the first screen, several times sooner than [`Loader::load`]: invalid YAML goes unnoticed,
    /// unless the graph depends on it, and of git's state only the branch is known. Call that one next.
    pub fn glance(&mut self) -> Snapshot {
        self.read(Care::Glance)
    }

    /// Reads the feeds and nothing else: no tree, no state of git. The checks of a headless write need no more.
    pub fn feeds(&mut self) -> Snapshot {
        self.reader.refresh(Care::Glance);
        let graph = graph::read(&mut self.reader, &self.hints);
        let git = self.repository.as_ref().map_err(Clone::clone).and_then(GitState::glance);
        self.snapshot(Scan::default(), git, graph)
    }

    /// Reads the same of a tree that has become another one since: what did not change in it is not read again.
    pub fn feeds_anew(&mut self) -> Snapshot {
        self.reader.refresh(Care::Parse);
        let graph = graph::read(&mut self.reader, &self.hints);
        let git = self.repository.as_ref().map_err(Clone::clone).and_then(GitState::glance);
        self.snapshot(Scan::default(), git, graph)
    }

    /// Reads everything; git works meanwhile.
    pub fn load(&mut self) -> Snapshot {
        self.read(Care::Parse)
    }

    fn read(&mut self, care: Care) -> Snapshot {
        self.reader.refresh(care);
        let (root, repository, reader, hints) = (&self.root, &self.repository, &mut self.reader, &self.hints);
        let (git, scan, graph) = std::thread::scope(|scope| {
            let state = match care {
                Care::Glance => GitState::glance,
                Care::Parse => GitState::read,
            };
            let git = scope.spawn(move || repository.as_ref().map_err(Clone::clone).and_then(state));
            let tree = scope.spawn(|| {
                let mut tree = scan(root);
                tree.read_locks(root);
                tree
            });
            let graph = graph::read(reader, hints);
            let lost = || {
                Fault::failed("git does not tell what changed", "reading it broke off", "this is a defect of fluxdeck")
            };
            (git.join().unwrap_or_else(|_| Err(lost())), tree.join().unwrap_or_default(), graph)
        });
        self.snapshot(scan, git, graph)
    }

    fn snapshot(&self, scan: Scan, git: Result<GitState, Fault>, graph: Graph) -> Snapshot {
        let Graph {
            environments,
            kustomizations,
            sources,
            orders,
            feeds,
            findings,
            sets,
            looked,
            entries,
            roots,
            followed,
            spokes,
            ..
        } = graph;
        let (root, hints) = (self.root.clone(), Arc::clone(&self.hints));
        let folders = feeds.roots().cloned().collect();
        let begin = Arc::new(Begin { environments: environments.clone(), folders, roots, entries, spokes, followed });
        let is_rendered = false;
        Snapshot {
            root,
            scan,
            git,
            environments,
            kustomizations,
            sources,
            orders,
            feeds,
            findings,
            sets,
            looked,
            hints,
            is_rendered,
            begin,
        }
    }
}

fn is_like_flux(folder: &Path) -> bool {
    LIKE_FLUX.iter().any(|name| folder.join(name).exists())
}
