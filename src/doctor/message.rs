//! The objects that the messages of controllers name.
//!
//! Forms: `timeout waiting for: [Kind/namespace/name status: 'InProgress', …]` and `failed early due to stalled
//! resources: [Kind/namespace/name status: 'Failed']` of kustomize-controller (the list comes from cli-utils),
//! `dependency 'namespace/name' is not ready`, `Kind/namespace/name dry-run failed (Reason): …`, and of helm
//! `resource Kind/namespace/name not ready. status: InProgress, …`.

use std::collections::HashSet;

use crate::model::ObjectRef;

/// Finds the objects that a message names as `Kind/namespace/name`; each once, in their order.
pub(crate) fn objects(message: &str) -> Vec<ObjectRef> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '-' | '.' | '_' | ':');
    for word in message.split(|letter: char| !is_part(letter)) {
        let Some(object) = object(word.trim_end_matches(['.', ':'])) else { continue };
        if seen.insert(object.clone()) {
            found.push(object);
        }
    }
    found
}

/// Kinds of cluster scope that controllers wait for or are refused.
const WITHOUT_NAMESPACE: &[&str] = &[
    "Namespace",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterIssuer",
    "StorageClass",
    "PersistentVolume",
    "IngressClass",
    "PriorityClass",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

/// Reads one `Kind/namespace/name`, or `Kind/name` of cluster scope; a path or an address is none.
fn object(word: &str) -> Option<ObjectRef> {
    let mut parts = word.split('/');
    let (kind, second, third) = (parts.next()?, parts.next()?, parts.next());
    // What has no namespace is named without one.
    let (namespace, name) = match third {
        Some(name) => (second, name),
        None if WITHOUT_NAMESPACE.contains(&kind) => ("", second),
        None => return None,
    };
    let is_kind = kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(|letter| letter.is_ascii_alphanumeric())
        && kind.bytes().any(|letter| letter.is_ascii_lowercase());
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase() || b"0123456789-.:".contains(&letter))
    };
    (parts.next().is_none() && is_kind && (namespace.is_empty() || is_name(namespace)) && is_name(name))
        .then(|| ObjectRef::bare(kind, namespace, name))
}

/// Returns the text between two others, the first one that there is.
pub(crate) fn between<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(before)?;
    rest.split_once(after).map(|(between, _)| between)
}

/// Cuts a text for a sentence: its first line, at most 240 characters.
pub(crate) fn short(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(240) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{between, objects, short};

    #[test]
    fn objects_of_messages_are_found_and_paths_are_none() {
        let told = |message: &str| objects(message).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            told(
                "health check failed after 5m0s: timeout waiting for: [Certificate/cert-manager/wildcard status: 'InProgress', Deployment/apps/web status: 'InProgress']"
            ),
            ["Certificate/cert-manager/wildcard", "Deployment/apps/web"]
        );
        assert_eq!(told("Deployment/web/a dry-run failed (Invalid): x: field is immutable"), ["Deployment/web/a"]);
        assert_eq!(
            told("resource Deployment/web/a not ready. status: InProgress, message: Available: 0/1"),
            ["Deployment/web/a"]
        );
        assert_eq!(told("stat apps/base/web: https://example.org/A/b/c.git no such file"), Vec::<String>::new());
    }

    #[test]
    fn texts_are_cut() {
        assert_eq!(between("secrets \"sops-age\" not found", "secrets \"", "\""), Some("sops-age"));
        assert_eq!(between("nothing", "\"", "\""), None);
        assert_eq!(short("\n one\ntwo"), "one");
        assert_eq!(short(&"é".repeat(300)).chars().count(), 241);
    }
}
