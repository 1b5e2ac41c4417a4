//! The rules, one file each; those about secrets beside this file, the others below.

pub(super) mod closed;
pub(super) mod conflict;
pub(super) mod databases;
pub(super) mod decryption;
pub(super) mod documents;
pub(super) mod flux;
pub(super) mod helm;
pub(super) mod kustomize;
pub(super) mod mac;
pub(super) mod monitors;
pub(super) mod new_reader;
pub(super) mod plain_secret;
pub(super) mod plain_source;
pub(super) mod private_key;
pub(super) mod recipients;
pub(super) mod references;
pub(super) mod secret_data;
pub(super) mod sops_config;
pub(super) mod sops_edit;
pub(super) mod sops_scope;
pub(super) mod sops_unused;
pub(super) mod unencrypted;
pub(super) mod unread;
pub(super) mod unreadable;
pub(super) mod value_types;
pub(super) mod workloads;
pub(super) mod yaml;

use crate::model::ObjectRef;
use crate::sops::DocumentHead;
use crate::yaml::Value;

/// Names the object of a document that is not encrypted.
fn object(document: &Value) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata = document.get("metadata");
    let name = text(metadata.and_then(|metadata| metadata.get("name")));
    let namespace = text(metadata.and_then(|metadata| metadata.get("namespace")));
    let kind = text(document.get("kind"));
    (!kind.is_empty() && !name.is_empty()).then(|| ObjectRef::bare(&kind, &namespace, &name).to_string())
}

/// Names the object of a document of an encrypted file.
fn head_object(head: &DocumentHead) -> Option<String> {
    let (kind, name) = (head.kind.as_deref()?, head.name.as_deref()?);
    Some(ObjectRef::bare(kind, head.namespace.as_deref().unwrap_or_default(), name).to_string())
}
