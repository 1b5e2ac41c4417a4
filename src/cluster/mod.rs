//! The live clusters: connect, watch, read, follow logs, reconcile. The only importer of `kube::Client` beside `sim`.
//!
//! A [`Cluster`] belongs to one environment for life: its clients are made from that environment's context and never from "the current
//! context", so nothing can reach the wrong cluster.

pub mod controller_log;
pub mod discover;
pub mod fault;
pub mod logs;
pub(crate) mod request;
#[cfg(test)]
pub(crate) mod testing;
pub mod verbs;

use std::collections::HashMap;

use crate::model::{Env, ObjectRef};
pub use discover::Resource;

/// Holds the connections to one environment's API server.
pub struct Cluster {
    /// The environment that everything read here belongs to.
    pub env: Env,
    /// The environment's name, for messages.
    pub name: String,
    client: kube::Client,
    streams: kube::Client,
    resources: tokio::sync::Mutex<HashMap<(String, String), Resource>>,
}

impl Cluster {
    /// Builds a cluster from its clients: one for lists, watches and requests, and one for log streams, whose flow control must not hold
    /// up the watches that share a connection.
    pub fn from_clients(env: Env, name: &str, client: kube::Client, streams: kube::Client) -> Self {
        Self { env, name: name.to_owned(), client, streams, resources: tokio::sync::Mutex::default() }
    }

    /// Lends the client for lists, watches and requests.
    pub(crate) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// Lends the client for log streams.
    pub(crate) fn streams(&self) -> &kube::Client {
        &self.streams
    }

    /// Returns the address of an object below the server's root, such as `/apis/apps/v1/namespaces/n/deployments/d`.
    ///
    /// # Errors
    /// Fails when the server cannot be asked or does not serve the kind.
    pub async fn path_of(&self, object: &ObjectRef) -> Result<String, crate::model::Fault> {
        let resource = self.resource(&object.group, &object.kind).await?;
        Ok(resource.path(&object.namespace, Some(&object.name)))
    }
}
