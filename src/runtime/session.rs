//! A session: the environments, clusters and repository of one run, for the cockpit and the headless twins alike.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::journal::Journal;
use crate::app::{Facts, Lender, RevisedFacts, TaskContext};
use crate::cluster::Cluster;
use crate::config::{SettingOrigin, Settings};
use crate::model::{Clock, Env, Environment, Exposure, Fault, PerEnv};
use crate::render::Worker;
use crate::repo::{Loader, Snapshot};
use crate::sops::KeySources;

/// Says what stands behind the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSource {
    /// Real clusters.
    Live,
    /// Simulated clusters.
    Demo,
}

/// Holds what one run of fluxdeck works on.
pub struct Session {
    /// Real or simulated.
    pub source: SessionSource,
    /// The environments in their order.
    pub environments: Vec<Environment>,
    /// What says that an environment is not protected, for those that are not.
    pub unprotected: PerEnv<SettingOrigin>,
    /// The clusters, or why there is none.
    pub clusters: Arc<PerEnv<Result<Arc<Cluster>, Fault>>>,
    /// Where the age identities of each environment come from.
    pub identities: Arc<KeySources>,
    /// The repository's root, or why there is none.
    pub root: Result<PathBuf, Fault>,
    /// Why there is no environment, for where there is none.
    pub nothing: Fault,
    /// The loader that found the repository, until somebody goes on with it: git need not be asked twice where it is.
    pub loader: Mutex<Option<Loader>>,
    /// The operator's login.
    pub login: String,
    /// How this machine is reached by `ssh`.
    pub via: String,
    /// The time.
    pub clock: Clock,
    /// Lends the terminal, once the loop serves it.
    pub terminal: Lender,
    /// When the session began.
    pub started: Timestamp,
    /// What renders the repository.
    pub renderer: Worker,
    /// Where writes are noted.
    pub journal: Journal,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// The theme that was chosen in the configuration.
    pub theme: Option<String>,
    /// Whether only ASCII signs are drawn.
    pub ascii: bool,
    /// The operator's own keys, by motion or command id.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How many operations were begun.
    pub operations: AtomicU64,
    /// The settings, each with where it came from.
    pub settings: Settings,
    /// A folder that goes away with the session: the demo's copy of the template.
    pub folder: Option<crate::programs::WorkFolder>,
}

impl Session {
    /// Returns what tasks may reach.
    pub fn task_context(&self) -> TaskContext {
        TaskContext {
            clusters: Arc::clone(&self.clusters),
            root: self.root.as_ref().ok().cloned(),
            identities: Arc::clone(&self.identities),
            journal: self.journal.path().map(ToOwned::to_owned),
            clock: self.clock.clone(),
            terminal: self.terminal.clone(),
            renderer: self.renderer.clone(),
            // A runtime of one thread has nobody to keep waiting.
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

    /// Returns for each environment why it has no cluster, if so.
    pub fn unconnected(&self) -> Vec<Option<Fault>> {
        self.clusters.iter().map(|(_, cluster)| cluster.as_ref().err().cloned()).collect()
    }

    /// Returns why the way to an environment's server is not safe, where it is not.
    pub fn exposure(&self, env: Env) -> Option<Exposure> {
        self.clusters.get(env)?.as_ref().ok()?.exposure()
    }

    /// Tells the facts what time it is, here and by each server's clock.
    pub fn tell_time(&self, facts: &mut RevisedFacts) {
        facts.tell_time(self.clock.now());
        for (env, cluster) in self.clusters.iter() {
            if let Ok(cluster) = cluster {
                facts.tell_ahead(env, cluster.ahead());
            }
        }
    }

    /// Tells each cluster in which namespaces the repository has something, for where not all may be listed.
    pub fn look_in_namespaces(&self, snapshot: &Snapshot) {
        for environment in &self.environments {
            if let Some(Ok(cluster)) = self.clusters.get(environment.env) {
                cluster.look_in(snapshot.namespaces_of(&environment.name));
            }
        }
    }

    /// Begins to list the repository's tree, which the first frame shows.
    pub fn begin_list(&self) {
        if let Ok(mut loader) = self.loader.lock()
            && let Some(loader) = loader.as_mut()
        {
            loader.begin_list();
        }
    }

    /// Builds the facts that the cockpit starts with.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::new(self.clock.now());
        facts.demo = self.source == SessionSource::Demo;
        facts.read_only = self.read_only;
        facts.login.clone_from(&self.login);
        facts.via.clone_from(&self.via);
        facts.key_files = PerEnv::from_fn(self.environments.len(), |env| {
            let sources = self.identities.get(env)?;
            // The demonstration keeps its keys in a folder of chance.
            sources.key_file.clone().filter(|_| self.source != SessionSource::Demo)
        });
        facts.exposed = PerEnv::from_fn(self.environments.len(), |env| self.exposure(env));
        facts.repository_fault = self.root.as_ref().err().cloned();
        facts.set_environments(self.environments.clone(), self.unconnected());
        facts
    }

    /// Builds the facts of this session with what the repository declares and which file feeds what: what a headless write is judged by, and
    /// told with. Without a repository they are as [`Session::facts`] has them.
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
    /// Fails with the names that there are.
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
