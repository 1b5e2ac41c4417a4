//! Secrets, and files that could hide one, such as unreadable ones. The settings of a repository silence none of these
//! rules. One file a rule.

use crate::check::Rule;
use crate::model::ObjectRef;
use crate::sops::DocumentHead;
use crate::yaml::Value;

pub(in crate::check) mod encrypted;

rules! {
    plain_secret,
    plain_source,
    plain_variable,
    private_key,
    unreadable,
    unread,
    recipients,
    new_reader,
    unencrypted,
    sops_scope,
    mac,
    value_types,
    secret_data,
    decryption,
    sops_config,
    sops_edit,
    conflict,
}

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
