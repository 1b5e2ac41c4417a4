//! The versions that the server serves: discovered, never assumed, because a cluster may be older or newer than
//! fluxdeck.

use std::collections::HashSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use serde::Deserialize;

use super::address::Address;
use super::failure::Failure;
use super::{Cluster, request};
use crate::model::{Fault, FaultKind, GroupKind, ObjectRef, known};

/// The most groups and kinds of a server; one with every provider of Crossplane has some hundred groups and two
/// thousand kinds.
const MOST_GROUPS: usize = 2000;
const MOST_KINDS: usize = 50_000;

/// The most versions of a group that are looked through.
const MOST_VERSIONS: usize = 16;

/// The number of groups that are queried at once.
const AT_ONCE: usize = 16;

/// Describes the address of a kind on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version that the server prefers; for a kind that this version of its group lacks, the first that has it.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural in addresses.
    pub plural: String,
    /// Whether its objects are namespaced.
    pub namespaced: bool,
}

impl Resource {
    /// Identifies its kind.
    pub fn group_kind(&self) -> GroupKind<'_> {
        GroupKind { group: &self.group, kind: &self.kind }
    }

    /// Returns the address of the list in a namespace; in all namespaces when it is empty.
    pub(crate) fn list(&self, namespace: &str) -> Address {
        let namespace = if self.namespaced { namespace } else { "" };
        Address::version(&self.group, &self.version).within(namespace).at(&self.plural)
    }

    /// Returns the address of an object.
    pub(crate) fn object(&self, namespace: &str, name: &str) -> Address {
        self.list(namespace).object(&self.group, &self.kind, name)
    }
}

/// Holds a resource that the server serves and lists, with the names that users have for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The resource.
    pub resource: Resource,
    /// The short names, such as `po`.
    pub short: Vec<String>,
    /// The categories; `kubectl get all` lists those of category `all`.
    pub categories: Vec<String>,
}

impl Served {
    /// Tells whether a word names it: kind, plural, singular or short name in any case, each also with the group behind
    /// a dot.
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
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Group {
    /// Returns the core group, which has one version.
    fn core() -> Self {
        let preferred_version = Version { version: "v1".to_owned() };
        Self { name: String::new(), preferred_version, versions: Vec::new() }
    }

    /// Iterates over the versions, the preferred one first, as kubectl looks through them.
    fn versions(&self) -> impl Iterator<Item = &str> {
        let preferred = self.preferred_version.version.as_str();
        let others = self.versions.iter().map(|version| version.version.as_str()).filter(move |one| *one != preferred);
        std::iter::once(preferred).chain(others).take(MOST_VERSIONS)
    }
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

impl Cluster {
    /// Finds how the server serves a kind; it is queried once and the answer is cached.
    ///
    /// An empty group means the core group, or, where that has no such kind, the only group that has it.
    ///
    /// # Errors
    /// Fails when the server cannot be queried, does not serve the kind, or serves it in several groups where none was
    /// given.
    pub async fn resource(&self, group: &str, kind: &str) -> Result<Resource, Fault> {
        let fault = |failure: Failure| failure.fault(&self.name, &format!("look up {kind}"));
        let found = if group.is_empty() && known::group_of(kind) != Some("") {
            let mut found = self.everywhere(kind).await.map_err(fault)?;
            if found.len() > 1 {
                return Err(self.several(kind, &found));
            }
            found.pop()
        } else {
            self.look_up(group, kind).await.map_err(fault)?
        };
        found.ok_or_else(|| {
            let place = if group.is_empty() { String::new() } else { format!(" in group {group}") };
            Fault::failed(
                format!("cannot find {kind} in {}", self.name),
                format!("the API server does not serve {kind}{place}"),
                "its CRD is not installed there",
            )
        })
    }

    /// Finds how the server serves an object's kind; an invalid name is refused before any request.
    ///
    /// # Errors
    /// As [`Self::resource`], and where the object's name or namespace is not a valid name.
    pub(crate) async fn resource_of(&self, object: &ObjectRef) -> Result<Resource, Fault> {
        self.check_name(object)?;
        self.resource(&object.group, &object.kind).await
    }

    fn check_name(&self, object: &ObjectRef) -> Result<(), Fault> {
        let misnamed = |bad| Failure::Misnamed(bad).fault(&self.name, &format!("read {object}"));
        Address::check_name(object).map_err(misnamed)
    }

    /// Reports a kind that several groups have, with the name of each.
    fn several(&self, kind: &str, found: &[Resource]) -> Fault {
        let groups: Vec<&str> = found.iter().map(|one| one.group.as_str()).collect();
        let ways: Vec<String> = groups.iter().map(|group| format!("{kind}.{group}")).collect();
        Fault::new(
            FaultKind::Usage,
            format!("which {kind} in {}?", self.name),
            format!("{} groups have a kind of that name: {}", groups.len(), groups.join(", ")),
            format!("write {}", ways.join(" or ")),
        )
    }

    /// Fills in the missing group of an object.
    ///
    /// # Errors
    /// Fails as [`Cluster::resource_of`] does.
    pub(crate) async fn resolved(&self, object: &ObjectRef) -> Result<ObjectRef, Fault> {
        if !object.is_open() {
            return Ok(object.clone());
        }
        self.check_name(object)?;
        let group = self.resource("", &object.kind).await?.group;
        Ok(ObjectRef { group, ..object.clone() })
    }

    /// Finds a kind in a group, with the failure of the server; `None` when it does not serve the kind.
    pub(crate) async fn look_up(&self, group: &str, kind: &str) -> Result<Option<Resource>, Failure> {
        if let Some(known) = self.known(group, kind).await {
            return Ok(Some(known));
        }
        let group = if group.is_empty() {
            Group::core()
        } else {
            match request::get(self, &Address::group(group)).await {
                Err(failure) if failure.code() == Some(404) => return Ok(None),
                other => other?,
            }
        };
        self.learn(&group, Some(kind)).await?;
        Ok(self.known(&group.name, kind).await)
    }

    /// Finds a kind in all groups but the core group, which has only Kubernetes' own kinds.
    async fn everywhere(&self, kind: &str) -> Result<Vec<Resource>, Failure> {
        let groups = self.groups().await?;
        for few in groups.chunks(AT_ONCE) {
            // A group whose own server is down must not hide the others.
            let _learned = futures::future::join_all(few.iter().map(|group| self.learn(group, None))).await;
        }
        let mut found = Vec::new();
        for group in &groups {
            found.extend(self.known(&group.name, kind).await);
        }
        Ok(found)
    }

    /// Caches how a kind is served.
    pub(crate) async fn remember(&self, resource: Resource) {
        let key = (resource.group.clone(), resource.kind.clone());
        self.resources.lock().await.insert(key, resource);
    }

    /// Forgets how a kind is served, when that has changed.
    pub(crate) async fn forget(&self, group: &str, kind: &str) {
        self.resources.lock().await.remove(&(group.to_owned(), kind.to_owned()));
    }

    async fn known(&self, group: &str, kind: &str) -> Option<Resource> {
        self.resources.lock().await.get(&(group.to_owned(), kind.to_owned())).cloned()
    }

    /// Lists everything that the server serves and can list, sorted by group and kind; the core group first.
    ///
    /// # Errors
    /// Fails when the server cannot be queried. A group whose own server is down is left out.
    pub async fn served(&self) -> Result<Vec<Served>, Fault> {
        let groups = self.groups().await;
        let groups = groups.map_err(|failure| failure.fault(&self.name, "find what is served"))?;
        let all: Vec<Group> = std::iter::once(Group::core()).chain(groups).collect();
        // A few at a time, because the server decides their number.
        let mut learned = Vec::new();
        for few in all.chunks(AT_ONCE) {
            learned.extend(futures::future::join_all(few.iter().map(|group| self.learn(group, None))).await);
        }
        let mut served: Vec<Served> = learned.into_iter().filter_map(Result::ok).flatten().collect();
        served.sort_by(|a, b| (&a.resource.group, &a.resource.kind).cmp(&(&b.resource.group, &b.resource.kind)));
        Ok(served)
    }

    async fn groups(&self) -> Result<Vec<Group>, Failure> {
        let groups = request::get::<Groups>(self, &Address::groups()).await?.groups;
        if groups.len() > MOST_GROUPS {
            return Err(Failure::Unreadable(format!("the server serves more than {MOST_GROUPS} groups")));
        }
        Ok(groups)
    }

    /// Learns the kinds of a group, or those of its versions up to the one that has the wanted kind. A kind need not be
    /// in the preferred version: the `IPAddressPool` of `MetalLB` is in `v1beta1` alone, where `v1beta2` has its `BGPPeer`.
    async fn learn(&self, group: &Group, wanted: Option<&str>) -> Result<Vec<Served>, Failure> {
        let mut kinds = HashSet::new();
        let mut served = Vec::new();
        for (place, version) in group.versions().enumerate() {
            match self.learn_version(group, version, &mut kinds).await {
                Ok(more) => served.extend(more),
                Err(failure) if place == 0 => return Err(failure),
                // What the preferred version has is known all the same.
                Err(_) => {}
            }
            if wanted.is_some_and(|kind| kinds.contains(kind)) {
                break;
            }
        }
        Ok(served)
    }

    /// Learns the kinds of one version, but for those that a version before it has.
    async fn learn_version(
        &self,
        group: &Group,
        version: &str,
        kinds: &mut HashSet<String>,
    ) -> Result<Vec<Served>, Failure> {
        let list: APIResourceList = request::get(self, &Address::version(&group.name, version)).await?;
        let known = self.resources.lock().await.len();
        if known + list.resources.len() > MOST_KINDS {
            return Err(Failure::Unreadable(format!("the server serves more than {MOST_KINDS} kinds")));
        }
        let mut served = Vec::new();
        for found in list.resources.into_iter().filter(|resource| !resource.name.contains('/')) {
            if !kinds.insert(found.kind.clone()) {
                continue;
            }
            let resource = Resource {
                group: group.name.clone(),
                version: version.to_owned(),
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
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cluster::testing::{Answer, cluster, error, ok};

    fn resources(version: &str, kinds: &[(&str, &str)]) -> Answer {
        let all: Vec<Value> = kinds
            .iter()
            .map(|(kind, plural)| {
                json!({"name": plural, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"]})
            })
            .collect();
        ok(json!({"kind": "APIResourceList", "groupVersion": format!("metallb.io/{version}"), "resources": all}))
    }

    #[tokio::test]
    async fn a_kind_that_the_preferred_version_lacks_is_found_in_another() {
        let api = || {
            cluster(|asked| {
                let version =
                    |version: &str| json!({"groupVersion": format!("metallb.io/{version}"), "version": version});
                let group = json!({
                    "name": "metallb.io",
                    "versions": [version("v1beta2"), version("v1alpha1"), version("v1beta1")],
                    "preferredVersion": version("v1beta2"),
                });
                match asked.path.as_str() {
                    "/apis" => ok(json!({"groups": [group]})),
                    "/apis/metallb.io" => ok(group),
                    "/apis/metallb.io/v1beta2" => resources("v1beta2", &[("BGPPeer", "bgppeers")]),
                    "/apis/metallb.io/v1alpha1" => error(503, "the server is currently unable to handle the request"),
                    "/apis/metallb.io/v1beta1" => {
                        resources("v1beta1", &[("BGPPeer", "bgppeers"), ("IPAddressPool", "ipaddresspools")])
                    }
                    _ => error(404, "not found"),
                }
            })
        };
        for group in ["metallb.io", ""] {
            for (kind, version) in [("BGPPeer", "v1beta2"), ("IPAddressPool", "v1beta1")] {
                let found = api().resource(group, kind).await.unwrap();
                assert_eq!((found.version.as_str(), found.group.as_str()), (version, "metallb.io"), "{kind}");
            }
            assert!(api().resource(group, "AddressPool").await.is_err());
        }
        let served = api().served().await.unwrap();
        let told: Vec<_> =
            served.iter().map(|one| (one.resource.kind.as_str(), one.resource.version.as_str())).collect();
        assert_eq!(told, [("BGPPeer", "v1beta2"), ("IPAddressPool", "v1beta1")]);
    }
}
