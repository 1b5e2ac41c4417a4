//! Secrets that operators make of what stands in their own objects: where that is, and what of it must stay secret.
//!
//! Most of it is meant to be read: hosts, names, and templates into which the operator puts the values of a store. So only what says itself that it is
//! to be kept counts.

/// Names the ways to the values in the objects of a kind; `*` stands for each item of a list.
pub(super) fn ways(api_version: &str, kind: &str) -> &'static [&'static [&'static str]] {
    let Some((group, _)) = api_version.split_once('/') else { return &[] };
    match (group, kind) {
        ("external-secrets.io", "ExternalSecret") => {
            &[&["spec", "target", "template", "data"], &["spec", "target", "template", "templateFrom", "*", "literal"]]
        }
        ("external-secrets.io", "ClusterExternalSecret") => {
            &[&["spec", "externalSecretSpec", "target", "template", "data"]]
        }
        ("external-secrets.io", "PushSecret") | ("bitnami.com", "SealedSecret") => &[&["spec", "template", "data"]],
        // The provider for tests, whose values stand in it: `key` and `value`.
        ("external-secrets.io", "SecretStore" | "ClusterSecretStore") => &[&["spec", "provider", "fake", "data"]],
        ("generators.external-secrets.io", "Fake") => &[&["spec", "data"]],
        ("isindir.github.com", "SopsSecret") => {
            &[&["spec", "secretTemplates", "*", "stringData"], &["spec", "secretTemplates", "*", "data"]]
        }
        _ => &[],
    }
}
