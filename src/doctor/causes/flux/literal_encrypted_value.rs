//! A live object has a value that is still sealed.

use serde_json::Value;

use crate::cluster::mask::{self, MASKED_SEALED};
use crate::doctor::live::text;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::known::KUSTOMIZE;
use crate::model::text::some_of;

pub(super) const CAUSE: Cause =
    Cause { id: "literal-encrypted-value", title: "A live object has a sealed value", find };

const SEALED: &str = "ENC[AES256_GCM,";

/// The most values of one object that are named.
const MOST: usize = 12;

/// kustomize-controller refuses sealed Secrets alone, by their block `sops`: any other object with `ENC[…]` is applied as
/// it is. Looks at every object that is read and that no controller made, and at what Kustomizations applied of the kinds
/// that hold settings.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let applied = format!("{KUSTOMIZE}/name");
    for kind in ["ConfigMap", "Secret"] {
        // They are among what is read then.
        let _read = graph.labelled("", kind, "", &applied);
    }
    let own = graph.read_objects().into_iter().filter(|live| live.owner().is_none());
    own.filter_map(|live| diagnosis(graph, &live)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>) -> Option<Diagnosis> {
    let mut found = Vec::new();
    for (field, value) in live.value.as_object().into_iter().flatten() {
        // A status repeats what a controller saw.
        if !matches!(field.as_str(), "status" | "metadata") {
            collect(value, field.clone(), &mut found);
        }
    }
    for (name, value) in live.value.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten() {
        collect(value, format!("metadata.annotations[{name}]"), &mut found);
    }
    let first = found.first()?;
    let object = live.object;
    let names: Vec<String> = found.iter().map(|path| name_of(path)).collect();
    let is_workload = kinds::WORKLOADS.iter().any(|kind| kind.is(object)) || object.kind == "CronJob";
    let verb = if is_workload { "runs with" } else { "has" };
    let message = format!("{} {verb} the sealed text ENC[…] as {}", object.told(), some_of(&names, ", "));
    let fix = if mask::is_secret(object) {
        "Seal the file of the Secret as a whole again (its block `sops` is missing, or the text was pasted), or write the plain value before sealing; then push."
    } else {
        "Put the value into a Secret that is sealed as a whole, add spec.decryption to the Kustomization that applies it, and push."
    };
    Some(
        Diagnosis::new(CAUSE.id, object, message)
            .seen_all([live.field_evidence(first, "ENC[AES256_GCM,…]")])
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(fix, "what uses it has the plain value"))
            .documented("https://fluxcd.io/flux/guides/mozilla-sops/"),
    )
}

/// Collects the paths of sealed values.
fn collect(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        _ if found.len() >= MOST => {}
        Value::String(text) => {
            if text.trim_start().starts_with(SEALED) || text.starts_with(MASKED_SEALED) {
                found.push(path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = text(item, "/name");
                let name = if name.is_empty() { index.to_string() } else { name.to_owned() };
                collect(item, format!("{path}[{name}]"), found);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                collect(inner, format!("{path}.{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Names a value as people do: a variable by its name, all else by its path.
fn name_of(path: &str) -> String {
    let variable = path.strip_suffix("].value").and_then(|path| path.rsplit_once(".env[")).map(|(_, name)| name);
    variable.unwrap_or(path).to_owned()
}
