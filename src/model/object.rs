//! Names of objects, written as the operator writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::segment::no_segment;

/// Names a kind with its API group and, where known, version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version; empty while it has not been discovered.
    pub version: String,
    /// The kind, such as `HelmRelease`.
    pub kind: String,
}

impl Gvk {
    /// Builds a kind's name from its parts.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// Parses `apiVersion` and `kind` as they stand in a manifest.
    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        match api_version.split_once('/') {
            Some((group, version)) => Self::new(group, version, kind),
            None => Self::new("", api_version, kind),
        }
    }

    /// Returns `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Names an object in one environment: `Kind/namespace/name`, `Kind//name` for cluster scope, `Kind.group/…` to tell groups apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The kind.
    pub kind: String,
    /// The API group, empty where it is the core group or not said.
    pub group: String,
    /// The namespace; empty for cluster scope.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// Builds a reference from its parts.
    pub fn new(kind: &str, group: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), group: group.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Reads an id of an inventory, `<namespace>_<name>_<group>_<Kind>`: names hold `:` as `__` (cli-utils `object.ObjMetadata`).
    pub fn from_inventory(id: &str) -> Option<Self> {
        let (namespace, rest) = id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        Some(Self::new(kind, group, namespace, &name.replace("__", ":")))
    }

    /// Returns `Kind/name`, short enough for titles.
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

impl FromStr for ObjectRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [kind, namespace, name] = parts.as_slice() else {
            return Err(format!("`{text}` is no object: write Kind/namespace/name, or Kind//name for cluster scope"));
        };
        if kind.is_empty() || name.is_empty() {
            return Err(format!("`{text}` lacks its kind or its name: write Kind/namespace/name"));
        }
        let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
        for (what, part) in [("kind", kind), ("group", group), ("namespace", *namespace), ("name", *name)] {
            if let Some(why) = no_segment(part).filter(|_| !part.is_empty()) {
                return Err(format!("`{text}` is no object: {part:?} can be no {what}, because {why}"));
            }
        }
        Ok(Self::new(kind, group, namespace, name))
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectRef;

    #[test]
    fn names_read_as_they_are_written() {
        let object: ObjectRef = "HelmRelease/immich/immich".parse().unwrap();
        assert_eq!(object.to_string(), "HelmRelease/immich/immich");
        assert_eq!("Namespace//apps".parse::<ObjectRef>().unwrap().namespace, "");
        assert_eq!("Cluster.postgresql.cnpg.io/db/main".parse::<ObjectRef>().unwrap().group, "postgresql.cnpg.io");
        assert!("apps".parse::<ObjectRef>().is_err());
        assert!("Kustomization/flux-system/".parse::<ObjectRef>().is_err());
        for odd in
            ["ConfigMap/default/..", "ConfigMap/../x", "ConfigMap/default/%2e", "../default/x", "A.b%/n/x", "A/n/x\n"]
        {
            assert!(odd.parse::<ObjectRef>().is_err(), "{odd}");
        }
    }

    #[test]
    fn ids_of_inventories_are_read_as_flux_writes_them() {
        let told = |id: &str| ObjectRef::from_inventory(id).map(|object| (object.group.clone(), object.to_string()));
        assert_eq!(told("apps_web_apps_Deployment"), Some(("apps".into(), "Deployment/apps/web".into())));
        assert_eq!(told("_apps__Namespace"), Some((String::new(), "Namespace//apps".into())));
        assert_eq!(
            told("_system__controller_rbac.authorization.k8s.io_ClusterRole"),
            Some(("rbac.authorization.k8s.io".into(), "ClusterRole//system:controller".into()))
        );
        assert_eq!(told("broken"), None);
    }
}
