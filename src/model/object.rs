//! Names of objects, written as the operator writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::known;
use super::segment::no_segment;

/// Names a kind with its API group and, if known, its version.
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

    /// Parses `apiVersion` and `kind` of a manifest.
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

/// Identifies a kind: two groups may have kinds of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
}

/// Names an object in one environment: `Kind/namespace/name`, `Kind//name` for cluster scope, `Kind.group/…` if the
/// bare kind could be confused with that of another group ([`known::is_bare`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The kind.
    pub kind: String,
    /// The API group; empty for the core group, and while it is open ([`ObjectRef::is_open`]).
    pub group: String,
    /// The namespace; empty for cluster scope.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// Returns the group in an `apiVersion`; empty for the core group.
pub fn api_group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl ObjectRef {
    /// Builds a reference from its parts.
    pub fn new(kind: &str, group: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), group: group.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Names an object by its own fields.
    pub fn of_body(body: &serde_json::Value) -> Self {
        let word = |pointer: &str| body.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
        let group = word("/apiVersion").split_once('/').map_or("", |(group, _)| group.trim());
        Self::new(word("/kind"), group, word("/metadata/namespace"), word("/metadata/name"))
    }

    /// Names an object by a reference to it in its namespace: an owner reference, or what an autoscaler scales.
    pub fn of_reference(reference: &serde_json::Value, namespace: &str) -> Self {
        let word = |key: &str| reference.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        Self::new(word("kind"), api_group(word("apiVersion")), namespace, word("name"))
    }

    /// Finds the controller of an object by its owner references.
    pub fn controller_of(body: &serde_json::Value, namespace: &str) -> Option<Self> {
        let owners = body.pointer("/metadata/ownerReferences").and_then(serde_json::Value::as_array)?;
        let controls = |owner: &&serde_json::Value| owner.get("controller").is_some_and(|it| it == true);
        owners.iter().find(controls).map(|owner| Self::of_reference(owner, namespace))
    }

    /// Builds a reference from a kind without a stated group: it is the group of the bare kind, or stays open.
    pub fn bare(kind: &str, namespace: &str, name: &str) -> Self {
        Self::new(kind, known::group_of(kind).unwrap_or_default(), namespace, name)
    }

    /// Identifies its kind.
    pub fn group_kind(&self) -> GroupKind<'_> {
        GroupKind { group: &self.group, kind: &self.kind }
    }

    /// Tells whether its group was not stated and only a server knows it: it is empty, and the core group has no such
    /// kind.
    pub fn is_open(&self) -> bool {
        self.group.is_empty() && known::group_of(&self.kind) != Some("")
    }

    /// Tells whether this written name means an object whose group is known.
    pub fn means(&self, other: &Self) -> bool {
        (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
            && (self.is_open() || self.group == other.group)
    }

    /// Returns the kind for display: with its group if the bare kind could be confused with another.
    pub fn typed_kind(&self) -> String {
        if known::is_bare(&self.kind, &self.group) { self.kind.clone() } else { self.whole_kind() }
    }

    /// Returns the kind with its group, if it has one.
    pub fn whole_kind(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// Reads an id of an inventory, `<namespace>_<name>_<group>_<Kind>`: names contain `:` as `__` (cli-utils
    /// `object.ObjMetadata`).
    pub fn from_inventory(id: &str) -> Option<Self> {
        let (namespace, rest) = id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        Some(Self::new(kind, group, namespace, &name.replace("__", ":")))
    }

    /// Returns it for a sentence: `Kind/namespace/name`, and without a namespace `Kind/name`. It cannot be typed back.
    pub fn told(&self) -> String {
        if self.namespace.is_empty() { format!("{}/{}", self.typed_kind(), self.name) } else { self.to_string() }
    }

    /// Returns the name for a title: `Kind/namespace/name`, or `Kind/name` for cluster scope.
    pub fn heading(&self) -> String {
        if self.namespace.is_empty() { format!("{}/{}", self.typed_kind(), self.name) } else { self.to_string() }
    }

    /// Returns `Kind/name`, short enough for titles.
    pub fn short(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.typed_kind(), self.namespace, self.name)
    }
}

impl FromStr for ObjectRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [kind, namespace, name] = parts.as_slice() else {
            return Err(format!(
                "`{text}` is not an object: write Kind/namespace/name, or Kind//name for cluster scope"
            ));
        };
        if kind.is_empty() || name.is_empty() {
            return Err(format!("`{text}` lacks its kind or its name: write Kind/namespace/name"));
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, unversioned(group)),
            None => (*kind, known::group_of(kind).unwrap_or_default()),
        };
        for (what, part) in [("kind", kind), ("group", group), ("namespace", *namespace), ("name", *name)] {
            if let Some(why) = no_segment(part).filter(|_| !part.is_empty()) {
                return Err(format!("`{text}` is not an object: {part:?} is not a valid {what}: {why}"));
            }
        }
        Ok(Self::new(kind, group, namespace, name))
    }
}

/// Removes the version of `version.group`, kubectl's form for kinds.
fn unversioned(group: &str) -> &str {
    let is_version = |text: &str| {
        text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
            && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    match group.split_once('.') {
        Some((version, group)) if is_version(version) => group,
        _ => group,
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
        for (typed, group, written) in [
            ("Kustomization/n/a", super::known::KUSTOMIZE, "Kustomization/n/a"),
            (
                "Kustomization.kustomize.config.k8s.io/n/a",
                "kustomize.config.k8s.io",
                "Kustomization.kustomize.config.k8s.io/n/a",
            ),
            ("Kustomization.v1.kustomize.toolkit.fluxcd.io/n/a", super::known::KUSTOMIZE, "Kustomization/n/a"),
            ("Bucket.s3.aws.upbound.io//x", "s3.aws.upbound.io", "Bucket.s3.aws.upbound.io//x"),
            ("Provider.v1.pkg.crossplane.io//aws", "pkg.crossplane.io", "Provider.pkg.crossplane.io//aws"),
            ("Deployment/n/a", "apps", "Deployment/n/a"),
            ("Deployment.extensions/n/a", "extensions", "Deployment.extensions/n/a"),
            ("Pod/n/a", "", "Pod/n/a"),
            ("Pod.v1./n/a", "", "Pod/n/a"),
            ("Cluster/n/a", "", "Cluster/n/a"),
            ("Cluster.postgresql.cnpg.io/n/a", "postgresql.cnpg.io", "Cluster.postgresql.cnpg.io/n/a"),
        ] {
            let object: ObjectRef = typed.parse().unwrap();
            assert_eq!((object.group.as_str(), object.to_string().as_str()), (group, written), "{typed}");
            assert_eq!(written.parse::<ObjectRef>().unwrap(), object, "what is written can be typed back");
        }
        let thing: ObjectRef = "Thing.example.org/n/a".parse().unwrap();
        assert_eq!((thing.group.as_str(), thing.to_string().as_str()), ("example.org", "Thing/n/a"));
        assert!("Thing/n/a".parse::<ObjectRef>().unwrap().means(&thing), "the server is asked which it is");
        let open: ObjectRef = "Cluster/n/a".parse().unwrap();
        assert!(open.is_open() && !object.is_open() && !"Pod/n/a".parse::<ObjectRef>().unwrap().is_open());
        assert!(open.means(&"Cluster.postgresql.cnpg.io/n/a".parse().unwrap()));
        let secret: ObjectRef = "Secret/n/a".parse().unwrap();
        assert!(!secret.means(&"Secret.vault.example.org/n/a".parse().unwrap()));
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
