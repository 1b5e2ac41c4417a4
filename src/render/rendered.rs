//! The rendered output of a repository, and its known extent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::object::Object;
use super::stand_in::EncryptedInputs;
use super::unseen::Unseen;
use super::variables::Substitution;
use crate::model::ObjectRef;
use crate::repo::order::shown;
use crate::repo::{FileFault, Graph};

/// Holds the rendered output of one Flux Kustomization.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The environment's name.
    pub env: String,
    /// The Kustomization's namespace.
    pub namespace: String,
    /// The Kustomization's name.
    pub name: String,
    /// The objects, in kustomize's order.
    pub objects: Vec<Object>,
    /// The reason that there are none.
    pub finding: Option<FileFault>,
    /// Whether Flux substitutes variables: it does not without any variable.
    pub substituted: bool,
    /// The variables that nothing in the repository defines and that have no default.
    pub undefined: Vec<Undefined>,
    /// The objects of `spec.postBuild.substituteFrom` that the repository does not hold readable.
    pub unknown: Vec<String>,
    /// The parts of it that were not read: its output may have more objects.
    pub unseen: Vec<Unseen>,
    /// The reason that it may differ from this: something that it depends on could not be rendered.
    pub unsure: Option<String>,
    /// The plain-text objects whose values are, or may be, substituted into Secrets: Kustomizations, `ConfigMap`
    /// objects, providers of inputs.
    pub carriers: BTreeSet<ObjectRef>,
    /// The definitions and the uses of its variables.
    pub substitution: Substitution,
    /// The encrypted files of variables in whose place stand-ins are in the objects.
    pub encrypted_inputs: EncryptedInputs,
    /// The objects in which variables are left, or may be in what is encrypted: by their index, as they were before
    /// the substitution.
    pub unsubstituted: BTreeMap<usize, Value>,
}

/// Names an undefined variable, and its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undefined {
    /// The variable.
    pub name: String,
    /// The form in the text: `${name}`, or a form without a default.
    pub form: String,
    /// Whether it is in a default that is not needed: only a strict Flux reports it.
    pub idle: bool,
    /// The objects that use it.
    pub objects: Vec<ObjectRef>,
}

/// Holds the rendered output of a repository.
#[derive(Debug, Clone, Default)]
pub struct Rendering {
    /// Each Kustomization, in the order of environments and names.
    pub of: Vec<Rendered>,
    /// The graph of Flux objects, as it is rendered.
    pub graph: Arc<Graph>,
}

impl Rendering {
    /// Returns the names of the environments, sorted.
    pub fn environments(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.of.iter().map(|one| one.env.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Iterates over the objects of an environment, with the Kustomization that applies each.
    pub fn objects<'a>(&'a self, env: &'a str) -> impl Iterator<Item = (&'a Rendered, &'a Object)> {
        let own = self.of.iter().filter(move |one| one.env == env);
        own.flat_map(|one| one.objects.iter().map(move |object| (one, object)))
    }

    /// Finds an object of an environment; a group that the name leaves open fits any.
    pub fn find<'a>(&'a self, env: &'a str, wanted: &ObjectRef) -> Option<(&'a Rendered, &'a Object)> {
        self.objects(env).find(|(_, object)| wanted.means(&object.object))
    }
}

impl Rendered {
    /// Returns the Kustomization's name, with its namespace if that is not Flux's.
    pub fn shown(&self) -> String {
        shown(&self.namespace, &self.name)
    }

    /// Explains why a part of it is unknown; `None` if all is known.
    pub fn why_not_whole(&self) -> Option<String> {
        if let Some(finding) = &self.finding {
            return Some(format!("it cannot be rendered: {}", finding.fault.why));
        }
        if let Some(why) = &self.unsure {
            return Some(format!("it is known by its file alone: {why}"));
        }
        let own = format!("Kustomization {}", self.shown());
        if let [one] = self.unseen.as_slice()
            && one.what == own
        {
            return Some(one.why.clone());
        }
        let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for one in &self.unseen {
            match by_reason.iter_mut().find(|(why, _)| *why == one.why) {
                Some((_, named)) => named.push(&one.what),
                None => by_reason.push((&one.why, vec![&one.what])),
            }
        }
        let words = by_reason.into_iter().map(|(why, named)| {
            let each = if named.len() > 1 && why.starts_with("which") { "each of " } else { "" };
            format!("{}, {each}{why}", some(&named))
        });
        let words = words.collect::<Vec<_>>().join(" and ");
        (!words.is_empty()).then(|| format!("it is known in part, without {words}"))
    }

    /// Tells whether its objects may differ from these.
    pub fn is_unsure(&self) -> bool {
        self.unsure.is_some() || self.unseen.iter().any(|one| one.changes)
    }

    /// Tells whether all of it is known.
    pub fn is_whole(&self) -> bool {
        self.finding.is_none() && self.unseen.is_empty() && self.unsure.is_none()
    }
}

/// The most names that are listed.
const NAMED: usize = 3;

/// Lists the first names.
fn some(names: &[impl AsRef<str>]) -> String {
    let shown = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Explains why parts of some Kustomizations are unknown: each reason once, with its Kustomizations.
pub fn why_in_part<'a>(rendered: impl Iterator<Item = &'a Rendered>) -> Vec<String> {
    let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
    for one in rendered {
        let Some(why) = one.why_not_whole() else { continue };
        match by_reason.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(one.shown()),
            None => by_reason.push((why, vec![one.shown()])),
        }
    }
    let words = by_reason.into_iter().map(|(why, names)| {
        let several = if names.len() > 1 { "s" } else { "" };
        format!("{why} (Kustomization{several} {})", some(&names))
    });
    words.collect()
}
