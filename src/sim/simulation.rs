//! A whole simulation: the clusters of a scenario, and their changes by tests and demonstrations while they run.

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
    /// Builds the clusters of a scenario, as if they were weeks old. Times come from the clock; waits from tokio.
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

    /// Connects to the cluster of an environment. Needs a tokio runtime. An unknown name gets a server that refuses
    /// connections.
    pub fn cluster(&self, env: Env, name: &str) -> Cluster {
        let site = self.sites.iter().find(|(known, _)| known == name).map_or_else(nobody, |(_, site)| Arc::clone(site));
        site.start();
        let client = || kube::Client::new(ApiServer(Arc::clone(&site)), "default");
        Cluster::from_clients(env, name, client(), client())
    }

    /// Changes the faults of an environment's server from now on.
    pub fn set_faults(&self, name: &str, change: impl FnOnce(&mut Faults)) {
        if let Some(site) = self.site(name) {
            site.faults.send_modify(change);
        }
    }

    /// Adds a commit to the repository that all clusters follow; each finds it at its next fetch.
    pub fn push(&self, commit: &Commit) {
        for (_, site) in &self.sites {
            site.with(|world| world.script.push(commit.clone()));
        }
    }

    /// Makes the sources of all clusters fetch newer commits from a real repository.
    pub fn follow(&self, remote: &Remote) {
        for (_, site) in &self.sites {
            site.with(|world| world.script.remote = Some(Arc::clone(remote)));
        }
    }

    /// Deletes a pod and creates another in its place, as its owner does; returns the new pod's name, `None` if there
    /// is no such pod or it has no owner.
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

    /// Sets the status of an object, such as that of a certificate which is issued later.
    pub fn set_status(&self, name: &str, object: &ObjectRef, status: Value) {
        if let Some(site) = self.site(name) {
            site.with(|world| {
                world.update(object, Writer::status("simulation"), |live| json::set(live, &["status"], status));
            });
        }
    }

    /// Creates or merges an object of any kind.
    pub fn apply(&self, name: &str, manifest: Value) {
        if let Some(site) = self.site(name) {
            let key = json::reference(&manifest);
            site.with(|world| super::apply::apply_one(world, &key, manifest, "simulation"));
        }
    }

    /// Deletes an object and its owned objects.
    #[cfg(test)]
    pub(crate) fn delete(&self, name: &str, object: &ObjectRef) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.delete(object));
        }
    }

    /// Changes the objects of a Kustomization from its next reconciliation on.
    pub fn set_manifests(&self, name: &str, kustomization: &str, manifests: Vec<Value>) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.set_manifests(kustomization, manifests));
        }
    }

    /// Removes a version of a chart from the repositories of charts.
    pub fn withdraw_chart(&self, name: &str, chart: &str, version: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.troubles.missing_charts.push((chart.to_owned(), version.to_owned())));
        }
    }

    /// Changes the faults in a cluster or around it from now on.
    #[cfg(test)]
    pub(crate) fn trouble(&self, name: &str, change: impl FnOnce(&mut Troubles)) {
        if let Some(site) = self.site(name) {
            site.with(|world| change(&mut world.script.troubles));
        }
    }

    /// Changes the rendered manifest of a chart; `${VERSION}` and `${NAME}` stand for the chart's version and the
    /// release.
    #[cfg(test)]
    pub(crate) fn set_chart(&self, name: &str, chart: &str, manifest: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.script.set_chart(chart, manifest));
        }
    }

    /// Forgets the changes so far: older watches that resume get 410.
    pub fn expire_watches(&self, name: &str) {
        if let Some(site) = self.site(name) {
            site.with(|world| world.store.compact());
        }
    }

    /// Returns the present object.
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
