//! What the controllers would apply: the rendered objects of a Kustomization, decrypted.

use std::collections::BTreeSet;

use serde_json::Value;
use zeroize::Zeroizing;

use super::decrypted::decrypted;
use super::ignore::IgnoreRule;
use super::substituted::{LaterSteps, VariableSource, applier, decrypts, is_substituted, sources};
use super::{Uncompared, normal};
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
use crate::model::{Fault, ObjectRef};
use crate::render::{Rendered, Rendering};
use crate::repo::FluxKustomization;
use crate::sops::Identities;

/// Holds what one owner applies: a Flux Kustomization, or a HelmRelease.
#[derive(Debug)]
pub struct AppliedSet {
    /// The environment's name.
    pub env: String,
    /// The Kustomization or HelmRelease.
    pub owner: ObjectRef,
    /// Its name for people.
    pub shown: String,
    /// The field manager that applies the objects.
    pub(super) manager: &'static str,
    /// The objects.
    pub(super) objects: Vec<WantedObject>,
    /// The names of all objects, compared or not, so that none of them counts as pruned.
    pub(super) built: BTreeSet<ObjectRef>,
    /// The objects that cannot be compared.
    pub(super) uncompared: Vec<Uncompared>,
    /// The sources of its variables, in their order.
    pub(super) variables: Vec<VariableSource>,
    /// The reason why it may have more objects than these.
    pub(super) partial: Option<String>,
    /// `spec.prune`.
    pub(super) prunes: bool,
    /// `spec.force`.
    pub(super) forces: bool,
    /// The fields that are not compared.
    pub(super) ignored: Vec<IgnoreRule>,
    /// The namespace of objects that name none.
    pub(super) namespace: String,
    /// The reason why its next run takes nothing back; unknown until its live object is read.
    pub(super) keeps: Option<String>,
}

/// Holds one object in the form in which it would be applied. Its `Debug` prints only the name, because it may hold
/// secrets.
#[derive(Clone)]
pub(super) struct WantedObject {
    pub(super) object: ObjectRef,
    pub(super) body: Value,
    /// The fields into which variables of Secrets went.
    pub(super) hidden: Vec<String>,
    /// The values of those variables.
    pub(super) values: Vec<Zeroizing<String>>,
    /// What follows the substitution, where that waits for variables that the build did not know.
    pub(super) waiting: Option<LaterSteps>,
    /// The keys of a generated Secret whose bytes sops may lay out otherwise.
    pub(super) laid_out: Vec<String>,
}

impl WantedObject {
    pub(super) fn new(object: ObjectRef, body: Value) -> Self {
        Self { object, body, hidden: Vec::new(), values: Vec::new(), waiting: None, laid_out: Vec::new() }
    }
}

impl std::fmt::Debug for WantedObject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WantedObject({})", self.object)
    }
}

/// Lists what is created on the way, so that what needs it is not missing something: namespaces, and the kinds of
/// definitions.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    pub(super) namespaces: BTreeSet<String>,
    pub(super) kinds: BTreeSet<(String, String)>,
}

impl Arrivals {
    /// Collects them from all objects of an environment.
    pub fn of(rendering: &Rendering, env: &str) -> Self {
        let mut found = Self::default();
        for (_, object) in rendering.objects(env) {
            found.take(&object.object, &object.body);
        }
        found
    }

    /// Adds what another state of the repository creates.
    pub(super) fn extend(&mut self, other: Self) {
        self.namespaces.extend(other.namespaces);
        self.kinds.extend(other.kinds);
    }

    fn take(&mut self, object: &ObjectRef, body: &Value) {
        match (object.group.as_str(), object.kind.as_str()) {
            ("", "Namespace") => drop(self.namespaces.insert(object.name.clone())),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let word = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
                self.kinds.insert((word("/spec/group"), word("/spec/names/kind")));
            }
            _ => {}
        }
    }
}

/// Returns what the chosen Kustomizations of an environment apply, decrypted with the keys.
pub(super) fn sets_of(
    rendering: &Rendering,
    env: &str,
    is_chosen: impl Fn(&Rendered) -> bool,
    keys: &Result<Identities, Fault>,
) -> Vec<AppliedSet> {
    let own = rendering.of.iter().filter(|one| one.env == env && is_chosen(one));
    own.map(|one| set_of(rendering, one, keys)).collect()
}

fn set_of(rendering: &Rendering, one: &Rendered, keys: &Result<Identities, Fault>) -> AppliedSet {
    let known = applier(rendering, one);
    let owner = ObjectRef::new("Kustomization", crate::model::known::KUSTOMIZE, &one.namespace, &one.name);
    let spec = known.and_then(|known| serde_json::to_value(&known.spec).ok()).unwrap_or_default();
    let mut set = AppliedSet {
        partial: one.why_not_whole(),
        prunes: known.is_some_and(|known| known.prune),
        forces: spec.get("force").and_then(Value::as_bool).unwrap_or_default(),
        ignored: IgnoreRule::of(&spec),
        ..AppliedSet::new(&one.env, owner, one.shown(), KUSTOMIZE_CONTROLLER)
    };
    if let Some(known) = known {
        set.variables = sources(rendering, known, keys);
    }
    for (object, wanted) in one.objects.iter().zip(wanted(one, known, keys)) {
        // flux-operator applies those.
        if object.origin.made_by.is_some() {
            set.leave(&object.object, "flux-operator makes it from a ResourceSet, and applies it itself");
            continue;
        }
        match wanted {
            Ok(mut wanted) => {
                if wanted.waiting.is_none() {
                    normal::applied_by(&mut wanted.body, &set.owner);
                }
                set.built.insert(wanted.object.clone());
                set.objects.push(wanted);
            }
            Err(why) => {
                set.built.insert(object.object.clone());
                set.leave(&object.object, &why);
            }
        }
    }
    set
}

/// Returns the objects of a Kustomization decrypted, in their order; those with forms of variables wait for these.
pub(super) fn wanted(
    one: &Rendered,
    owner: Option<&FluxKustomization>,
    keys: &Result<Identities, Fault>,
) -> Vec<Result<WantedObject, String>> {
    let all = one.objects.iter().enumerate().zip(decrypted(one, decrypts(owner), keys));
    all.map(|((index, object), found)| {
        let found = found?;
        let is_open = one.unsubstituted.contains_key(&index) || found.was_encrypted;
        let waits = one.substituted && is_open && is_substituted(&found.body);
        let name = found.body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or(&object.object.name);
        let mut wanted = WantedObject::new(ObjectRef { name: name.into(), ..object.object.clone() }, found.body);
        wanted.waiting = waits.then(|| LaterSteps::of(owner, &object.body));
        wanted.laid_out = found.laid_out;
        Ok(wanted)
    })
    .collect()
}

impl AppliedSet {
    /// Builds an empty set.
    pub(super) fn new(env: &str, owner: ObjectRef, shown: String, manager: &'static str) -> Self {
        Self {
            env: env.to_owned(),
            owner,
            shown,
            manager,
            objects: Vec::new(),
            built: BTreeSet::new(),
            uncompared: Vec::new(),
            variables: Vec::new(),
            partial: None,
            prunes: false,
            forces: false,
            ignored: Vec::new(),
            namespace: String::new(),
            keeps: None,
        }
    }

    /// Returns its facts without its objects, for an object that no run takes back.
    pub(super) fn kept_because(&self, why: &str) -> Self {
        Self {
            keeps: Some(why.to_owned()),
            ignored: self.ignored.clone(),
            forces: self.forces,
            ..Self::new(&self.env, self.owner.clone(), self.shown.clone(), self.manager)
        }
    }

    /// Notes an object that cannot be compared.
    pub(super) fn leave(&mut self, object: &ObjectRef, why: &str) {
        self.uncompared.push(Uncompared::of(&self.env, &self.shown, object, why));
    }
}
