//! Finding the Flux graph of every environment: from the folder that Flux syncs, following the path of each Kustomization to the next.

use std::collections::HashSet;

use super::environments::{self, Found, Looked};
use super::feeds::{Feed, Feeds};
use super::finding::Finding;
use super::flux::{FluxKustomization, FluxSource, RepoEnvironment, Sync};
use super::home::{Artifact, Home};
use super::kustomize::{self, Reads, Role};
use super::naming::Hints;
use super::order::{self, Order};
use super::path;
use super::reader::{Place, Reader};
use super::rules;
use super::spokes;
use crate::model::Fault;

/// Holds what the repository declares to Flux.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) environments: Vec<RepoEnvironment>,
    pub(super) kustomizations: Vec<FluxKustomization>,
    pub(super) sources: Vec<FluxSource>,
    pub(super) orders: Vec<Order>,
    pub(super) feeds: Feeds,
    pub(super) findings: Vec<Finding>,
    pub(super) looked: Looked,
    artifacts: Vec<Artifact>,
    /// The Kustomizations that apply to another cluster than the one that they are in, by that cluster's environment.
    spokes: Vec<(String, FluxKustomization)>,
}

/// Reads the graph of every environment.
pub(super) fn read(reader: &mut Reader, hints: &Hints) -> Graph {
    let Found { environments, spokes, looked } = environments::find(reader, hints);
    let mut graph = Graph { environments, looked, spokes, ..Graph::default() };
    for environment in graph.environments.clone() {
        graph.environment(reader, &environment);
    }
    graph.kustomizations.sort_by(|a, b| (&a.env, &a.name, &a.namespace).cmp(&(&b.env, &b.name, &b.namespace)));
    graph
        .sources
        .sort_by(|a, b| (&a.env, &a.kind, &a.name, &a.namespace).cmp(&(&b.env, &b.kind, &b.name, &b.namespace)));
    rules::of_readers(reader, &mut graph.environments, &graph.feeds);
    graph.finish();
    graph
}

impl Graph {
    fn environment(&mut self, reader: &mut Reader, environment: &RepoEnvironment) {
        let (env, folder) = (environment.name.as_str(), environment.path.as_str());
        let start = self.kustomizations.len();
        reader.leave_out(None);
        // The folder of a cluster that a hub manages is not applied by itself.
        let entry = |reader: &mut Reader| match environment.sync {
            Sync::Hub => Reads::default(),
            _ => kustomize::follow(reader, folder, &[], None),
        };
        let mut reads = entry(reader);
        // What the source leaves out is told in the folder that it is left out of.
        let ignore = Self::ignore_of(reader, environment, &reads);
        if ignore.is_some() {
            reader.leave_out(ignore.as_deref());
            reads = entry(reader);
        }
        let root = Feed {
            env: env.to_owned(),
            namespace: "flux-system".to_owned(),
            name: "flux-system".to_owned(),
            files: reads.files.clone(),
            declared: reads.declared.clone(),
            remote: reads.remote.clone(),
            leaves: reads.leaves,
            ignore: ignore.clone(),
        };
        self.take(reader, env, reads);
        let remote = self.spokes.iter().filter(|(name, _)| name == env).map(|(_, one)| one.clone());
        self.kustomizations.extend(remote);
        let entry = self.kustomizations.get_mut(start..).unwrap_or_default();
        let home = Home::of(environment, entry);
        let settle = |one: &mut FluxKustomization| home.settle(one, &self.sources, &self.artifacts);
        entry.iter_mut().for_each(settle);
        let is_applied = entry.iter().any(|one| one.elsewhere.is_none() && path::is_within(folder, &one.path));
        if !is_applied && !root.files.is_empty() {
            self.feeds.add_root(root);
        }
        let mut next = start;
        while let Some(one) = self.kustomizations.get_mut(next) {
            next += 1;
            // The content of another source is not in this repository, even where a path of the same name is.
            home.settle(one, &self.sources, &self.artifacts);
            let spoke = self.spokes.iter().find(|(_, spoke)| spoke.object() == one.object() && spoke.file == one.file);
            if let Some((spoke, _)) = spoke.filter(|(name, _)| *name != one.env) {
                one.elsewhere = Some(format!("the cluster of the environment {spoke}, by kubeConfig"));
            }
            if one.elsewhere.is_some() {
                continue;
            }
            let one = one.clone();
            let reads = self.follow(reader, &one);
            self.feeds.add(Feed {
                env: env.to_owned(),
                namespace: one.namespace.clone(),
                name: one.name.clone(),
                files: reads.files.clone(),
                declared: reads.declared.clone(),
                remote: reads.remote.clone(),
                leaves: reads.leaves,
                ignore: ignore.clone(),
            });
            self.take(reader, env, reads);
        }
    }

    /// Returns `spec.ignore` of the source that an environment's folder is read from.
    fn ignore_of(reader: &mut Reader, environment: &RepoEnvironment, reads: &Reads) -> Option<String> {
        let mut found = Self::default();
        found.take(reader, &environment.name, Reads { declared: reads.declared.clone(), ..Reads::default() });
        Home::of(environment, &found.kustomizations).ignore(&found.sources)
    }

    fn follow(&mut self, reader: &mut Reader, one: &FluxKustomization) -> Reads {
        let place = match path::below_root(&one.path) {
            Some(folder) if folder == one.path => reader.place_in_artifact(&folder),
            _ => Place::Outside,
        };
        let left_out = reader.why_left_out(&one.path).map(|why| why.to_string()).unwrap_or_default();
        let (why, todo) = match place {
            Place::Folder => {
                return kustomize::follow(reader, &one.path, &one.components, one.target_namespace.as_deref());
            }
            Place::Outside => ("the path leads out of the repository", "correct spec.path"),
            Place::File | Place::Special => ("the path is no folder", "name its folder in spec.path"),
            Place::Missing => ("the path does not exist", "correct spec.path, or commit the folder"),
            Place::LeftOut => (left_out.as_str(), "correct spec.path, or take the folder out of what is left out"),
        };
        let what = format!("Kustomization {} has no files: {}", one.name, one.path);
        self.findings.push(Finding::new(&one.file, Some(one.line), Fault::failed(what, why, todo)));
        Reads::default()
    }

    /// Takes the Flux objects among what was read, and what is wrong with it.
    fn take(&mut self, reader: &mut Reader, env: &str, reads: Reads) {
        for declared in reads.declared.iter().filter(|declared| declared.role == Role::Resource) {
            let (is_kustomization, is_source) = (FluxKustomization::is(declared), FluxSource::is(declared));
            let makes_artifacts = Artifact::is_made_by(declared);
            if !is_kustomization && !is_source && !makes_artifacts {
                continue;
            }
            let Ok(parsed) = reader.manifests(&declared.file) else { continue };
            let Some(body) = parsed.manifests.get(declared.index).and_then(|manifest| manifest.body.as_ref()) else {
                continue;
            };
            if makes_artifacts {
                let made = Artifact::read(env, declared, body);
                self.artifacts.extend(made);
                continue;
            }
            if is_source {
                let source = FluxSource::read(env, declared, body);
                if !self.sources.iter().any(|known| known.env == env && known.object() == source.object()) {
                    self.sources.push(source);
                }
                continue;
            }
            let one = FluxKustomization::read(env, declared, body);
            match self.kustomizations.iter().find(|known| known.env == env && known.object() == one.object()) {
                None => self.kustomizations.push(one),
                Some(known) if (&known.file, known.line) == (&one.file, one.line) => {}
                Some(known) => {
                    let why = format!("{}:{} declares it too, and one overwrites the other", known.file, known.line);
                    let fault = Fault::failed(
                        format!("Kustomization {} is declared twice in {env}", one.name),
                        why,
                        "rename one of them",
                    );
                    self.findings.push(Finding::new(&one.file, Some(one.line), fault));
                }
            }
        }
        self.findings.extend(reads.findings);
    }

    /// Adds what only the whole shows: waves, circles, dependencies on nothing.
    fn finish(&mut self) {
        for environment in &self.environments {
            let order = order::order(&environment.name, &self.kustomizations, &self.feeds);
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
                    self.findings.push(Finding::new(&one.file, Some(one.line), fault));
                }
            }
            self.orders.push(order);
        }
        for one in &self.kustomizations {
            for dependency in &one.depends_on {
                let known = |other: &&FluxKustomization| {
                    // What applies to another cluster waits for what its own controller knows.
                    (other.env == one.env || spokes::kubeconfig(one).is_some())
                        && other.name == dependency.name
                        && other.namespace == dependency.namespace
                };
                if self.kustomizations.iter().find(known).is_none() {
                    let what = format!("Kustomization {} waits for {} in {}", one.name, dependency.name, one.env);
                    let why = format!(
                        "the repository declares no Kustomization {}/{}",
                        dependency.namespace, dependency.name
                    );
                    let mut elsewhere = self.kustomizations.iter();
                    let todo = match elsewhere.find(|other| other.env == one.env && other.name == dependency.name) {
                        Some(other) => format!("name its namespace in spec.dependsOn: {}", other.namespace),
                        None => "correct the name in spec.dependsOn: only a Kustomization can stand there".to_owned(),
                    };
                    let fault = Fault::failed(what, why, todo);
                    self.findings.push(Finding::new(&one.file, Some(one.line), fault));
                }
            }
        }
        let mut seen = HashSet::new();
        self.findings.retain(|finding| seen.insert(finding.to_string()));
        self.findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    }
}
