//! Secrets that a program fills: the one in Git is a placeholder, and additional keys in the cluster are as intended.

use serde::Serialize;

use crate::yaml::Value;

/// Names the program that fills a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filler {
    /// The program, or `the cluster`.
    pub by: String,
    /// The keys that it fills; empty if it fills all.
    pub keys: Vec<String>,
}

impl Filler {
    fn of_all(by: &str) -> Self {
        Self { by: by.to_owned(), keys: Vec::new() }
    }

    /// Tells whether it fills a key.
    pub fn fills(&self, key: &str) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|known| known == key)
    }
}

/// The annotations that mark a Secret as filled by a program, with the program.
const ANNOTATIONS: &[(&str, &str)] = &[
    // github.com/emberstack/kubernetes-reflector
    ("reflector.v1.k8s.emberstack.com/reflects", "reflector"),
    // github.com/mittwald/kubernetes-replicator
    ("replicator.v1.mittwald.de/replicate-from", "kubernetes-replicator"),
    // github.com/bank-vaults/vault-secrets-webhook
    ("vault.security.banzaicloud.io/vault-addr", "the webhook of Vault"),
    ("secrets-webhook.security.bank-vaults.io/provider", "the webhook of Vault"),
];

/// The annotation with the names of the keys that github.com/mittwald/kubernetes-secret-generator fills.
const GENERATED: &str = "secret-generator.v1.mittwald.de/autogenerate";

/// Finds the program that fills a Secret, by its type and its annotations.
pub fn filler(secret: &Value) -> Option<Filler> {
    if secret.get("type").and_then(Value::as_str) == Some("kubernetes.io/service-account-token") {
        return Some(Filler::of_all("the cluster"));
    }
    let annotations = secret.get("metadata")?.get("annotations")?;
    if let Some(keys) = annotations.get(GENERATED).and_then(Value::as_str) {
        let keys: Vec<String> =
            keys.split(',').map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect();
        return (!keys.is_empty()).then(|| Filler { by: "kubernetes-secret-generator".to_owned(), keys });
    }
    let (_, by) = ANNOTATIONS.iter().find(|(name, _)| annotations.get(name).is_some())?;
    Some(Filler::of_all(by))
}

/// Tells whether a text may be a Secret that a program fills, so that most are not parsed for it.
pub fn may_be_filled(text: &str) -> bool {
    ["kubernetes.io/service-account-token", GENERATED]
        .iter()
        .chain(ANNOTATIONS.iter().map(|(name, _)| name))
        .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{filler, may_be_filled};

    fn by(text: &str) -> Option<(String, bool, bool)> {
        assert!(may_be_filled(text) || filler(&crate::yaml::from_str(text).unwrap()).is_none());
        let filler = filler(&crate::yaml::from_str(text).unwrap())?;
        Some((filler.by.clone(), filler.fills("a"), filler.fills("b")))
    }

    #[test]
    fn who_fills_a_secret_is_told_by_its_type_and_its_annotations() {
        let all = |by: &str| Some((by.to_owned(), true, true));
        assert_eq!(by("type: kubernetes.io/service-account-token"), all("the cluster"));
        assert_eq!(by("metadata: {annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}"), all("reflector"));
        let generated = "metadata: {annotations: {secret-generator.v1.mittwald.de/autogenerate: 'a, c'}}";
        assert_eq!(by(generated), Some(("kubernetes-secret-generator".to_owned(), true, false)));
        assert_eq!(by("metadata: {annotations: {reflector.v1.k8s.emberstack.com/reflection-allowed: 'true'}}"), None);
        assert_eq!(by("type: Opaque"), None);
    }
}
