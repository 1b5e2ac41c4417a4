//! A session: the environments, clusters and repository of one run, for the cockpit and the headless twins alike.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::journal::Journal;
use crate::app::{ExerciseProgress, Facts, Lender, RevisedFacts, TaskContext};
use crate::cluster::Cluster;
use crate::config::{SettingOrigin, Settings};
use crate::model::{Clock, Env, Environment, Exercise, Exposure, Fault, PerEnv};
use crate::render::Worker;
use crate::repo::{Loader, Snapshot};
use crate::sops::KeySources;

/// Tells what kind of clusters the session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSource {
    /// Real clusters.
    Live,
    /// Simulated clusters.
    Demo,
}

/// Holds the resources of one run of fluxdeck.
pub struct Session {
    /// Real or simulated.
    pub source: SessionSource,
    /// The environments in their order.
    pub environments: Vec<Environment>,
    /// The settings that leave an environment unprotected, for those that are.
    pub unprotected: PerEnv<SettingOrigin>,
    /// The clusters, each or its fault.
    pub clusters: Arc<PerEnv<Result<Arc<Cluster>, Fault>>>,
    /// The sources of each environment's age identities.
    pub identities: Arc<KeySources>,
    /// The repository's root, or its fault.
    pub root: Result<PathBuf, Fault>,
    /// The fault to report if there is no environment.
    pub nothing: Fault,
    /// The loader that found the repository, until it is taken: a second search by git would be needless.
    pub loader: Mutex<Option<Loader>>,
    /// The operator's login.
    pub login: String,
    /// The address of this machine for `ssh`.
    pub via: String,
    /// The time.
    pub clock: Clock,
    /// Lends the terminal, once the loop serves it.
    pub terminal: Lender,
    /// The start of the session.
    pub started: Timestamp,
    /// The renderer of the repository.
    pub renderer: Worker,
    /// The journal of writes.
    pub journal: Journal,
    /// Whether all changes are forbidden.
    pub read_only: bool,
    /// The theme from the configuration.
    pub theme: Option<String>,
    /// Whether only ASCII signs are drawn.
    pub ascii: bool,
    /// The operator's own keys, by motion or command id.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The number of operations so far.
    pub operations: AtomicU64,
    /// The settings, each with its origin.
    pub settings: Settings,
    /// The exercise of a demonstration.
    pub exercise: Option<Exercise>,
    /// A folder that goes away with the session: the demo's copy of the template.
    pub folder: Option<crate::programs::WorkFolder>,
}

impl Session {
    /// Returns the resources of tasks.
    pub fn task_context(&self) -> TaskContext {
        TaskContext {
            clusters: Arc::clone(&self.clusters),
            root: self.root.as_ref().ok().cloned(),
            identities: Arc::clone(&self.identities),
            journal: self.journal.path().map(ToOwned::to_owned),
            clock: self.clock.clone(),
            terminal: self.terminal.clone(),
            renderer: self.renderer.clone(),
            // A runtime of one thread has no other task to delay.
            away: |work| match tokio::runtime::Handle::current().runtime_flavor() {
                tokio::runtime::RuntimeFlavor::CurrentThread => work(),
                _ => drop(tokio::task::spawn_blocking(work)),
            },
        }
    }

    /// Numbers an operation, for the journal.
    pub fn next_operation(&self) -> u64 {
        self.operations.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the fault of each environment without a cluster.
    pub fn unconnected(&self) -> Vec<Option<Fault>> {
        self.clusters.iter().map(|(_, cluster)| cluster.as_ref().err().cloned()).collect()
    }

    /// Returns the reason that the connection to an environment's server is not safe, if there is one.
    pub fn exposure(&self, env: Env) -> Option<Exposure> {
        self.clusters.get(env)?.as_ref().ok()?.exposure()
    }

    /// Sets the time of the facts, here and by each server's clock.
    pub fn tell_time(&self, facts: &mut RevisedFacts) {
        facts.tell_time(self.clock.now());
        for (env, cluster) in self.clusters.iter() {
            if let Ok(cluster) = cluster {
                facts.tell_ahead(env, cluster.ahead());
            }
        }
    }

    /// Passes the repository's namespaces to each cluster, for those that do not permit to list all.
    pub fn look_in_namespaces(&self, snapshot: &Snapshot) {
        for environment in &self.environments {
            if let Some(Ok(cluster)) = self.clusters.get(environment.env) {
                cluster.look_in(snapshot.namespaces_of(&environment.name));
            }
        }
    }

    /// Starts to list the repository's tree, for the first frame.
    pub fn begin_list(&self) {
        if let Ok(mut loader) = self.loader.lock()
            && let Some(loader) = loader.as_mut()
        {
            loader.begin_list();
        }
    }

    /// Builds the initial facts of the cockpit.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::new(self.clock.now());
        facts.exercise = self.exercise.clone().map(ExerciseProgress::new);
        facts.demo = self.source == SessionSource::Demo;
        facts.read_only = self.read_only;
        facts.login.clone_from(&self.login);
        facts.via.clone_from(&self.via);
        facts.key_files = PerEnv::from_fn(self.environments.len(), |env| {
            let sources = self.identities.get(env)?;
            // The demonstration keeps its keys in a random folder.
            sources.key_file.clone().filter(|_| self.source != SessionSource::Demo)
        });
        facts.exposed = PerEnv::from_fn(self.environments.len(), |env| self.exposure(env));
        facts.repository_fault = self.root.as_ref().err().cloned();
        facts.set_environments(self.environments.clone(), self.unconnected());
        facts
    }

    /// Builds the facts of this session with the repository's declarations and feeds, for the checks and reports of a
    /// headless write. Without a repository they are those of [`Session::facts`].
    pub fn facts_with_repository(&self) -> Facts {
        let mut facts = self.facts();
        let loader = self.loader.lock().ok().and_then(|mut loader| loader.take());
        let loader = loader.or_else(|| self.root.as_deref().ok().map(Loader::open));
        if let Some(mut loader) = loader {
            facts.set_repository(Arc::new(loader.feeds()));
        }
        facts
    }

    /// Finds an environment by its name.
    ///
    /// # Errors
    /// Fails with the existing names.
    pub fn environment(&self, name: &str) -> Result<Env, Fault> {
        self.environments.iter().find(|known| known.name == name).map(|known| known.env).ok_or_else(|| {
            if self.environments.is_empty() {
                return self.nothing.clone();
            }
            let names: Vec<&str> = self.environments.iter().map(|known| known.name.as_str()).collect();
            Fault::new(
                crate::model::FaultKind::Usage,
                format!("no environment is called {name}"),
                format!("there are: {}", names.join(", ")),
                "`fluxdeck envs` lists them; an environment is a folder that Flux syncs, or that [env.NAME] path names",
            )
        })
    }
}
