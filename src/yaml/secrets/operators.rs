//! Secrets that operators create from the content of their own objects: the places of the values, and those of them
//! that must stay secret.
//!
//! Most of the content is public: hosts, names, and templates into which the operator inserts the values of a store. So
//! only a value that marks itself as secret counts.

/// Returns the paths to the values in the objects of a kind; `*` stands for each item of a list.
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
        // The provider for tests holds its values itself: `key` and `value`.
        ("external-secrets.io", "SecretStore" | "ClusterSecretStore") => &[&["spec", "provider", "fake", "data"]],
        ("generators.external-secrets.io", "Fake") => &[&["spec", "data"]],
        ("isindir.github.com", "SopsSecret") => {
            &[&["spec", "secretTemplates", "*", "stringData"], &["spec", "secretTemplates", "*", "data"]]
        }
        _ => &[],
    }
}
