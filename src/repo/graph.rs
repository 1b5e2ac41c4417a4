//! The Flux graph of every environment: from the folder that Flux syncs, along the path of each Kustomization to the
//! next.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::artifact::Selection;
use super::environments::{self, EnvironmentSearch, Found};
use super::feeds::{Feed, Feeds};
use super::file_fault::FileFault;
use super::flux::{Dependency, FluxKustomization, FluxSource, RepoEnvironment, Sync};
use super::home::{ExternalArtifact, Home};
use super::kustomize::{self, Declared, Reads, Role};
use super::naming::Hints;
use super::order::{self, Order};
use super::reader::{Place, Reader};
use super::rules;
use super::sets::{self, DeclaredSets};
use super::spokes;
use super::{path, pushed};
use crate::flux_operator::unfolding;
use crate::model::known::{KUSTOMIZE, SOURCE};
use crate::model::{Fault, ObjectRef};
use crate::yaml::Value;

/// Holds the Flux objects of the repository: as the files declare them, or as they are rendered.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The environments, sorted by name.
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
    /// The `ResourceSet` objects whose output the files alone do not show, by environment.
    pub sets: Vec<(String, ObjectRef)>,
    /// The sets of the environment that is read.
    pub(super) declared_sets: DeclaredSets,
    pub(super) looked: EnvironmentSearch,
    pub(super) artifacts: Vec<ExternalArtifact>,
    /// The Kustomizations that apply to another cluster than the one that they are in, by that cluster's environment.
    pub(super) spokes: Vec<(String, FluxKustomization)>,
    /// The sources that stand for this repository, in each environment.
    pub(super) entries: BTreeMap<String, Entry>,
    /// The Kustomizations that apply the entry folders.
    pub(super) roots: Vec<FluxKustomization>,
    /// The results of reading, for reuse.
    pub(super) followed: Followed,
}

/// Describes which sources stand for this repository in an environment, and which files are left out.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) home: Home,
    pub(super) selection: Selection,
}

/// Names an input: the folder, the components and the namespace that a Kustomization gives it, and the files that are
/// left out.
type What = (String, Vec<String>, Option<String>, Selection);

/// Caches the inputs by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Followed(HashMap<What, Arc<Reads>>);

impl Followed {
    /// Returns the input of a Kustomization; the reader knows the files that are left out.
    fn reads_of(&mut self, reader: &mut Reader, one: &FluxKustomization, selection: &Selection) -> Arc<Reads> {
        let namespace = one.target_namespace.clone();
        let components = one.components(reader);
        let key = (one.path.clone(), components.clone(), namespace, selection.clone());
        let read = || Arc::new(kustomize::follow(reader, &one.path, &components, one.target_namespace.as_deref()));
        Arc::clone(self.0.entry(key).or_insert_with(read))
    }
}

/// Reads the graph of every environment.
pub(super) fn read(reader: &mut Reader, hints: &Hints) -> Graph {
    let Found { environments, spokes, looked } = environments::find(reader, hints);
    let mut graph = Graph { environments, looked, spokes, ..Graph::default() };
    for environment in graph.environments.clone() {
        graph.environment(reader, &environment);
    }
    rules::of_readers(reader, &mut graph.environments, &graph.feeds);
    let open = graph.open();
    graph.finish(&open);
    graph
}

impl Graph {
    /// Lists the environments that may declare objects that the files do not show: the content of another source, or
    /// objects that a `ResourceSet` creates on the cluster.
    fn open(&self) -> BTreeSet<String> {
        let is_away = |one: &&FluxKustomization| one.elsewhere.is_some() && spokes::kubeconfig(one).is_none();
        let away = self.kustomizations.iter().filter(is_away).map(|one| one.env.clone());
        away.chain(self.sets.iter().map(|(env, _)| env.clone())).collect()
    }

    fn environment(&mut self, reader: &mut Reader, environment: &RepoEnvironment) {
        let (env, folder) = (environment.name.as_str(), environment.path.as_str());
        let start = self.kustomizations.len();
        reader.select(&Selection::default());
        // No Kustomization of a hub-managed cluster applies its folder from within.
        let entry = |reader: &mut Reader| match environment.sync {
            Sync::Hub => Reads::default(),
            _ => kustomize::follow(reader, folder, &[], None),
        };
        let mut reads = entry(reader);
        // The files of the folder itself show what the source leaves out.
        let selection = Self::selection_of(reader, environment, &reads);
        if selection != Selection::default() {
            reader.select(&selection);
            reads = entry(reader);
        }
        let root = Feed::for_kustomization(&FluxKustomization::of_bootstrap(env, folder), &reads, &selection);
        self.take(reader, env, None, &reads);
        let remote = self.spokes.iter().filter(|(name, _)| name == env).map(|(_, one)| one.clone());
        self.kustomizations.extend(remote);
        self.take_root(reader, environment);
        self.take_instance(environment);
        let read = self.kustomizations.get_mut(start..).unwrap_or_default();
        if let Sync::Patch { object, .. } = &environment.sync {
            read.iter_mut().filter(|one| one.object() == *object).for_each(|one| one.lead_to(folder));
        }
        let home = Home::find(environment, read);
        let settle = |one: &mut FluxKustomization| home.settle(one, &self.sources, &self.artifacts);
        read.iter_mut().for_each(settle);
        let roots = roots(environment, read);
        if roots.is_empty() && !root.files.is_empty() {
            self.feeds.add_root(root);
        }
        self.roots.extend(roots);
        self.entries.insert(env.to_owned(), Entry { home: home.clone(), selection: selection.clone() });
        let mut next = start;
        loop {
            let Some(one) = self.kustomizations.get_mut(next) else {
                // Inputs of sets may be anywhere: sets are unfolded once all else is read.
                self.take_sets(env);
                if next < self.kustomizations.len() {
                    continue;
                }
                break;
            };
            next += 1;
            // The content of another source is not in this repository, even if a path of the same name is.
            home.settle(one, &self.sources, &self.artifacts);
            spokes::settle(one, &self.spokes);
            from_artifact(reader, one, folder, &selection);
            if one.elsewhere.is_some() {
                continue;
            }
            let one = one.clone();
            let reads = match self.follow(reader, &one, &selection) {
                Ok(reads) => reads,
                Err(finding) => {
                    self.findings.push(*finding);
                    Arc::default()
                }
            };
            self.feeds.add(Feed::for_kustomization(&one, &reads, &selection));
            self.take(reader, env, Some(&one.object()), &reads);
        }
        let sets = std::mem::take(&mut self.declared_sets);
        for (env, object, until) in unfolding::order(&sets.unfolded) {
            self.hold_back(env, object, &until);
        }
        self.sets.extend(sets.unknown.into_iter().map(|set| (env.to_owned(), set)));
    }

    /// Returns the part of the repository that an environment's source has.
    fn selection_of(reader: &mut Reader, environment: &RepoEnvironment, reads: &Reads) -> Selection {
        let mut found = Self::default();
        found.take(reader, &environment.name, None, &Reads { declared: reads.declared.clone(), ..Reads::default() });
        found.take_instance_source(environment);
        let own = Home::find(environment, &found.kustomizations).selection(&found.sources);
        Selection { pushed: pushed::of(reader.root(), environment), ..own }
    }

    /// Returns the input of a Kustomization, or the fault of its path.
    pub(super) fn follow(
        &mut self,
        reader: &mut Reader,
        one: &FluxKustomization,
        selection: &Selection,
    ) -> Result<Arc<Reads>, Box<FileFault>> {
        let place = reader.place_in_artifact(&one.path);
        let left_out = reader.why_left_out(&one.path).map(|why| why.to_string()).unwrap_or_default();
        let (why, todo) = match place {
            Place::Folder => return Ok(self.followed.reads_of(reader, one, selection)),
            // The result is unknown; the rendering reports that.
            Place::Elsewhere => return Ok(Arc::default()),
            Place::Outside => ("the path leads out of the repository", "correct spec.path"),
            Place::File | Place::Special => ("the path is not a folder", "name its folder in spec.path"),
            Place::Missing => ("the path does not exist", "correct spec.path, or commit the folder"),
            Place::LeftOut => (left_out.as_str(), "correct spec.path, or take the folder out of what is left out"),
        };
        let what = format!("Kustomization {} has no files: {}", one.name, one.path);
        let finding = FileFault::new(&one.file, Some(one.line), Fault::failed(what, why, todo));
        Err(Box::new(finding.about(&one.env, Some(&one.object()))))
    }

    /// Adds the Flux objects of an input, and its faults.
    fn take(&mut self, reader: &mut Reader, env: &str, by: Option<&ObjectRef>, reads: &Reads) {
        for (declared, body) in flux_objects(reader, reads) {
            if ExternalArtifact::is_made_by(&declared) {
                self.artifacts.extend(ExternalArtifact::read(env, &declared.object, &body));
                continue;
            }
            if FluxSource::is(&declared) {
                self.take_source(FluxSource::read(env, &declared, &body));
                continue;
            }
            if sets::is(&declared.object) {
                self.declared_sets.take(reader, &declared, &body);
                continue;
            }
            self.take_kustomization(FluxKustomization::read(env, &declared, &body));
        }
        let is_it = |one: &&FluxKustomization| one.env == env && by.is_some_and(|by| one.object() == *by);
        let one = self.kustomizations.iter().find(is_it);
        let located = |fault: FileFault| match one {
            Some(one) => kustomize::located(fault, one),
            None => fault,
        };
        let told: Vec<FileFault> = reads.findings.iter().map(|fault| located(fault.clone()).about(env, by)).collect();
        self.findings.extend(told);
    }

    fn take_kustomization(&mut self, one: FluxKustomization) {
        match self.kustomizations.iter().find(|known| known.env == one.env && known.object() == one.object()) {
            None => self.kustomizations.push(one),
            Some(known) => {
                let twice = twice(known, &one);
                self.findings.extend(twice);
            }
        }
    }

    /// Adds the objects that flux-operator creates from the sets so far.
    fn take_sets(&mut self, env: &str) {
        for made in self.declared_sets.unfold(env) {
            let place = (made.file.as_str(), made.line);
            if ExternalArtifact::is_of(&made.object) {
                self.artifacts.extend(ExternalArtifact::read(env, &made.object, &made.body));
            } else if made.object.group == SOURCE {
                self.take_source(FluxSource::read_at(env, &made.object, place, &made.body));
            } else if made.object.group == KUSTOMIZE && made.object.kind == "Kustomization" {
                self.take_kustomization(FluxKustomization::read_at(env, &made.object, place, &made.body));
            }
        }
    }

    /// Records which Kustomizations have to be ready before another is created.
    pub(super) fn hold_back(&mut self, env: &str, object: &ObjectRef, until: &[ObjectRef]) {
        let is_it = |one: &&mut FluxKustomization| one.env == env && one.object() == *object;
        if let Some(one) = self.kustomizations.iter_mut().find(is_it) {
            let own = one.namespace.clone();
            one.made_after.extend(until.iter().map(|other| Dependency {
                namespace: other.namespace.clone(),
                name: other.name.clone(),
                foreign: other.namespace != own,
            }));
        }
    }

    /// Adds the Kustomization that syncs the folder if no file of the folder declares it: its file was applied by hand.
    fn take_root(&mut self, reader: &mut Reader, environment: &RepoEnvironment) {
        let Sync::Kustomization { object, file, .. } = &environment.sync else { return };
        let env = environment.name.as_str();
        if self.kustomizations.iter().any(|one| one.env == env && one.object() == *object) {
            return;
        }
        let Ok(parsed) = reader.manifests(file) else { return };
        for (index, manifest) in parsed.manifests.iter().enumerate() {
            let Some(body) = manifest.body.as_ref() else { continue };
            let declared = Declared::from_manifest(manifest, file, index);
            if FluxSource::is(&declared) {
                self.take_source(FluxSource::read(env, &declared, body));
            } else if FluxKustomization::is(&declared) {
                let one = FluxKustomization::read(env, &declared, body);
                self.kustomizations.extend(Some(one).filter(|one| one.object() == *object));
            }
        }
    }

    /// Adds the objects that flux-operator creates from a `FluxInstance`: a Kustomization and its source, which no file
    /// declares.
    fn take_instance(&mut self, environment: &RepoEnvironment) {
        let Sync::Instance { object, file, line, made, .. } = &environment.sync else { return };
        let is_known = |one: &FluxKustomization| one.env == environment.name && one.object() == *object;
        if !self.kustomizations.iter().any(is_known) {
            let one = FluxKustomization::read_at(&environment.name, object, (file, *line), &made.kustomization);
            self.kustomizations.push(FluxKustomization { unsure: made.unsure.clone(), ..one });
        }
        self.take_instance_source(environment);
    }

    /// Adds the source that flux-operator creates from a `FluxInstance`.
    pub(super) fn take_instance_source(&mut self, environment: &RepoEnvironment) {
        let Sync::Instance { source, file, line, made, .. } = &environment.sync else { return };
        self.take_source(FluxSource::read_at(&environment.name, source, (file, *line), &made.source));
    }

    /// Adds a source, once.
    pub(super) fn take_source(&mut self, source: FluxSource) {
        if !self.sources.iter().any(|known| known.env == source.env && known.object() == source.object()) {
            self.sources.push(source);
        }
    }

    /// Adds facts that only the whole graph shows: waves, circles, dependencies on nothing. For `open` environments,
    /// which are partly unknown, missing objects are not reported.
    pub(super) fn finish(&mut self, open: &BTreeSet<String>) {
        self.kustomizations.sort_by(|a, b| (&a.env, &a.name, &a.namespace).cmp(&(&b.env, &b.name, &b.namespace)));
        self.sources
            .sort_by(|a, b| (&a.env, &a.kind, &a.name, &a.namespace).cmp(&(&b.env, &b.kind, &b.name, &b.namespace)));
        for environment in &self.environments {
            let order =
                order::order(&environment.name, &self.kustomizations, &self.feeds, open.contains(&environment.name));
            for circle in &order.circles {
                let is_first = |one: &&FluxKustomization| {
                    one.env == order.env && circle.first().is_some_and(|first| first.is(one))
                };
                if let Some(one) = self.kustomizations.iter().find(is_first) {
                    let names = circle.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    let (what, why) = match circle.as_slice() {
                        [_] => (format!("Kustomization {names} waits for itself"), "its dependsOn names it".to_owned()),
                        _ => (
                            format!("Kustomizations wait for each other in a circle: {names}"),
                            format!("none of them becomes ready in {}, nor what waits for one", order.env),
                        ),
                    };
                    let fault = Fault::failed(what, why, "take one dependsOn out of the circle");
                    let finding = FileFault::new(&one.file, Some(one.line), fault);
                    self.findings.push(finding.about(&one.env, Some(&one.object())));
                }
            }
            self.orders.push(order);
        }
        for one in self.kustomizations.iter().filter(|one| !open.contains(&one.env)) {
            for dependency in order::missing(one, &self.kustomizations) {
                let what = format!("Kustomization {} waits for {dependency} in {}", one.name, one.env);
                let why = format!(
                    "the repository declares no Kustomization {}/{}: it never begins",
                    dependency.namespace, dependency.name
                );
                let mut elsewhere = self.kustomizations.iter();
                let todo = match elsewhere.find(|other| other.env == one.env && other.name == dependency.name) {
                    Some(other) => format!("name its namespace in spec.dependsOn: {}", other.namespace),
                    None => "correct the name in spec.dependsOn: only a Kustomization can stand there".to_owned(),
                };
                let fault = Fault::failed(what, why, todo);
                let finding = FileFault::new(&one.file, Some(one.line), fault);
                self.findings.push(finding.about(&one.env, Some(&one.object())));
            }
        }
        // If one file makes several fail, the first fault stands for all.
        let mut seen = HashSet::new();
        self.findings.retain(|finding| seen.insert((finding.env.clone(), finding.to_string())));
        self.findings.sort_by(|a, b| (&a.file, a.line, &a.env).cmp(&(&b.file, b.line, &b.env)));
    }
}

/// Finds the folder of a Kustomization whose artifact is built from a folder of this repository, as a pipeline pushes
/// one: there its path counts from a folder above the environment's own.
pub(super) fn from_artifact(reader: &mut Reader, one: &mut FluxKustomization, entry: &str, selection: &Selection) {
    let is_from = |kinds: &[&str]| one.source.as_ref().is_some_and(|source| kinds.contains(&source.kind.as_str()));
    if one.elsewhere.is_some() {
        return;
    }
    // If the artifact's folder is known, every path counts from there, and so do copies out of it.
    let pushed = selection.pushed.as_ref().map(|pushed| pushed.folder.as_str()).filter(|folder| !folder.is_empty());
    if let Some(folder) = pushed.filter(|_| is_from(&["OCIRepository", "ExternalArtifact"])) {
        let whole = path::join(folder, &one.path).trim_end_matches('/').to_owned();
        if reader.place(&whole) == Place::Folder {
            one.path = whole;
            return;
        }
    }
    if !is_from(&["OCIRepository", "Bucket"]) || reader.place_in_artifact(&one.path) != Place::Missing {
        return;
    }
    let mut above = path::parent(entry);
    while !above.is_empty() {
        let folder = path::join(above, &one.path);
        if reader.place_in_artifact(&folder) == Place::Folder {
            one.path = folder;
            return;
        }
        above = path::parent(above);
    }
}

/// Finds the Kustomization that applies an environment's entry folder: the one that is known to sync it, else those
/// with exactly its path, else those whose path holds it.
fn roots(environment: &RepoEnvironment, read: &[FluxKustomization]) -> Vec<FluxKustomization> {
    let of = |fits: &dyn Fn(&FluxKustomization) -> bool| {
        read.iter().filter(|one| one.elsewhere.is_none() && fits(one)).cloned().collect::<Vec<_>>()
    };
    let known = match &environment.sync {
        Sync::Hub => of(&|_| true),
        Sync::Kustomization { object, .. } | Sync::Patch { object, .. } | Sync::Instance { object, .. } => {
            of(&|one| one.object() == *object)
        }
        _ => Vec::new(),
    };
    let exact = || of(&|one| one.path == environment.path);
    let holding = || of(&|one| path::is_within(&environment.path, &one.path));
    [known, exact(), holding()].into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Reads the Flux Kustomizations, sources and sets of an input.
pub(super) fn flux_objects(reader: &mut Reader, reads: &Reads) -> Vec<(Declared, Value)> {
    let is_flux = |declared: &&Declared| {
        FluxKustomization::is(declared)
            || FluxSource::is(declared)
            || sets::is(&declared.object)
            || ExternalArtifact::is_made_by(declared)
    };
    let mut found = Vec::new();
    for declared in reads.declared.iter().filter(|declared| declared.role == Role::Resource).filter(is_flux) {
        let Ok(parsed) = reader.manifests(&declared.file) else { continue };
        let body = parsed.manifests.get(declared.index).and_then(|manifest| manifest.body.as_ref());
        found.extend(body.map(|body| (declared.clone(), body.clone())));
    }
    found
}

/// Reports that two files declare one Kustomization; `None` if one file is read twice.
pub(super) fn twice(known: &FluxKustomization, one: &FluxKustomization) -> Option<FileFault> {
    if (&known.file, known.line) == (&one.file, one.line) {
        return None;
    }
    let why = format!("{}:{} declares it too, and one overwrites the other", known.file, known.line);
    let what = format!("Kustomization {} is declared twice in {}", one.name, one.env);
    let fault = Fault::failed(what, why, "rename one of them");
    Some(FileFault::new(&one.file, Some(one.line), fault).about(&one.env, Some(&one.object())))
}
