//! The rendered Kustomizations of the template, prepared so that the demonstration needs no kustomize.
//!
//! Each environment and Kustomization has a file with one JSON document a line. `tests/real/template.rs` compares them
//! with the output of the real kustomize, and rewrites them on request (`FLUXDECK_RENDERINGS=write`).

use std::sync::OnceLock;

use serde_json::Value;

use super::json;
use crate::repo::template;
use crate::secret::Secret;
use crate::sops::{Identities, decrypt_object};

macro_rules! renderings {
    ($($env:literal: $($name:literal)*;)*) => {
        &[$($(($env, $name, include_str!(concat!("renderings/", $env, "/", $name, ".jsonl"))),)*)*]
    };
}

/// Every rendering: environment, Kustomization, documents.
const RENDERINGS: &[(&str, &str, &str)] = renderings! {
    "staging": "flux-system" "infrastructure-controllers" "infrastructure-configs" "apps" "monitoring" "monitoring-servicemonitors" "monitoring-dashboards";
    "production": "flux-system" "infrastructure-controllers" "infrastructure-configs" "apps" "monitoring" "monitoring-servicemonitors" "monitoring-dashboards";
};

/// The digest of the template's files behind the renderings.
#[cfg(test)]
const DIGEST: &str = include_str!("renderings/digest");

/// Reads the objects of an environment's Kustomizations, with secrets decrypted by the template's throwaway keys as
/// Flux does.
pub(crate) fn of_environment(env: &str) -> impl Iterator<Item = (String, Vec<Value>)> {
    let own = RENDERINGS.iter().filter(move |(owner, ..)| *owner == env);
    own.map(|(_, name, text)| {
        let documents = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        ((*name).to_owned(), documents.map(decrypt).collect())
    })
}

fn decrypt(document: Value) -> Value {
    let mut document = if document.get("sops").is_some() { opened(&document) } else { document };
    super::apply::encode_secret(&mut document);
    document
}

/// Decrypts an object with the template's throwaway keys; if none fits, a word replaces each encrypted value.
pub(crate) fn opened(document: &Value) -> Value {
    static KEYS: OnceLock<Identities> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let mut all = Identities::default();
        for (_, key) in template::KEYS {
            // The keys are constants.
            all.merge(Identities::from_text(&Secret::new(*key)).unwrap_or_default());
        }
        all
    });
    decrypt_object(document, keys).unwrap_or_else(|_| {
        let mut document = document.clone();
        json::remove(&mut document, &["sops"]);
        cover(&mut document);
        document
    })
}

fn cover(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("ENC[") => "demonstration".clone_into(text),
        Value::Object(map) => map.values_mut().for_each(cover),
        Value::Array(list) => list.iter_mut().for_each(cover),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{DIGEST, RENDERINGS, of_environment};
    use crate::repo::template;
    use crate::sim::{json, kinds};

    #[test]
    fn they_are_of_the_template_as_it_is() {
        assert_eq!(
            DIGEST.trim(),
            template::digest(),
            "repo-template/ has changed: FLUXDECK_RENDERINGS=write tests/testbed/run.sh renderings writes src/sim/renderings/ anew"
        );
    }

    #[test]
    fn every_kind_is_served_and_nothing_encrypted_is_left() {
        for env in ["staging", "production"] {
            let mut count = 0;
            for (kustomization, documents) in of_environment(env) {
                assert!(!documents.is_empty(), "{kustomization} in {env}");
                count += 1;
                for document in documents {
                    let key = json::reference(&document);
                    assert!(kinds::by_kind(&key.group, &key.kind).is_some(), "{key} is not served");
                    assert!(!document.to_string().contains("ENC["), "{key}");
                }
            }
            assert_eq!(count, RENDERINGS.iter().filter(|(owner, ..)| *owner == env).count());
        }
    }
}
