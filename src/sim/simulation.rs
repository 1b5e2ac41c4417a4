//! A whole simulation: the clusters of a scenario, and how tests and demonstrations change them while they run.

use std::sync::Arc;

use serde_json::Value;

use super::fault::Faults;
use super::fields::Writer;
use super::scenario::{Commit, Remote, Scenario};
use super::script::Script;
use super::server::ApiServer;
#[cfg(test)]
use super::trouble::Troubles;
use super::world::{SimulatedCluster, Site};
use super::{json, past, workload};
use crate::cluster::Cluster;
use crate::model::{Clock, Env, ObjectRef};

/// Runs the clusters of a scenario.
pub struct Simulation {
    sites: Vec<(String, Arc<Site>)>,
}

impl Simulation {
    /// Builds the clusters of a scenario, as if they had been there for weeks. Times are the clock's; waiting is tokio's.
    pub fn new(scenario: &Scenario, clock: Clock) -> Arc<Self> {
        let sites = scenario
            .scripts()
            .map(move |(name, script, faults)| {
                let mut world = SimulatedCluster::new(&name, script, clock.clone());
                past::play(&mut world);
                (name, Site::new(world, faults))
            })
            .collect();
        Arc::new(Self { sites })
    }

    /// Connects to the cluster of an environment. Needs a tokio runtime. A name that the scenario does not know reaches nobody.
    pub fn cluster(&self, env: Env, name: &str) -> Cluster {
        let site = self.sites.iter().find(|(known, _)| known == name).map_or_else(nobody, |(_, site)| Arc::clone(site));
        site.start();
        let client = || kube::Client::new(ApiServer(Arc::clone(&site)), "default");
        Cluster::from_clients(env, name, client(), client())
    }

    /// Changes what is wrong with the server of an environment, from now on.
    pub fn set_faults(&self, name: &str, change: impl FnOnce(&mut Faults)) {
        if let Some(site) = self.site(name) {
            site.faults.send_modify(change);
        }
    }

    /// Adds a commit to the repository that all clusters follow; each finds it when it looks.
    pub fn push(&self, commit: &Commit) {
        for (_, site) in &self.sites {
            site.with(|world| world.script.push(commit.clone()));
        }
    }

    /// Lets the sources of all clusters look for newer commits in a repository that somebody pushes to.
    pub fn follow(&self, remote: &Remote) {
        for (_, site) in &self.sites {
            site.with(|world| world.script.remote = Some(Arc::clone(remote)));
        }
    }

    /// Deletes a pod and makes another in its place, as its owner does; returns the new pod's name, `None` where there is no such pod or nobody owns it.
    pub fn replace_pod(&self, name: &str, namespace: &str, pod: &str) -> Option<String> {
        let key = ObjectRef::new("Pod", "", namespace, pod);
        self.site(name)?.with(|world| workload::replace(world, &key))
    }

    /// Writes a line into the log of a container.
    pub fn write_log(&self, name: &str, namespace: &str, pod: &str, container: &str, line: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| {
                let now = world.now();
                world.logs.write(&(namespace.to_owned(), pod.to_owned(), container.to_owned()), now, line);
            });
        }
    }

    /// Sets the status of an object, such as of a certificate that is issued at last.
    pub fn set_status(&self, name: &str, object: &ObjectRef, status: Value) {
        if let Some(site) = self.site(name) {
            site.with(|world| {
                world.update(object, Writer::status("simulation"), |live| json::set(live, &["status"], status));
            });
        }
    }

    /// Creates or merges an object, whatever it is.
    pub fn apply(&self, name: &str, manifest: Value) {
        if let Some(site) = self.site(name) {
            let key = json::reference(&manifest);
            site.with(|world| super::apply::apply_one(world, &key, manifest, "simulation"));
        }
    }

    /// Deletes an object and what it owns.
    #[cfg(test)]
    pub(crate) fn delete(&self, name: &str, object: &ObjectRef) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.delete(object));
        }
    }

    /// Changes what a Kustomization builds from its next reconciliation on.
    pub fn set_manifests(&self, name: &str, kustomization: &str, manifests: Vec<Value>) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.set_manifests(kustomization, manifests));
        }
    }

    /// Lets the repositories of charts lack a version of a chart.
    pub fn withdraw_chart(&self, name: &str, chart: &str, version: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.troubles.missing_charts.push((chart.to_owned(), version.to_owned())));
        }
    }

    /// Changes what is wrong in a cluster or around it, from now on.
    #[cfg(test)]
    pub(crate) fn trouble(&self, name: &str, change: impl FnOnce(&mut Troubles)) {
        if let Some(site) = self.site(name) {
            site.with(|world| change(&mut world.script.troubles));
        }
    }

    /// Changes what a chart renders to; `${VERSION}` and `${NAME}` stand for the chart's version and the release.
    #[cfg(test)]
    pub(crate) fn set_chart(&self, name: &str, chart: &str, manifest: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.set_chart(chart, manifest));
        }
    }

    /// Forgets the changes so far: watches that resume from before are told 410.
    pub fn expire_watches(&self, name: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.store.compact());
        }
    }

    /// Returns an object as it is now.
    pub fn object(&self, name: &str, object: &ObjectRef) -> Option<Value> {
        self.site(name)?.with(|world| world.store.get(object).map(|object| Value::clone(object)))
    }

    fn site(&self, name: &str) -> Option<&Arc<Site>> {
        self.sites.iter().find(|(known, _)| known == name).map(|(_, site)| site)
    }
}

/// A server that refuses every connection.
fn nobody() -> Arc<Site> {
    let world = SimulatedCluster::new("", Script::empty(), Clock::system());
    Site::new(world, Faults { refused: true, ..Faults::default() })
}
