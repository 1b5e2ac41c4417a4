//! Missing `ConfigMaps`, Secrets and keys, as the kubelet names them.

use crate::doctor::live::text;
use crate::doctor::message::between;
use crate::doctor::{LiveGraph, LiveObject, Lookup};
use crate::model::ObjectRef;

/// Names what a pod refers to and the kubelet did not find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) object: ObjectRef,
    /// The key that the object lacks; empty if the object itself is missing.
    pub(super) key: String,
}

/// Reads what is missing from a message of the kubelet: `secret "db" not found`, `couldn't find key url in Secret
/// web/db`, and of a volume `references non-existent config key: url` (kubelet 1.35).
pub(super) fn missing_in(said: &str, pod: &LiveObject<'_>) -> Option<Missing> {
    let whole = |kind: &str, name: &str| Some(Missing { object: pod.beside(kind, "", name), key: String::new() });
    for (kind, before) in [("Secret", "secret \""), ("ConfigMap", "configmap \"")] {
        if let Some(name) = between(said, before, "\" not found").filter(|name| !name.contains(['"', ' '])) {
            return whole(kind, name);
        }
    }
    for (kind, word) in [("Secret", " in Secret "), ("ConfigMap", " in ConfigMap ")] {
        if let Some((key, rest)) = said.split_once("couldn't find key ").and_then(|(_, rest)| rest.split_once(word)) {
            let path = rest.split_whitespace().next().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default();
            return Some(Missing { object: pod.beside(kind, "", name), key: key.to_owned() });
        }
    }
    for (kind, words, pointer) in [
        ("Secret", "references non-existent secret key: ", "/secret/secretName"),
        ("ConfigMap", "references non-existent config key: ", "/configMap/name"),
    ] {
        if let Some((_, key)) = said.split_once(words) {
            let volume = between(said, "for volume \"", "\"")?;
            let volume = pod.items("/spec/volumes").iter().find(|one| text(one, "/name") == volume)?;
            return Some(Missing { object: pod.beside(kind, "", text(volume, pointer)), key: key.trim().to_owned() });
        }
    }
    None
}

/// Tells whether what the kubelet missed is missing still, as far as may be seen.
pub(super) fn is_missing(graph: &LiveGraph, missing: &Missing) -> bool {
    match graph.get(&missing.object) {
        Lookup::Found(found) => {
            let has = |field: &str| found.value.get(field).and_then(|data| data.get(&missing.key)).is_some();
            !missing.key.is_empty() && !has("data") && !has("binaryData") && !has("stringData")
        }
        Lookup::Absent | Lookup::Unknown => true,
    }
}
