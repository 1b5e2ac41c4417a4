//! The live clusters: connect, watch, read, follow logs, reconcile. The only importer of `kube::Client` beside `sim`.
//!
//! A [`Cluster`] belongs to one environment for life: its clients are built from that environment's context and never
//! from "the current context", so no request can reach the wrong cluster.

pub(crate) mod address;
pub(crate) mod bounded;
pub mod connect;
pub mod controller_log;
mod credentials;
pub(crate) mod deltas;
mod dial;
pub mod discover;
mod dry_run;
pub mod events;
pub mod exec;
pub(crate) mod failure;
pub mod fault;
mod flux_version;
pub mod identity;
mod in_cluster;
pub mod kubeconfig;
mod login_certificate;
pub mod logs;
pub mod mask;
mod metadata;
mod nodes;
pub mod pod;
mod proxy;
pub mod read;
pub(crate) mod request;
mod restarts;
mod secret;
mod skew;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
mod trust;
mod turning;
pub mod verbs;
pub mod watch;
mod watch_connections;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Clock, Env, Exposure, Fault, ObjectRef};
use address::Address;
pub use connect::{connect, connect_with};
pub use discover::{Resource, Served};
pub use events::{Event, EventScope};
pub use kubeconfig::Kubeconfig;
pub use metadata::ObjectMetadata;
pub use read::{ListedObjects, ObjectDetail};
pub use request::FIELD_MANAGER;
pub use secret::LiveSecret;
pub use table::{Table, TableColumn};
pub use watch::{WatchEvent, WatchScope, watch, watch_printed};
use watch_connections::{WatchConnections, WatchPlace};

/// The most namespaces that are watched one by one: each kind has a watch in each, and a server limits the streams of a
/// connection to some hundred.
const MOST_NAMESPACES: usize = 32;

/// Holds the connections to one environment's API server.
pub struct Cluster {
    /// The environment that all data read here belongs to.
    pub env: Env,
    /// The environment's name, for messages.
    pub name: String,
    client: kube::Client,
    watches: WatchConnections<kube::Client>,
    streams: kube::Client,
    resources: tokio::sync::Mutex<HashMap<(String, String), Resource>>,
    skew: Arc<skew::Skew>,
    user: tokio::sync::OnceCell<String>,
    exposure: Option<Exposure>,
    /// The namespaces to list in where listing all namespaces is forbidden.
    namespaces: tokio::sync::watch::Sender<Vec<String>>,
    /// The credential plug-in of its user, where there is one.
    plugin: Option<Arc<credentials::Plugin>>,
}

impl Cluster {
    /// Builds a cluster from its clients: one for lists, watches and requests, and one for log streams, whose flow
    /// control must not block watches on the same connection.
    pub fn from_clients(env: Env, name: &str, client: kube::Client, streams: kube::Client) -> Self {
        Self::new(env, name, client, streams, Arc::default(), None)
    }

    pub(super) fn new(
        env: Env,
        name: &str,
        client: kube::Client,
        streams: kube::Client,
        skew: Arc<skew::Skew>,
        exposure: Option<Exposure>,
    ) -> Self {
        let user = tokio::sync::OnceCell::new();
        Self {
            env,
            name: name.to_owned(),
            watches: WatchConnections::new([client.clone()]),
            client,
            streams,
            resources: tokio::sync::Mutex::default(),
            skew,
            user,
            exposure,
            namespaces: tokio::sync::watch::Sender::default(),
            plugin: None,
        }
    }

    /// Stops the running credential plug-in, or allows a stopped one to run again; tells whether there is one.
    pub fn stop_or_run_plugin(&self) -> bool {
        self.plugin.as_ref().map(|plugin| plugin.stop_or_run()).is_some()
    }

    /// Tells whether its credential plug-in needs a terminal.
    pub fn needs_terminal(&self) -> bool {
        self.plugin.as_ref().is_some_and(|plugin| plugin.wants_terminal())
    }

    /// Runs its credential plug-in on the terminal, which the caller must have released.
    ///
    /// # Errors
    /// Fails as the plug-in does.
    pub async fn log_in(&self) -> Result<(), Fault> {
        let Some(plugin) = &self.plugin else { return Ok(()) };
        let fault = |broken: connect::Broken| {
            Fault::failed(format!("cannot log in to {}", self.name), &*broken.why, &*broken.todo)
        };
        plugin.log_in().await.map_err(fault)
    }

    /// Adds namespaces to list in where listing all namespaces is forbidden.
    pub fn look_in(&self, namespaces: impl IntoIterator<Item = String>) {
        let more: Vec<String> = namespaces.into_iter().filter(|name| !name.is_empty()).collect();
        self.namespaces.send_if_modified(|known| {
            let before = known.len();
            for name in more {
                if known.len() < MOST_NAMESPACES && !known.contains(&name) {
                    known.push(name);
                }
            }
            known.len() != before
        });
    }

    /// Returns why the connection to the server is not safe, where it is not.
    pub fn exposure(&self) -> Option<Exposure> {
        self.exposure
    }

    /// Returns the time by the server's clock, as far as its answers have shown it.
    pub fn server_now(&self, clock: &Clock) -> Timestamp {
        clock.now() + self.ahead()
    }

    /// Returns how far the server's clock is ahead of ours, as far as its answers have shown it.
    pub fn ahead(&self) -> SignedDuration {
        self.skew.get()
    }

    /// Returns the client for lists, watches and requests.
    pub(crate) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// Returns a client for a watch, with its place on the connection.
    pub(crate) fn for_watch(&self) -> (&kube::Client, Option<WatchPlace>) {
        self.watches.lend().map_or((&self.client, None), |(client, place)| (client, Some(place)))
    }

    /// Returns the client for log streams.
    pub(crate) fn streams(&self) -> &kube::Client {
        &self.streams
    }

    /// Returns the address of an object below the server's root, such as `/apis/apps/v1/namespaces/n/deployments/d`.
    ///
    /// # Errors
    /// Fails when the server cannot be queried or does not serve the kind.
    pub(crate) async fn address_of(&self, object: &ObjectRef) -> Result<Address, crate::model::Fault> {
        let resource = self.resource_of(object).await?;
        Ok(resource.object(&object.namespace, &object.name))
    }
}

#[cfg(test)]
mod tests;
