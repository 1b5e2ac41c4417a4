//! Which versions the server serves: discovered, never assumed, because a cluster may be older or newer than we are.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use serde::Deserialize;

use super::{Cluster, fault};
use crate::model::{Fault, FaultKind};

/// Says how a kind is addressed on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version that the server prefers.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural in addresses.
    pub plural: String,
    /// Whether its objects have a namespace.
    pub namespaced: bool,
}

impl Resource {
    /// Returns the address of the list in a namespace (all when empty), or of an object.
    pub fn path(&self, namespace: &str, name: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    preferred_version: Version,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Cluster {
    /// Finds how the server serves a kind of a group, asking it once and remembering the answer.
    ///
    /// # Errors
    /// Fails when the server cannot be asked, or with the code 404's fault when it does not serve the kind.
    pub async fn resource(&self, group: &str, kind: &str) -> Result<Resource, Fault> {
        let key = (group.to_owned(), kind.to_owned());
        if let Some(found) = self.resources.lock().await.get(&key) {
            return Ok(found.clone());
        }
        let version = if group.is_empty() {
            "v1".to_owned()
        } else {
            self.get_json::<Group>(&format!("/apis/{group}"), &format!("find {kind}")).await?.preferred_version.version
        };
        let address = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/{version}") };
        let list: APIResourceList = self.get_json(&address, &format!("find {kind}")).await?;
        let mut resources = self.resources.lock().await;
        for resource in list.resources.into_iter().filter(|resource| !resource.name.contains('/')) {
            resources.insert(
                (group.to_owned(), resource.kind.clone()),
                Resource {
                    group: group.to_owned(),
                    version: version.clone(),
                    kind: resource.kind,
                    plural: resource.name,
                    namespaced: resource.namespaced,
                },
            );
        }
        resources.get(&key).cloned().ok_or_else(|| {
            Fault::new(
                FaultKind::Failed,
                format!("cannot find {kind} in {}", self.name),
                format!("the API server does not serve {kind} in {address}"),
                "its CRD is not installed there",
            )
        })
    }

    /// Reads JSON from an address of the server; `tried` completes "cannot … in production".
    pub(crate) async fn get_json<T: serde::de::DeserializeOwned>(&self, path: &str, tried: &str) -> Result<T, Fault> {
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| {
            Fault::failed(format!("cannot {tried} in {}", self.name), error.to_string(), "the address is no valid one")
        })?;
        self.client().request(request).await.map_err(|error| fault::of(&self.name, tried, &error))
    }
}
