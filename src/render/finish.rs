//! Flux's steps after the build: substitution, and its own labels and annotations of `spec.commonMetadata`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::envsubst::{Refused, Unset};
use super::scope::Scopes;
use super::substitute::{self, Named, Variables, is_name};
use super::{Brings, Object, Origin, Rendered, Undefined, Unseen};
use crate::model::{Fault, ObjectRef, known};
use crate::repo::{FileFault, FluxKustomization, contents};
use crate::yaml;
use crate::yaml::confidential::is_surely_confidential;
use crate::yaml::manifest::put_metadata;

/// Holds the variables from `ConfigMap` and `Secret` objects of environments.
#[derive(Debug, Default, Clone)]
pub(super) struct Maps {
    known: HashMap<(String, ObjectRef), (Named, Origin)>,
    /// The scopes of kinds from their CRDs.
    scopes: Scopes,
    /// The root for looking up lines.
    root: Option<PathBuf>,
}

impl Maps {
    /// Builds an empty one for a repository.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: Some(root.to_owned()), ..Self::default() }
    }

    /// Adds the variables of an environment's objects; replaces their earlier ones.
    pub(super) fn take(&mut self, env: &str, objects: &[Object]) {
        self.scopes.learn(objects);
        for object in objects.iter().filter(|object| has_variables(object)) {
            self.known.insert((env.to_owned(), object.object.clone()), (variables(object), object.origin.clone()));
        }
    }

    /// Adds only unknown variables: of objects before their own substitution.
    pub(super) fn offer(&mut self, env: &str, objects: &[Object]) {
        self.scopes.learn(objects);
        for object in objects.iter().filter(|object| has_variables(object)) {
            let key = (env.to_owned(), object.object.clone());
            self.known.entry(key).or_insert_with(|| (variables(object), object.origin.clone()));
        }
    }

    /// Returns the variables of an object of an environment; `None` if it is not known.
    pub(super) fn get(&self, env: &str, object: &ObjectRef) -> Option<&Named> {
        self.known.get(&(env.to_owned(), object.clone())).map(|(named, _)| named)
    }

    fn origin(&self, env: &str, object: &ObjectRef) -> Option<&Origin> {
        self.known.get(&(env.to_owned(), object.clone())).map(|(_, origin)| origin)
    }

    /// Finds the line of a text in a file, from a line on.
    fn line(&self, file: &str, from: Option<usize>, text: &str) -> Option<usize> {
        let content = contents::text(self.root.as_ref()?, file).ok()?;
        let before = from.unwrap_or(1).saturating_sub(1);
        let found = content.lines().skip(before).position(|line| line.contains(text))?;
        Some(found.saturating_add(before).saturating_add(1))
    }

    /// Finds the place of a form of an object: in the file that declares it, or in one that changes it.
    fn place(&self, object: &Object, form: &str, one: &FluxKustomization) -> (String, Option<usize>) {
        let origin = &object.origin;
        for file in object.files() {
            let from = origin.line.filter(|_| file == origin.file);
            if let Some(line) = self.line(file, from, form) {
                return (file.to_owned(), Some(line));
            }
        }
        if origin.file.is_empty() {
            return (one.file.clone(), Some(one.line));
        }
        (origin.file.clone(), origin.line)
    }
}

/// Lists the objects in `spec.postBuild.substituteFrom` of a Kustomization in a namespace, each with whether it is
/// optional.
pub(super) fn named(spec: &yaml::Value, namespace: &str) -> Vec<(ObjectRef, bool)> {
    let text = |value: Option<&yaml::Value>| value.and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
    let from = spec.get("postBuild").and_then(|post| post.get("substituteFrom")).and_then(yaml::Value::as_sequence);
    let one = |source: &yaml::Value| {
        let (kind, name) = (text(source.get("kind")), text(source.get("name")));
        let optional = source.get("optional").and_then(yaml::Value::as_bool).unwrap_or_default();
        (ObjectRef::new(&kind, "", namespace, &name), optional)
    };
    from.into_iter().flatten().map(one).collect()
}

/// Applies the steps to one Kustomization.
pub(super) fn finish(rendered: &mut Rendered, one: &FluxKustomization, maps: &Maps) {
    put_in(rendered, one, maps);
    for object in &mut rendered.objects {
        maps.scopes.settle(object);
        for field in ["labels", "annotations"] {
            let common = one.spec.get("commonMetadata").and_then(|common| common.get(field));
            for (key, value) in common.and_then(yaml::Value::as_mapping).into_iter().flatten() {
                if let (Some(key), Some(value)) = (key.as_str(), yaml::scalar_text(value)) {
                    put_metadata(&mut object.body, field, key, value);
                }
            }
        }
    }
}

/// Substitutes variables; if Flux refuses that, no objects are left, and the finding gives the reason.
fn put_in(rendered: &mut Rendered, one: &FluxKustomization, maps: &Maps) {
    let Some(post) = one.spec.get("postBuild").filter(|post| post.is_mapping()) else { return };
    let mut set = Variables::default();
    let mut odd: Vec<(String, Origin, Vec<String>)> = Vec::new();
    let mut sources: HashMap<String, ObjectRef> = HashMap::new();
    for (source, optional) in named(&one.spec, &one.namespace) {
        match maps.get(&one.env, &source) {
            Some(known) => {
                let names: Vec<String> = known.keys().filter(|name| !is_name(name)).cloned().collect();
                let origin = maps.origin(&one.env, &source).cloned().unwrap_or_default();
                odd.extend((!names.is_empty()).then(|| (source.to_string(), origin.clone(), names)));
                sources.extend(known.keys().map(|name| (name.clone(), source.clone())));
                for (name, value) in known {
                    rendered.substitution.define(name, value.as_deref(), Some(&source), &origin);
                }
                set.extend(known.clone());
            }
            None if optional => set.may_be_more(),
            None => {
                set.may_be_others();
                rendered.substitution.may_be_others();
                rendered.unknown.push(format!("{}/{}/{}", source.kind, source.namespace, source.name));
            }
        }
    }
    let own = Origin { file: one.file.clone(), line: Some(one.line), ..Origin::default() };
    for (key, value) in post.get("substitute").and_then(yaml::Value::as_mapping).into_iter().flatten() {
        let (Some(key), Some(value)) = (yaml::scalar_text(key), yaml::scalar_text(value)) else { continue };
        if !is_name(&key) {
            odd.push(("spec.postBuild.substitute".to_owned(), own.clone(), vec![key.clone()]));
        }
        sources.insert(key.clone(), one.object());
        let value = known_value(value);
        rendered.substitution.define(&key, value.as_deref(), None, &own);
        set.extend([(key, value)].into());
    }
    let always = post.get("substituteStrategy").and_then(yaml::Value::as_str) == Some("Always");
    if set.is_empty() && !always || rendered.objects.iter().all(|object| substitute::is_disabled(&object.body)) {
        // An object that only the cluster has may define some.
        rendered.substituted = set.has_perhaps_more();
        let left = rendered.objects.iter().enumerate().filter(|(_, object)| {
            rendered.substituted && !substitute::is_disabled(&object.body) && substitute::mentions(&object.body)
        });
        rendered.unsubstituted = left.map(|(index, object)| (index, object.body.clone())).collect();
        return;
    }
    rendered.substituted = true;
    let what = format!("Kustomization {} of {} cannot be rendered", one.shown(), one.env);
    if let Some((_, origin, names)) = odd.first() {
        let told: Vec<String> =
            odd.iter().map(|(whose, _, names)| format!("{} of {whose}", names.join(", "))).collect();
        let why = format!("{} cannot be names of variables: they are letters, digits and _", told.join("; "));
        let todo = "rename them, or move them to an object that spec.postBuild.substituteFrom does not name";
        let line = names.first().and_then(|name| maps.line(&origin.file, origin.line, &format!("{name}:")));
        let finding = FileFault::new(&origin.file, line.or(origin.line), Fault::failed(what, why, todo));
        rendered.finding = Some(finding.about(&one.env, Some(&one.object())));
        rendered.objects.clear();
        return;
    }
    let (carriers, kept) = carriers(&rendered.objects, &set, &sources);
    rendered.carriers = carriers;
    rendered.substitution.keep(kept);
    let used =
        |(_, object): &(usize, &Object)| !substitute::is_disabled(&object.body) && substitute::mentions(&object.body);
    for (index, object) in rendered.objects.iter().enumerate().filter(used) {
        rendered.substitution.record(index, object, &set);
    }
    let (unset, refused) = expand_all(rendered, one, maps, &set);
    let mut refused = refused.into_iter();
    if let Some(Refusal { file, line, why, todo, .. }) = refused.next() {
        let others: Vec<String> = refused.map(|other| other.place()).collect();
        let why = if others.is_empty() { why } else { format!("{why}; likewise {}", others.join(", ")) };
        let finding = FileFault::new(&file, line, Fault::failed(what, why, todo));
        rendered.finding = Some(finding.about(&one.env, Some(&one.object())));
        rendered.objects.clear();
        return;
    }
    rendered.undefined = unset;
}

/// Finds the objects whose values are substituted into Secrets, or into objects that may pass them on, and the variables
/// that are secrets there.
fn carriers(
    objects: &[Object],
    set: &Variables,
    sources: &HashMap<String, ObjectRef>,
) -> (BTreeSet<ObjectRef>, BTreeSet<String>) {
    let is_left = |object: &&Object| substitute::is_disabled(&object.body) || !substitute::mentions(&object.body);
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for object in objects.iter().filter(|object| !is_left(object)) {
        for template in yaml::secrets::templates_of_json(&object.body) {
            let is_kept = |name: &&str| set.value(name).is_some_and(|value| template.is_kept_in(name, value));
            let kept: Vec<&str> = template.variables().into_iter().filter(is_kept).collect();
            found.extend(kept.iter().filter_map(|name| sources.get(*name)));
            names.extend(kept.into_iter().map(str::to_owned));
        }
        if object.is(known::KUSTOMIZE, "Kustomization") || object.is("", "ConfigMap") {
            let kept = set.values().filter(|(name, value)| is_surely_confidential(name, value));
            found.extend(kept.filter_map(|(name, _)| sources.get(name)));
        }
    }
    (found.into_iter().cloned().collect(), names)
}

/// Describes a refused form, and its place.
struct Refusal {
    file: String,
    line: Option<usize>,
    form: String,
    why: String,
    todo: String,
}

impl Refusal {
    fn new((file, line): (String, Option<usize>), object: &ObjectRef, refused: Refused) -> Self {
        let Refused { form, why, by_value } = refused;
        let inner = form.strip_prefix("${").unwrap_or(&form);
        let ways = format!(
            "write $${{{inner} where it is meant as it stands, or give the object the annotation {}: disabled",
            substitute::SWITCH
        );
        // Quotes in the file are gone before the substitution.
        let quotes = format!("put quotes into the variable's own value, since those around {form} are lost; or {ways}");
        let todo = if by_value { quotes } else { ways };
        Self { file, line, why: format!("{form} of {object}: {why}"), form, todo }
    }

    fn place(&self) -> String {
        let Self { file, line, form, .. } = self;
        line.map_or_else(|| format!("{form} in {file}"), |line| format!("{form} at {file}:{line}"))
    }
}

fn expand_all(
    rendered: &mut Rendered,
    one: &FluxKustomization,
    maps: &Maps,
    set: &Variables,
) -> (Vec<Undefined>, Vec<Refusal>) {
    let mut unset: BTreeMap<(String, String, bool), Vec<ObjectRef>> = BTreeMap::new();
    let (mut refused, mut guesses) = (Vec::new(), Vec::new());
    let used = |(_, object): &(usize, &mut Object)| !substitute::is_disabled(&object.body);
    for (index, object) in rendered.objects.iter_mut().enumerate().filter(used) {
        let mut own = Vec::new();
        let before = substitute::mentions(&object.body).then(|| object.body.clone());
        match substitute::substitute(&mut object.body, set) {
            Ok(done) => {
                // What is encrypted has forms of its own.
                let is_left = done.is_partial || object.body.get("sops").is_some();
                rendered.unsubstituted.extend(before.filter(|_| is_left).map(|body| (index, body)));
                if done.is_guess {
                    guesses.push(Unseen {
                        file: object.origin.file.clone(),
                        what: object.object.to_string(),
                        why: "which is YAML only with the values of variables that are not known".to_owned(),
                        changes: true,
                        brings: Brings::Anything,
                        namespace: one.target_namespace.clone(),
                    });
                }
                own = done.unset;
            }
            Err(why) => refused.push(Refusal::new(maps.place(object, &why.form, one), &object.object, why)),
        }
        // The name may have changed.
        let body = std::mem::take(&mut object.body);
        *object = Object::new(body, std::mem::take(&mut object.origin), std::mem::take(&mut object.changed_by));
        for Unset { name, form, idle } in own {
            let users = unset.entry((name, form, idle)).or_default();
            if users.last() != Some(&object.object) {
                users.push(object.object.clone());
            }
        }
    }
    let mut seen: HashMap<(&str, &ObjectRef), &Object> = HashMap::new();
    for object in &rendered.objects {
        // Guessed names are not compared.
        let is_known = refused.is_empty() && guesses.is_empty();
        if seen.insert((&object.api_version, &object.object), object).is_some() && is_known {
            refused.push(Refusal {
                file: object.origin.file.clone(),
                line: object.origin.line,
                form: object.object.to_string(),
                why: format!("two objects are {} once variables are put in", object.object),
                todo: "give one of them another name".to_owned(),
            });
        }
    }
    rendered.unseen.extend(guesses);
    let unset = unset.into_iter().map(|((name, form, idle), objects)| Undefined { name, form, idle, objects });
    (unset.collect(), refused)
}

/// Tells whether the variables of an object are known.
fn has_variables(object: &Object) -> bool {
    (object.is("", "ConfigMap") || object.is("", "Secret")) && !object.is_filled_elsewhere()
}

/// Returns the variables of a ConfigMap or a Secret, without the values of a Secret or those that are no text.
fn variables(object: &Object) -> Named {
    let is_secret = object.is("", "Secret");
    let own = |field: &str| object.body.get(field).and_then(Value::as_object).into_iter().flatten();
    // Values of a Secret are substituted into no other object, where they would be shown and kept: their names are
    // enough.
    let plain = |value: &Value| value.as_str().filter(|_| !is_secret).map(str::to_owned);
    let data = own("data").map(|(key, value)| (key, plain(value)));
    let text = own("stringData").map(|(key, value)| (key, plain(value)));
    data.chain(text).map(|(key, value)| (key.clone(), value.and_then(known_value))).collect()
}

/// Returns the value of a variable, without line ends, as Flux removes them. A value with a form comes from an unknown
/// substitution: it is unknown, too.
fn known_value(value: String) -> Option<String> {
    (!value.contains("${")).then(|| value.replace('\n', ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Origin;

    fn variables_of(body: Value) -> Vec<(String, Option<String>)> {
        variables(&Object::new(body, Origin::default(), Vec::new())).into_iter().collect()
    }

    #[test]
    fn what_is_substituted_from_is_read_as_flux_reads_it() {
        let pairs = |pairs: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
        };
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b\nc\n"}});
        assert_eq!(variables_of(map), pairs(&[("a", Some("bc"))]));
        let left = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "${secret}"}});
        assert_eq!(variables_of(left), pairs(&[("a", None)]), "what a parent could not tell is not known");
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "Yg==", "c": "ZA=="}, "stringData": {"c": "e"}});
        assert_eq!(
            variables_of(secret),
            pairs(&[("a", None), ("c", None)]),
            "what a Secret holds gets into no other object"
        );
        let closed = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "ENC[a]"}, "sops": {}});
        assert_eq!(variables_of(closed), pairs(&[("a", None)]), "the names of an encrypted Secret are readable");
    }
}
