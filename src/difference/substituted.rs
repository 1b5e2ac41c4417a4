//! Substitutes the variables that the build did not know: those of Secrets, and those of objects in the cluster alone.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::decrypted::{any_text, decrypted_alone};
use super::normal;
use super::veil::SHORTEST;
use super::wanted::WantedObject;
use crate::cluster::mask::is_secret;
use crate::model::{Fault, ObjectRef};
use crate::render::{self, Fillings, Rendered, Rendering, SWITCH};
use crate::repo::FluxKustomization;
use crate::sops::Identities;
use crate::yaml;
use crate::yaml::manifest::put_metadata;

/// The values of the variables of a source.
pub(super) type Values = BTreeMap<String, Zeroizing<String>>;

/// Names a source of variables, with its values where the repository has them.
pub(super) struct VariableSource {
    pub(super) object: ObjectRef,
    pub(super) is_optional: bool,
    /// The values; `None` where only the cluster has them.
    pub(super) values: Option<Values>,
}

impl std::fmt::Debug for VariableSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VariableSource({})", self.object)
    }
}

/// Lists the sources of a Kustomization's variables in the order of their precedence, with the values that the
/// repository has; its own variables come last.
pub(super) fn sources(
    rendering: &Rendering,
    owner: &FluxKustomization,
    keys: &Result<Identities, Fault>,
) -> Vec<VariableSource> {
    let text =
        |value: &yaml::Value, key: &str| value.get(key).and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
    let post = owner.spec.get("postBuild");
    let from = post.and_then(|post| post.get("substituteFrom")).and_then(yaml::Value::as_sequence);
    let named = from.into_iter().flatten().map(|source| {
        let object = ObjectRef::new(&text(source, "kind"), "", &owner.namespace, &text(source, "name"));
        let is_optional = source.get("optional").and_then(yaml::Value::as_bool).unwrap_or_default();
        let found = rendering.find(&owner.env, &object).and_then(|(applied, object)| {
            let body = decrypted_alone(&object.body, applied, decrypts(applier(rendering, applied)), keys).ok()?;
            (!any_text(&body, &mut |text| text.contains("${"))).then_some(body)
        });
        VariableSource { values: found.map(|mut body| values_of(&mut body)), object, is_optional }
    });
    let own = post.and_then(|post| post.get("substitute")).and_then(yaml::Value::as_mapping).into_iter().flatten();
    let own = own.filter_map(|(key, value)| Some((yaml::scalar_text(key)?, Zeroizing::new(yaml::scalar_text(value)?))));
    let own = VariableSource { object: owner.object(), is_optional: false, values: Some(own.collect()) };
    named.chain([own]).collect()
}

/// Finds the description of a rendered Kustomization.
pub(super) fn applier<'a>(rendering: &'a Rendering, one: &Rendered) -> Option<&'a FluxKustomization> {
    let all = rendering.graph.kustomizations.iter();
    all.into_iter().find(|known| (&known.env, &known.namespace, &known.name) == (&one.env, &one.namespace, &one.name))
}

/// Tells whether Flux decrypts what a Kustomization applies.
pub(super) fn decrypts(owner: Option<&FluxKustomization>) -> bool {
    owner.is_some_and(|owner| owner.decryption.is_some())
}

/// Reads the variables of a ConfigMap or a Secret.
pub(super) fn values_of(body: &mut Value) -> Values {
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

/// Holds the values for the forms that the build left.
#[derive(Default)]
pub(super) struct KnownVariables {
    values: Fillings,
    /// The variables of Secrets, which are not shown.
    secret: Vec<(String, Zeroizing<String>)>,
    /// The objects that are not known.
    pub(super) missing: Vec<String>,
}

impl KnownVariables {
    /// Adds the next source, with its values where they are known.
    pub(super) fn add(&mut self, source: &VariableSource, values: Option<&Values>) {
        match values {
            Some(values) => {
                self.values.add(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                if is_secret(&source.object) {
                    self.secret.extend(values.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
            }
            None if source.is_optional => self.values.add_optional(),
            None => {
                self.values.add_unknown();
                self.missing.push(source.object.to_string());
            }
        }
    }

    /// Substitutes in an object that waits for it; returns whether forms are left, whose variables are not known.
    ///
    /// # Errors
    /// Gives the reason why Flux cannot substitute.
    pub(super) fn put_in(&self, wanted: &mut WantedObject) -> Result<bool, String> {
        let Some(waiting) = wanted.waiting.take() else { return Ok(false) };
        if self.values.is_empty() {
            return Ok(false);
        }
        let mut hidden = Vec::new();
        forms(&wanted.body, "", &mut |pointer, text| {
            let names = |name: &str| text.contains(&format!("${{{name}")) || text.contains(&format!("${{#{name}"));
            let used: Vec<_> = self.secret.iter().filter(|(name, _)| names(name)).collect();
            if !used.is_empty() {
                hidden.push(pointer.to_owned());
                wanted.values.extend(used.into_iter().map(|(_, value)| value.clone()));
            }
        });
        wanted.hidden.extend(hidden);
        let is_left = render::fill(&mut wanted.body, &self.values)
            .map_err(|form| format!("Flux cannot substitute {form} in it"))?;
        waiting.finish(&mut wanted.body);
        let is_placed = wanted.body.pointer("/metadata/namespace").is_some();
        let named = ObjectRef::of_body(&wanted.body);
        if self.secret.iter().any(|(_, value)| value.len() >= SHORTEST && named.to_string().contains(&**value)) {
            return Err("a value of a Secret is put into its name, so it is not shown".to_owned());
        }
        // A name may have had a variable.
        let namespace = std::mem::take(&mut wanted.object.namespace);
        wanted.object = if is_placed { named } else { ObjectRef { namespace, ..named } };
        Ok(is_left)
    }
}

/// Holds what Flux does to an object after the substitution.
#[derive(Debug, Clone, Default)]
pub(super) struct LaterSteps {
    /// The labels and annotations of `spec.commonMetadata`: the field, the key and the value.
    common: Vec<(&'static str, String, String)>,
    /// Whether it belongs to no namespace.
    is_cluster_scoped: bool,
}

impl LaterSteps {
    /// Takes them from the finished form of the object.
    pub(super) fn of(owner: Option<&FluxKustomization>, finished: &Value) -> Self {
        let mut common = Vec::new();
        for field in ["labels", "annotations"] {
            let own = owner.and_then(|owner| owner.spec.get("commonMetadata")?.get(field)?.as_mapping());
            for (key, value) in own.into_iter().flatten() {
                common.extend(
                    Some(field).zip(yaml::scalar_text(key)).zip(yaml::scalar_text(value)).map(|((a, b), c)| (a, b, c)),
                );
            }
        }
        Self { common, is_cluster_scoped: finished.pointer("/metadata/namespace").is_none() }
    }

    fn finish(self, body: &mut Value) {
        if let Some(metadata) =
            body.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| self.is_cluster_scoped)
        {
            metadata.shift_remove("namespace");
        }
        for (field, key, value) in self.common {
            put_metadata(body, field, &key, value);
        }
    }
}

/// Tells whether Flux substitutes in an object that has forms.
pub(super) fn is_substituted(body: &Value) -> bool {
    !normal::says(body, SWITCH, "disabled") && has_forms(body)
}

fn has_forms(value: &Value) -> bool {
    any_text(value, &mut |text| text.contains("${") || text.contains("$$"))
}

/// Visits the texts with forms of variables.
fn forms(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) if text.contains("${") => visit(pointer, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                forms(item, &super::fields::below(pointer, &index.to_string()), visit);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                let place = super::fields::below(pointer, key);
                if key.contains("${") {
                    visit(&place, key);
                }
                forms(item, &place, visit);
            }
        }
        _ => {}
    }
}
