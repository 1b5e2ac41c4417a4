//! The parts that were not read, and the objects that they may bring: only a conclusion that such an object is missing
//! must take them into account.

use serde::{Deserialize, Serialize};

use super::object::Object;
use crate::flux_operator::templated::{TemplatedObject, templated};
use crate::model::known;

/// Describes a part that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The file that names it.
    pub file: String,
    /// The part, as it is written there.
    pub what: String,
    /// The reason that it was not read.
    pub why: String,
    /// Whether it may change objects of others.
    pub changes: bool,
    /// The objects that it may bring.
    #[serde(default)]
    pub brings: Brings,
    /// The namespace that all of them get, whatever they state.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// Describes the objects that an unknown part may bring.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Brings {
    /// Any objects.
    #[default]
    Anything,
    /// Definitions of custom resources alone.
    Definitions,
    /// These objects, by group, kind and namespace; a star stands for an unknown part.
    Objects(Vec<(String, String, String)>),
    /// No object: only content of a known one.
    Contents,
}

impl Brings {
    /// Guesses the objects behind an address of manifests by its name: definitions are published separately, so that
    /// they can be applied first.
    pub(super) fn of_address(address: &str) -> Self {
        let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let is_word =
            |word: &str| matches!(word, "crd" | "crds" | "customresourcedefinition" | "customresourcedefinitions");
        let is_said = path.split(|letter: char| !letter.is_ascii_alphanumeric()).any(is_word);
        // The Gateway API has only definitions (gateway-api.sigs.k8s.io, "Install").
        let is_gateway = path.contains("kubernetes-sigs/gateway-api");
        if is_said || is_gateway { Self::Definitions } else { Self::Anything }
    }

    /// Returns the objects of a `ResourceSet`, by the kinds in its templates.
    pub(super) fn of_set(set: &Object) -> Self {
        let Some(objects) = templated(set.for_operator()) else { return Self::Anything };
        let mut found = Vec::new();
        for TemplatedObject { group, kind, namespace, target } in objects {
            let is_flux = group == known::KUSTOMIZE && kind == "Kustomization" || group == known::OPERATOR;
            if is_flux && target == "*" || kind == "*" {
                return Self::Anything;
            }
            // An object that applies others, or installs a chart, may bring anything; so may a custom resource.
            if is_flux
                || group == known::HELM
                || group.contains('.') && !group.ends_with(".k8s.io") && group != known::SOURCE
            {
                found.push(("*".to_owned(), "*".to_owned(), if target == "*" { namespace.clone() } else { target }));
            }
            found.push((group, kind, namespace));
        }
        found.sort_unstable();
        found.dedup();
        Self::Objects(found)
    }
}

impl Unseen {
    /// Tells whether this may bring an object of a kind to a namespace; a cluster-scoped one is in the empty namespace,
    /// and a Namespace in that of its own name.
    pub fn may_bring(&self, group: &str, kind: &str, namespace: &str) -> bool {
        let is_here = |own: &str| own.is_empty() || namespace.is_empty() || fits(own, namespace);
        if !self.namespace.as_deref().is_none_or(is_here) {
            return false;
        }
        match &self.brings {
            Brings::Anything => true,
            Brings::Definitions => (group, kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"),
            Brings::Objects(objects) => objects.iter().any(|(own_group, own_kind, own)| {
                let is_kind = own_kind == "*" || own_kind == kind && (own_group == group || own_group == "*");
                is_kind && (is_here(own) || own == "*")
            }),
            // It brings no other object; a patch, such as one of names or labels, may turn its object into any other.
            Brings::Contents => self.changes,
        }
    }
}

/// Tells whether a name matches a pattern in which stars stand for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Brings, Unseen, fits};

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, wanted) in [
            ("web", "web", true),
            ("web", "web2", false),
            ("*", "web", true),
            ("app-*", "app-1", true),
            ("app-*", "web", false),
            ("app-*-x", "app-1-x", true),
            ("app-*-x", "app-x", false),
            ("*-*-x", "a-b-x", true),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn definitions_are_known_by_what_they_are_called() {
        for (address, wanted) in [
            (
                "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.4.0/standard-install.yaml",
                Brings::Definitions,
            ),
            ("github.com/example/operator//config/crd?ref=v1", Brings::Definitions),
            ("https://example.org/operator/v1/crds.yaml", Brings::Definitions),
            ("https://example.org/operator/v1/example.org_things.customresourcedefinition.yaml", Brings::Definitions),
            ("https://example.org/operator/v1/install.yaml", Brings::Anything),
            ("https://example.org/cards/install.yaml?ref=crds", Brings::Anything),
        ] {
            assert_eq!(Brings::of_address(address), wanted, "{address}");
        }
    }

    #[test]
    fn only_what_may_be_meant_is_brought() {
        let unseen = |brings: Brings, namespace: Option<&str>| Unseen {
            file: String::new(),
            what: String::new(),
            why: String::new(),
            changes: false,
            brings,
            namespace: namespace.map(str::to_owned),
        };
        let definitions = unseen(Brings::Definitions, None);
        assert!(definitions.may_bring("apiextensions.k8s.io", "CustomResourceDefinition", ""));
        assert!(!definitions.may_bring("", "Secret", "web"));
        let near = unseen(Brings::Anything, Some("web"));
        assert!(near.may_bring("", "Secret", "web") && near.may_bring("storage.k8s.io", "StorageClass", ""));
        assert!(!near.may_bring("", "Secret", "db"));
        let one = |group: &str, kind: &str, namespace: &str| (group.to_owned(), kind.to_owned(), namespace.to_owned());
        let set = unseen(Brings::Objects(vec![one("", "ConfigMap", "app-*"), one("*", "*", "db")]), None);
        assert!(set.may_bring("", "ConfigMap", "app-1") && set.may_bring("", "Secret", "db"));
        assert!(!set.may_bring("", "ConfigMap", "web") && !set.may_bring("", "Secret", "app-1"));
        assert!(!unseen(Brings::Contents, None).may_bring("", "Secret", "web"));
    }
}
