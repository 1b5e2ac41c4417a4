//! `ConfigMap` and Secret.

use serde_json::Value;

use super::writer::{Writer, at, marks, plain};

/// Describes a `ConfigMap`: its keys with their texts.
pub(super) fn config_map(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.heading("Data");
    for (key, text) in value.pointer("/data").and_then(Value::as_object).into_iter().flatten() {
        writer.text("====");
        writer.heading(key);
        writer.text("----");
        plain(text).lines().for_each(|line| writer.text(line));
    }
    let binary = value.pointer("/binaryData").and_then(Value::as_object);
    for (key, text) in binary.into_iter().flatten() {
        writer.text("====");
        writer.field(key, format!("{} characters of base64", plain(text).len()));
    }
}

/// Describes a Secret: its keys with their lengths, never a value.
pub(super) fn secret(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.field("Type", at(value, "/type"));
    writer.heading("Data");
    writer.text("====");
    for (key, text) in value.pointer("/data").and_then(Value::as_object).into_iter().flatten() {
        // Only the text of the cluster's mask is repeated: anything else might be a value.
        let length =
            text.as_str().and_then(|text| text.strip_prefix("(masked, ")).and_then(|text| text.strip_suffix(')'));
        writer.field(key, length.unwrap_or("(masked)"));
    }
}
