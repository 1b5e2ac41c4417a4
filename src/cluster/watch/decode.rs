//! Objects from the server, decoded to rows: an undecodable one becomes a row with the error, and never breaks a list.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::request::without_nulls;
use crate::model::{Kind, Labels, Row, RowKey, State};

#[derive(Deserialize)]
struct Nameable {
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    kind: String,
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
    #[serde(default, deserialize_with = "crate::model::clock::lenient")]
    creation_timestamp: Option<Timestamp>,
}

/// Decodes an object; `None` when it has no name.
pub(super) fn row(kind: &Kind, object: &str) -> Option<Row> {
    let error = match another(kind, object) {
        Some(sent) => format!("it is `{sent}`"),
        None => match (kind.decode)(object.as_bytes()) {
            Ok(row) => return Some(row),
            Err(error) => match without_nulls(object.as_bytes()).and_then(|object| (kind.decode)(&object).ok()) {
                Some(row) => return Some(row),
                None => error.to_string(),
            },
        },
    };
    let Nameable { metadata } = serde_json::from_str(object).ok()?;
    Some(Row {
        key: RowKey { namespace: metadata.namespace, name: metadata.name },
        state: State::Unknown,
        message: format!("this {} cannot be read: {error}", kind.kind).into(),
        created: metadata.creation_timestamp,
        cells: kind.columns.iter().map(|_| Box::default()).collect(),
        note: None,
        labels: Labels::default(),
        since: None,
        flux: None,
    })
}

/// Returns the kind of an object, where it is not the requested one. Custom resources name their kind in lists too;
/// built-in kinds do not, and they are read by the ten thousand, so they are not searched for it.
fn another(kind: &Kind, object: &str) -> Option<String> {
    let head: Head = if kind.flux { serde_json::from_str(object).ok()? } else { return None };
    let group = crate::model::api_group(&head.api_version);
    let same = head.kind.is_empty() || (head.kind == kind.kind && group == kind.group);
    (!same).then(|| format!("{} of {}", head.kind, head.api_version).chars().take(120).collect())
}

/// Reads the key of a deleted object.
pub(super) fn key(object: &str) -> Option<RowKey> {
    let Nameable { metadata } = serde_json::from_str(object).ok()?;
    Some(RowKey { namespace: metadata.namespace, name: metadata.name })
}

#[cfg(test)]
mod tests {
    use crate::kinds::KUSTOMIZATION;
    use crate::model::State;

    #[test]
    fn an_object_of_another_kind_is_a_row_that_says_so() {
        let object = |kind: &str, version: &str| {
            format!(
                r#"{{"kind":"{kind}","apiVersion":"{version}","metadata":{{"name":"a","namespace":"n"}},"spec":{{}}}}"#
            )
        };
        let lie = super::row(KUSTOMIZATION, &object("Secret", "v1")).unwrap();
        assert_eq!(
            (lie.state, &*lie.message),
            (State::Unknown, "this Kustomization cannot be read: it is `Secret of v1`")
        );
        let namesake = super::row(KUSTOMIZATION, &object("Kustomization", "kustomize.config.k8s.io/v1")).unwrap();
        assert!(namesake.message.contains("kustomize.config.k8s.io"), "{}", namesake.message);
        let right = super::row(KUSTOMIZATION, &object("Kustomization", "kustomize.toolkit.fluxcd.io/v1")).unwrap();
        assert!(!right.message.contains("cannot be read"), "{}", right.message);
    }
}
