//! The objects of a `ResourceSet`: its combined inputs, rendered in its templates (flux-operator 0.59,
//! `internal/builder` and `internal/inputs`).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value as Json;

use super::OperatorObject;
use super::gotemplate::{self, Failed, Value, adler32};
use crate::model::{ObjectRef, known};
use crate::yaml::manifest::{at, put_metadata};
use crate::yaml::sigs;

/// The kind of a set.
pub const KIND: &str = "ResourceSet";

/// The kind of an input provider.
pub const PROVIDER: &str = "ResourceSetInputProvider";

/// The annotation that removes a rendered object with the value `disabled`.
const RECONCILE: &str = "fluxcd.controlplane.io/reconcile";

/// The annotation that fills a rendered object with the content of another.
const COPY: &str = "fluxcd.controlplane.io/copyFrom";

/// The annotation that fills a rendered `ConfigMap` with the content of a kubeconfig.
const CONVERT: &str = "fluxcd.controlplane.io/convertKubeConfigFrom";

/// The most combinations of inputs.
const MOST: usize = 10_000;

/// Names the providers of inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum InputsFrom<'a> {
    /// The provider with a name.
    Named(&'a str),
    /// The providers that a label selector matches.
    Selected(&'a Json),
}

/// Lists the providers of a set's inputs.
pub fn references(set: OperatorObject<'_>) -> Vec<InputsFrom<'_>> {
    let from = at(set.body, "/spec/inputsFrom").as_array().into_iter().flatten();
    from.filter_map(|one| match (one.get("name").and_then(Json::as_str), one.get("selector")) {
        (Some(name), _) => Some(InputsFrom::Named(name)),
        (None, selector) => selector.map(InputsFrom::Selected),
    })
    .collect()
}

/// Lists the objects that must be ready before a set is rendered. A dependency that must only exist does not affect the
/// waves, nor does one with its own expression for readiness.
pub fn awaited(set: OperatorObject<'_>) -> Vec<ObjectRef> {
    let depends = at(set.body, "/spec/dependsOn").as_array().into_iter().flatten();
    let one = |dependency: &Json| {
        let word = |key: &str| dependency.get(key).and_then(Json::as_str).unwrap_or_default();
        let is_ready = dependency.get("ready").and_then(Json::as_bool) == Some(true);
        let expression = word("readyExpr");
        let group = crate::model::api_group(word("apiVersion"));
        let object = ObjectRef::new(word("kind"), group, word("namespace"), word("name"));
        (is_ready && (expression.is_empty() || expression.contains("Ready"))).then_some(object)
    };
    depends.filter_map(one).collect()
}

/// Tells whether a set becomes ready only after all of its objects.
pub fn waits(set: OperatorObject<'_>) -> bool {
    at(set.body, "/spec/wait") == true
}

/// Tells whether a label selector matches an object.
pub fn selects(selector: &Json, object: OperatorObject<'_>) -> bool {
    let labels = at(object.body, "/metadata/labels");
    let exact = selector.get("matchLabels").and_then(Json::as_object).into_iter().flatten();
    let expressions = selector.get("matchExpressions").and_then(Json::as_array).into_iter().flatten();
    let holds = |expression: &Json| {
        let label = expression.get("key").and_then(Json::as_str).and_then(|key| labels.get(key));
        let values = expression.get("values").and_then(Json::as_array);
        let is_in = || label.is_some_and(|label| values.is_some_and(|values| values.contains(label)));
        match expression.get("operator").and_then(Json::as_str).unwrap_or_default() {
            "In" => is_in(),
            "NotIn" => !is_in(),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    };
    exact.into_iter().all(|(key, value)| labels.get(key) == Some(value)) && expressions.into_iter().all(holds)
}

/// Builds the objects of a set, each with the number of its step; `providers` are those of its inputs.
///
/// # Errors
/// Fails with the reason: flux-operator rejects the set too, or its objects are not known here.
pub fn build(set: OperatorObject<'_>, providers: &[OperatorObject<'_>]) -> Result<Vec<(usize, Json)>, Failed> {
    let spec = at(set.body, "/spec");
    let is_stepped = spec.get("steps").and_then(Json::as_array).is_some_and(|steps| !steps.is_empty());
    let has = |of: &Json, field: &str| match of.get(field) {
        Some(Json::Array(list)) => !list.is_empty(),
        Some(Json::String(text)) => !text.is_empty(),
        _ => false,
    };
    let is_filled = |of: &Json| has(of, "resources") || has(of, "resourcesTemplate");
    if is_stepped && is_filled(spec) {
        return Err(Failed::Refused(
            "spec.steps is mutually exclusive with spec.resources and spec.resourcesTemplate".to_owned(),
        ));
    }
    let inputs = combined(set, providers)?;
    let is_fed = spec.get("inputsFrom").and_then(Json::as_array).is_some_and(|from| !from.is_empty());
    if is_fed && inputs.is_empty() {
        return Ok(Vec::new());
    }
    if !is_stepped {
        return Ok(step(spec, &inputs)?.into_iter().map(|object| (0, object)).collect());
    }
    let mut made = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (number, one) in spec.get("steps").and_then(Json::as_array).into_iter().flatten().enumerate() {
        let name = one.get("name").and_then(Json::as_str).unwrap_or_default();
        if !is_filled(one) {
            let why = format!("step \"{name}\": at least one of resources or resourcesTemplate must be set");
            return Err(Failed::Refused(why));
        }
        for object in step(one, &inputs)? {
            let key = key(&object);
            if *seen.entry(key.clone()).or_insert(number) != number {
                let why = format!("duplicate resource {key} in step \"{name}\", already defined in another");
                return Err(Failed::Refused(why));
            }
            made.push((number, object));
        }
    }
    Ok(made)
}

/// The most bytes that one step of a set renders from all its inputs.
const LARGEST: usize = 32 * 1024 * 1024;

/// Builds the objects of one step: its resources, then those of its template that are not among them.
fn step(spec: &Json, inputs: &[Value]) -> Result<Vec<Json>, Failed> {
    let mut made = Vec::new();
    let mut seen = HashSet::new();
    let mut bytes: usize = 0;
    let mut render = |template: &str, input: &Value| {
        let text = gotemplate::render(template, input)?;
        bytes = bytes.saturating_add(text.len());
        if bytes > LARGEST { Failed::unknown("it is too large to be looked at") } else { Ok(text) }
    };
    for template in spec.get("resources").and_then(Json::as_array).into_iter().flatten() {
        let text = sigs::write(template);
        if inputs.is_empty() {
            let object = read_one(&render(&text, &nothing())?)?;
            seen.insert(key(&object));
            made.push(object);
        }
        for input in inputs {
            let object = read_one(&render(&text, input)?)?;
            if !is_left_out(&object) && seen.insert(key(&object)) {
                made.push(object);
            }
        }
    }
    let template = spec.get("resourcesTemplate").and_then(Json::as_str).unwrap_or_default();
    if !template.is_empty() {
        let nothing = [nothing()];
        for input in if inputs.is_empty() { nothing.as_slice() } else { inputs } {
            for object in read_all(&render(template, input)?)? {
                if !is_left_out(&object) && seen.insert(key(&object)) {
                    made.push(object);
                }
            }
        }
    }
    Ok(made)
}

fn nothing() -> Value {
    Value::Map(BTreeMap::new())
}

fn is_left_out(object: &Json) -> bool {
    at(object, "/metadata/annotations").get(RECONCILE).and_then(Json::as_str) == Some("disabled")
}

/// Returns the key by which the operator finds duplicates.
fn key(object: &Json) -> String {
    let word = |pointer: &str| at(object, pointer).as_str().unwrap_or_default();
    let group = crate::model::api_group(word("/apiVersion"));
    [group, word("/kind"), word("/metadata/namespace"), word("/metadata/name")].join("/")
}

/// Splits a text into documents as Kubernetes' YAML reader does.
fn documents(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = String::new();
    for line in text.split_inclusive('\n') {
        let ends = line.strip_prefix("---").map(str::trim).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
        if ends && !open.is_empty() {
            found.push(std::mem::take(&mut open));
            continue;
        }
        open.push_str(line);
    }
    if !open.is_empty() {
        found.push(open);
    }
    found
}

fn read(text: &str) -> Result<Json, Failed> {
    let read =
        sigs::read(text).map_err(|unread| Failed::Refused(format!("what comes out is no YAML: {}", unread.why)))?;
    let is_kind = read.get("kind").and_then(Json::as_str).is_some_and(|kind| !kind.is_empty());
    match read {
        Json::Null => Ok(Json::Null),
        Json::Object(_) if is_kind => Ok(read),
        Json::Object(_) => Err(Failed::Refused("what comes out has no kind".to_owned())),
        _ => Err(Failed::Refused("the result is not an object".to_owned())),
    }
}

fn read_one(text: &str) -> Result<Json, Failed> {
    match documents(text).first().map(|first| read(first)).transpose()? {
        Some(object @ Json::Object(_)) => Ok(object),
        _ => Err(Failed::Unknown("one of its resources comes out empty".to_owned())),
    }
}

/// Parses all documents; those that are not objects of Kubernetes are dropped.
fn read_all(text: &str) -> Result<Vec<Json>, Failed> {
    let mut found = Vec::new();
    for document in documents(text) {
        let object = read(&document)?;
        if let Some(items) = object.get("items").and_then(Json::as_array) {
            found.extend(items.iter().cloned());
            continue;
        }
        let has = |pointer: &str| at(&object, pointer).as_str().is_some_and(|word| !word.is_empty());
        let is_kustomization =
            at(&object, "/apiVersion").as_str().is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"));
        if has("/apiVersion") && has("/metadata/name") && !is_kustomization {
            found.push(object);
        }
    }
    Ok(found)
}

/// Combines the inputs of a set with those of its providers.
fn combined(set: OperatorObject<'_>, providers: &[OperatorObject<'_>]) -> Result<Vec<Value>, Failed> {
    let has_nothing = |input: &Json| input.as_object().is_some_and(|fields| fields.values().any(Json::is_null));
    if at(set.body, "/spec/inputs").as_array().is_some_and(|inputs| inputs.iter().any(has_nothing)) {
        return Err(Failed::Unknown("one of its inputs is null, by which the operator breaks off".to_owned()));
    }
    let own: Vec<Value> = match at(set.body, "/spec/inputs") {
        Json::Array(inputs) => inputs.iter().map(|input| input_of(set, KIND, input)).collect(),
        _ => Vec::new(),
    };
    let mut all = vec![(set.object.name.as_str(), own)];
    let mut sorted = providers.to_vec();
    sorted.sort_by(|a, b| a.object.name.cmp(&b.object.name));
    sorted.dedup_by(|a, b| a.object == b.object);
    for provider in sorted {
        let kind = at(provider.body, "/spec/type").as_str().unwrap_or_default();
        if kind != "Static" {
            return Err(Failed::Unknown(format!(
                "its inputs come from {kind} {}, outside of the repository",
                provider.object.name
            )));
        }
        let mut input = input_of(provider, PROVIDER, at(provider.body, "/spec/defaultValues"));
        if let Value::Map(fields) = &mut input {
            // The operator derives it from the provider's UID.
            fields.insert(
                "id".to_owned(),
                Value::Hidden("it asks for the id of an input, which the cluster alone knows"),
            );
        }
        all.push((provider.object.name.as_str(), vec![input]));
    }
    match at(set.body, "/spec/inputStrategy/name").as_str().unwrap_or_default() {
        "" | "Flatten" => Ok(all.into_iter().flat_map(|(_, inputs)| inputs).collect()),
        "Permute" => permuted(all, at(set.body, "/spec/inputStrategy/includeEmptyProviders") == true),
        other => Err(Failed::Refused(format!("unknown input strategy: '{other}'"))),
    }
}

/// Converts an input, with its provider.
fn input_of(object: OperatorObject<'_>, kind: &str, input: &Json) -> Value {
    let mut fields = match Value::from_json(input) {
        Value::Map(fields) => fields,
        _ => BTreeMap::new(),
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let provider = [
        ("apiVersion", text(&format!("{}/v1", known::OPERATOR))),
        ("kind", text(kind)),
        ("name", text(&object.object.name)),
        ("namespace", text(&object.object.namespace)),
    ];
    let provider = provider.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    fields.insert("provider".to_owned(), Value::Map(provider));
    Value::Map(fields)
}

/// Builds every combination of one input of each provider.
fn permuted(all: Vec<(&str, Vec<Value>)>, with_empty: bool) -> Result<Vec<Value>, Failed> {
    let all: Vec<_> = all.into_iter().filter(|(_, inputs)| with_empty || !inputs.is_empty()).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut made: Vec<(BTreeMap<String, Value>, Vec<String>)> = vec![(BTreeMap::new(), Vec::new())];
    for (name, inputs) in all {
        if made.len().saturating_mul(inputs.len()) > MOST {
            return Err(Failed::Refused(format!("its inputs have more than {MOST} permutations")));
        }
        let name = normalized(name);
        if name.is_empty() {
            return Err(Failed::Refused("normalized provider name is empty".to_owned()));
        }
        let mut next = Vec::new();
        for (fields, parts) in &made {
            for (at, input) in inputs.iter().enumerate() {
                let (mut fields, mut parts) = (fields.clone(), parts.clone());
                fields.insert(name.clone(), input.clone());
                parts.push(format!("{name}={at}"));
                next.push((fields, parts));
            }
        }
        made = next;
    }
    let with_id = |(mut fields, parts): (BTreeMap<String, Value>, Vec<String>)| {
        fields.insert("id".to_owned(), Value::Text(adler32(&parts.join("/")).to_string()));
        Value::Map(fields)
    };
    Ok(made.into_iter().map(with_id).collect())
}

/// Converts a provider's name to a key for templates.
fn normalized(name: &str) -> String {
    let letters = name.to_lowercase();
    let words = letters.chars().filter_map(|letter| match letter {
        letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => Some(letter),
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => None,
        letter if letter.is_ascii_punctuation() || letter.is_whitespace() => Some('_'),
        _ => None,
    });
    let words: String = words.collect();
    words.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Adds the labels and annotations of a set's `spec.commonMetadata` to an object.
pub fn share_metadata(set: OperatorObject<'_>, object: &mut Json) {
    for field in ["labels", "annotations"] {
        let common = at(set.body, &format!("/spec/commonMetadata/{field}")).as_object();
        for (key, value) in common.into_iter().flatten() {
            if let Some(value) = value.as_str() {
                put_metadata(object, field, key, value.to_owned());
            }
        }
    }
}

/// Returns the object from which a rendered object is filled: its kind, namespace and name.
pub fn copies(object: &Json) -> Option<(&'static str, &str, &str)> {
    let kind = match (at(object, "/apiVersion").as_str()?, at(object, "/kind").as_str()?) {
        ("v1", "ConfigMap") => "ConfigMap",
        ("v1", "Secret") => "Secret",
        _ => return None,
    };
    let (namespace, name) = at(object, "/metadata/annotations").get(COPY)?.as_str()?.split_once('/')?;
    Some((kind, namespace, name))
}

/// Fills a rendered object with the entries of another.
pub fn copy(source: &Json, object: &mut Json) {
    let Some(fields) = object.as_object_mut() else { return };
    let is_secret = fields.get("kind").and_then(Json::as_str) == Some("Secret");
    // Encrypted values stay encrypted: only the cluster decrypts them.
    let taken = if is_secret { ["data", "stringData", "sops"] } else { ["data", "binaryData", ""] };
    for field in taken {
        if let Some(value) = source.get(field) {
            fields.insert(field.to_owned(), value.clone());
        }
    }
    if is_secret && !fields.contains_key("type") {
        let kind = source.get("type").cloned().unwrap_or_else(|| "Opaque".into());
        fields.insert("type".to_owned(), kind);
    }
}

/// Tells whether a rendered object gets entries on the cluster that are not known here.
pub fn is_filled_elsewhere(object: OperatorObject<'_>) -> bool {
    let annotation = |name: &str| at(object.body, "/metadata/annotations").get(name).is_some();
    let is_empty = ["data", "stringData", "binaryData"].iter().all(|field| object.body.get(*field).is_none());
    annotation(COPY) && is_empty || annotation(CONVERT) && object.object.kind == "ConfigMap"
}
