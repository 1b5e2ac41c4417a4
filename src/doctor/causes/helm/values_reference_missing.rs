//! A Secret or ConfigMap with a release's values is not there, or lacks the key, or cannot be read.

use super::{MANUAL, again, failing, with};
use crate::doctor::Cause;
use crate::doctor::causes::elsewhere::{self, elsewhere};
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause =
    Cause { id: "values-reference-missing", title: "What a release takes its values from is missing", find };

/// helm-controller 1.4 to 1.6, `ValuesError`: `could not resolve Secret chart values reference 'apps/web' with key
/// 'values.yaml': secrets "web" not found`, `…: key not found`, and of one that is no YAML the parser's words.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failing(graph, "ValuesError").filter_map(|(live, ready)| diagnosis(graph, &live, &ready)).collect()
}

/// Finds what a message says that is missing, with the key.
pub(super) fn named<'a>(live: &LiveObject<'_>, ready: &'a Condition) -> Option<(ObjectRef, &'a str)> {
    let kind = if ready.message.contains("Secret chart values reference") { "Secret" } else { "ConfigMap" };
    let name = between(&ready.message, "chart values reference '", "'")?;
    let name = name.split_once('/').map_or(name, |(_, name)| name);
    Some((live.beside(kind, "", name), between(&ready.message, "with key '", "'").unwrap_or("values.yaml")))
}

/// Tells whether an object has a key, as far as it was read.
pub(super) fn has(live: &LiveObject<'_>, key: &str) -> bool {
    let of = |field: &str| live.value.get(field).and_then(|data| data.get(key)).is_some();
    of("data") || of("binaryData")
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let (object, key) = named(live, ready)?;
    let told = live.object.told();
    let found = graph.get(&object);
    let is_missing = ready.message.ends_with("not found") || ready.message.contains("key not found");
    let (message, fix) = match found.found() {
        // It may have been made since.
        Some(values) if is_missing && has(&values, key) => return None,
        Some(values) if is_missing => {
            let keys = values.value.get("data").and_then(serde_json::Value::as_object);
            let keys: Vec<&str> = keys.into_iter().flatten().map(|(key, _)| key.as_str()).take(5).collect();
            let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
            (
                format!("{} has no key {key}, which {told} takes values from; its keys: {keys}", object.told()),
                "Add the key, or name the one that there is in spec.valuesFrom[].valuesKey (values.yaml if it is not said).",
            )
        }
        None if ready.message.ends_with("key not found") => (
            format!("{} has no key {key}, which {told} takes values from", object.told()),
            "Add the key, or correct spec.valuesFrom[].valuesKey.",
        ),
        None if is_missing => (
            format!(
                "{} is missing, and {told} takes values from it{}",
                object.told(),
                elsewhere::told(elsewhere(graph, &object).as_ref())
            ),
            "Add it to what is applied before the release, in the same namespace (a Secret encrypted), or correct the name in spec.valuesFrom; `optional: true` lets the release do without it.",
        ),
        _ => {
            let said = ready.message.split_once("': ").map_or(ready.message.as_str(), |(_, said)| said);
            let said = said.split_once("': ").map_or(said, |(_, said)| said);
            (
                format!("key {key} of {} is no map of values: {}", object.told(), short(said)),
                "Correct its text: it has to be YAML, a map at the top; for a single value use targetPath.",
            )
        }
    };
    let is_absent = graph.get(&object).is_absent();
    let diagnosis = Diagnosis::new(CAUSE.id, &object, message);
    let diagnosis = if is_absent { diagnosis.lacking(&object) } else { diagnosis };
    let diagnosis = diagnosis
        .seen_all([live.condition_evidence(ready)])
        .explaining([live.object.clone()])
        .look_at(graph.describe(&object))
        .mended_by(Remedy::change(fix, "Ready True"))
        .documented(&format!("{MANUAL}#values-references"));
    Some(with(diagnosis, again(graph, live.object)))
}
