//! What the controllers would apply: the rendered objects of a Kustomization, decrypted.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::ignore::IgnoreRule;
use super::{Uncompared, normal};
use crate::cluster::mask::is_secret;
use crate::model::field_manager::KUSTOMIZE_CONTROLLER;
use crate::model::{Fault, ObjectRef};
use crate::render::{Object, Rendered, Rendering, SWITCH};
use crate::repo::FluxKustomization;
use crate::sops::{Identities, decrypt_object};
use crate::yaml;

/// The mark of an encrypted value.
const SEALED: &str = "ENC[";

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
    /// Whether an unknown variable of the build is none of the repository's.
    pub(super) is_open: bool,
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
    /// Whether forms of variables are left in it.
    pub(super) has_forms: bool,
}

impl std::fmt::Debug for WantedObject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WantedObject({})", self.object)
    }
}

/// Names a source of variables, with its values where the repository has them.
pub(super) struct VariableSource {
    pub(super) object: ObjectRef,
    pub(super) is_optional: bool,
    /// The values; `None` where only the cluster has them.
    pub(super) values: Option<BTreeMap<String, Zeroizing<String>>>,
}

impl std::fmt::Debug for VariableSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VariableSource({})", self.object)
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

/// Tells whether an environment has anything encrypted, for which keys are needed.
pub(super) fn needs_keys(rendering: &Rendering, env: &str) -> bool {
    rendering.objects(env).any(|(_, object)| object.body.get("sops").is_some())
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
    let known = rendering
        .graph
        .kustomizations
        .iter()
        .find(|known| (&known.env, &known.namespace, &known.name) == (&one.env, &one.namespace, &one.name));
    let owner = ObjectRef::new("Kustomization", crate::model::known::KUSTOMIZE, &one.namespace, &one.name);
    let spec = known.and_then(|known| serde_json::to_value(&known.spec).ok()).unwrap_or_default();
    let mut set = AppliedSet {
        partial: one.why_not_whole(),
        prunes: known.is_some_and(|known| known.prune),
        forces: spec.get("force").and_then(Value::as_bool).unwrap_or_default(),
        ignored: IgnoreRule::of(&spec),
        is_open: !one.unknown.is_empty(),
        ..AppliedSet::new(&one.env, owner, one.shown(), KUSTOMIZE_CONTROLLER)
    };
    if let Some(known) = known {
        set.variables = sources(rendering, known, keys);
    }
    for object in &one.objects {
        // flux-operator applies those.
        if object.origin.made_by.is_some() {
            set.leave(&object.object, "flux-operator makes it from a ResourceSet, and applies it itself");
            continue;
        }
        set.built.insert(object.object.clone());
        match opened(object, known, keys) {
            Ok(mut body) => {
                normal::applied_by(&mut body, &set.owner);
                let has_forms = one.substituted && !normal::says(&body, SWITCH, "disabled") && has_forms(&body);
                set.objects.push(WantedObject {
                    object: object.object.clone(),
                    body,
                    hidden: Vec::new(),
                    values: Vec::new(),
                    has_forms,
                });
            }
            Err(why) => set.leave(&object.object, &why),
        }
    }
    set
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
            is_open: false,
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

/// Decrypts an object as kustomize-controller does.
///
/// # Errors
/// Fails with the reason why it cannot be compared.
fn opened(
    object: &Object,
    owner: Option<&FluxKustomization>,
    keys: &Result<Identities, Fault>,
) -> Result<Value, String> {
    if object.body.get("sops").is_some() {
        if owner.is_none_or(|owner| owner.decryption.is_none()) {
            return Err("it is encrypted and its Kustomization has no spec.decryption, so Flux refuses it".to_owned());
        }
        let keys = keys.as_ref().map_err(|fault| format!("it is encrypted, and {}: {}", fault.what, fault.why))?;
        return decrypt_object(&object.body, keys).map_err(|error| format!("it is encrypted: {error}"));
    }
    if is_sealed(&object.body) {
        return Err(
            "a generator makes it from an encrypted file, so its name and values are known to Flux alone".to_owned()
        );
    }
    Ok(object.body.clone())
}

/// Tells whether a generator put encrypted values into an object.
fn is_sealed(body: &Value) -> bool {
    let values = body.get("data").and_then(Value::as_object);
    values.into_iter().flatten().filter_map(|(_, value)| value.as_str()).any(|text| {
        let decoded = || STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.contains(SEALED) || decoded().is_some_and(|text| text.contains(SEALED))
    })
}

fn has_forms(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(has_forms),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains("${") || has_forms(value)),
        _ => false,
    }
}

/// Lists the sources of a Kustomization's variables, with the values that the repository has.
fn sources(rendering: &Rendering, owner: &FluxKustomization, keys: &Result<Identities, Fault>) -> Vec<VariableSource> {
    let text =
        |value: &yaml::Value, key: &str| value.get(key).and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
    let from = owner.spec.get("postBuild").and_then(|post| post.get("substituteFrom"));
    let named = from.and_then(yaml::Value::as_sequence).into_iter().flatten().map(|source| {
        let object = ObjectRef::new(&text(source, "kind"), "", &owner.namespace, &text(source, "name"));
        let is_optional = source.get("optional").and_then(yaml::Value::as_bool).unwrap_or_default();
        let found = rendering.find(&owner.env, &object).and_then(|(applied, object)| {
            let applier =
                rendering.graph.kustomizations.iter().find(|one| {
                    (&one.env, &one.namespace, &one.name) == (&applied.env, &applied.namespace, &applied.name)
                });
            opened(object, applier, keys).ok().filter(|body| !has_forms(body))
        });
        VariableSource { values: found.map(|mut body| values_of(&mut body)), object, is_optional }
    });
    named.collect()
}

/// Reads the variables of a ConfigMap or a Secret.
pub(super) fn values_of(body: &mut Value) -> BTreeMap<String, Zeroizing<String>> {
    normal::normalize(body);
    let is_secret = is_secret(&ObjectRef::of_body(body));
    let data = body.get("data").and_then(Value::as_object).into_iter().flatten();
    let plain = |text: &str| {
        if is_secret {
            return STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(Zeroizing::new);
        }
        Some(Zeroizing::new(text.to_owned()))
    };
    data.filter_map(|(key, value)| Some((key.clone(), plain(value.as_str()?)?))).collect()
}
