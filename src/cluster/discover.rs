//! Which versions the server serves: discovered, never assumed, because a cluster may be older or newer than we are.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Cluster;
use super::address::Address;
use super::exchange::{self, Failure};
use crate::model::{Fault, ObjectRef};

/// The most groups and kinds of a server; one with every provider of Crossplane has some hundred groups and two thousand kinds.
const MOST_GROUPS: usize = 2000;
const MOST_KINDS: usize = 50_000;

/// How many groups are asked for at once.
const AT_ONCE: usize = 16;

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
    /// Returns the address of the list in a namespace; all namespaces when it is empty.
    pub(crate) fn list(&self, namespace: &str) -> Address {
        let namespace = if self.namespaced { namespace } else { "" };
        Address::version(&self.group, &self.version).within(namespace).at(&self.plural)
    }

    /// Returns the address of an object.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> Address {
        self.list(namespace).object(&self.group, &self.kind, name)
    }
}

/// Holds a resource that the server serves and lists, with the names that operators use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// How it is addressed.
    pub resource: Resource,
    /// Its short names, such as `po`.
    pub short: Vec<String>,
    /// Its categories; `kubectl get all` lists those of category `all`.
    pub categories: Vec<String>,
}

impl Served {
    /// Tells whether an operator means it by a word: kind, plural, singular or short name in any case, each also with the group behind a dot.
    pub fn is_called(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let resource = &self.resource;
        let kind = resource.kind.to_lowercase();
        let names = || [&kind, &resource.plural].into_iter().chain(&self.short);
        names().any(|name| *name == word)
            || word
                .split_once('.')
                .is_some_and(|(name, group)| group == resource.group && names().any(|known| known == name))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    name: String,
    preferred_version: Version,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

impl Cluster {
    /// Finds how the server serves a kind, asking it once and remembering the answer.
    ///
    /// An empty group means the core group, or, where that has no such kind, whichever group has it: operators write
    /// `Kustomization/flux-system/apps` without a group.
    ///
    /// # Errors
    /// Fails when the server cannot be asked or does not serve the kind.
    pub async fn resource(&self, group: &str, kind: &str) -> Result<Resource, Fault> {
        let found =
            self.look_up(group, kind).await.map_err(|failure| failure.fault(&self.name, &format!("find {kind}")))?;
        found.ok_or_else(|| {
            let place = if group.is_empty() { String::new() } else { format!(" in group {group}") };
            Fault::failed(
                format!("cannot find {kind} in {}", self.name),
                format!("the API server does not serve {kind}{place}"),
                "its CRD is not installed there",
            )
        })
    }

    /// Finds how the server serves an object's kind; a name that can be none is refused before anything is asked.
    ///
    /// # Errors
    /// As [`Self::resource`], and where the object's name or namespace can be no name.
    pub(crate) async fn resource_of(&self, object: &ObjectRef) -> Result<Resource, Fault> {
        Address::check_name(object)
            .map_err(|bad| Failure::Misnamed(bad).fault(&self.name, &format!("read {object}")))?;
        self.resource(&object.group, &object.kind).await
    }

    /// Does the same, with the failure as the server gave it; `None` when it does not serve the kind.
    pub(crate) async fn look_up(&self, group: &str, kind: &str) -> Result<Option<Resource>, Failure> {
        if let Some(known) = self.known(group, kind).await {
            return Ok(Some(known));
        }
        if !group.is_empty() {
            let group: Group = match self.json(&Address::group(group)).await {
                Err(failure) if failure.code() == Some(404) => return Ok(None),
                other => other?,
            };
            self.learn(&group).await?;
            return Ok(self.known(&group.name, kind).await);
        }
        let core = Group { name: String::new(), preferred_version: Version { version: "v1".to_owned() } };
        self.learn(&core).await?;
        if let Some(known) = self.known("", kind).await {
            return Ok(Some(known));
        }
        for group in self.groups().await? {
            // A group whose own server is down must not hide the others.
            if self.learn(&group).await.is_ok()
                && let Some(known) = self.known(&group.name, kind).await
            {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Remembers how a kind is served.
    pub(crate) async fn remember(&self, resource: Resource) {
        let key = (resource.group.clone(), resource.kind.clone());
        self.resources.lock().await.insert(key, resource);
    }

    /// Forgets how a kind is served: it is no longer served so.
    pub(crate) async fn forget(&self, group: &str, kind: &str) {
        self.resources.lock().await.remove(&(group.to_owned(), kind.to_owned()));
    }

    async fn known(&self, group: &str, kind: &str) -> Option<Resource> {
        self.resources.lock().await.get(&(group.to_owned(), kind.to_owned())).cloned()
    }

    /// Lists whatever the server serves and can list, sorted by group and kind; the core group first.
    ///
    /// # Errors
    /// Fails when the server cannot be asked. A group whose own server is down is left out.
    pub async fn served(&self) -> Result<Vec<Served>, Fault> {
        let core = Group { name: String::new(), preferred_version: Version { version: "v1".to_owned() } };
        let groups = self.groups().await;
        let groups = groups.map_err(|failure| failure.fault(&self.name, "find what is served"))?;
        let all: Vec<Group> = std::iter::once(core).chain(groups).collect();
        // A few at a time: how many there are is said by the server.
        let mut learned = Vec::new();
        for few in all.chunks(AT_ONCE) {
            learned.extend(futures::future::join_all(few.iter().map(|group| self.learn(group))).await);
        }
        let mut served: Vec<Served> = learned.into_iter().filter_map(Result::ok).flatten().collect();
        served.sort_by(|a, b| (&a.resource.group, &a.resource.kind).cmp(&(&b.resource.group, &b.resource.kind)));
        Ok(served)
    }

    async fn groups(&self) -> Result<Vec<Group>, Failure> {
        let groups = self.json::<Groups>(&Address::groups()).await?.groups;
        if groups.len() > MOST_GROUPS {
            return Err(Failure::Unreadable(format!("the server serves more than {MOST_GROUPS} groups")));
        }
        Ok(groups)
    }

    async fn learn(&self, group: &Group) -> Result<Vec<Served>, Failure> {
        let version = &group.preferred_version.version;
        let list: APIResourceList = self.json(&Address::version(&group.name, version)).await?;
        let known = self.resources.lock().await.len();
        if known + list.resources.len() > MOST_KINDS {
            return Err(Failure::Unreadable(format!("the server serves more than {MOST_KINDS} kinds")));
        }
        let mut served = Vec::new();
        for found in list.resources.into_iter().filter(|resource| !resource.name.contains('/')) {
            let resource = Resource {
                group: group.name.clone(),
                version: version.clone(),
                kind: found.kind,
                plural: found.name,
                namespaced: found.namespaced,
            };
            self.remember(resource.clone()).await;
            if found.verbs.iter().any(|verb| verb == "list") {
                served.push(Served {
                    resource,
                    short: found.short_names.unwrap_or_default(),
                    categories: found.categories.unwrap_or_default(),
                });
            }
        }
        Ok(served)
    }

    async fn json<T: DeserializeOwned>(&self, address: &Address) -> Result<T, Failure> {
        let answer = exchange::get(self.client(), address).await?;
        serde_json::from_slice(&answer).map_err(|error| Failure::Unreadable(error.to_string()))
    }
}
