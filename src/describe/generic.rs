//! Kinds without a form of their own: every field with its name in words, one below the other.

use serde_json::Value;

use super::writer::{Writer, marks, plain};

/// Writes every field but those shown elsewhere or of no use to a reader.
pub(super) fn fields(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    for (key, part) in value.as_object().into_iter().flatten() {
        match key.as_str() {
            "metadata" => {
                writer.heading("Metadata");
                writer.block(|writer| {
                    let left_out = ["name", "namespace", "labels", "annotations", "managedFields"];
                    for (key, part) in part.as_object().into_iter().flatten() {
                        if !left_out.contains(&key.as_str()) {
                            field(&title_case(key), part, writer);
                        }
                    }
                });
            }
            "apiVersion" => writer.field("API Version", plain(part)),
            _ => field(&title_case(key), part, writer),
        }
    }
}

/// Writes a field; maps and lists of maps as blocks.
pub(super) fn field(label: &str, value: &Value, writer: &mut Writer) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            writer.heading(label);
            writer.block(|writer| {
                for (key, part) in map {
                    field(&title_case(key), part, writer);
                }
            });
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            writer.heading(label);
            writer.block(|writer| {
                for (index, part) in list.iter().enumerate() {
                    match part {
                        Value::Object(map) => {
                            if index > 0 {
                                writer.text("-");
                            }
                            for (key, part) in map {
                                field(&title_case(key), part, writer);
                            }
                        }
                        other => writer.text(plain(other)),
                    }
                }
            });
        }
        Value::Array(list) if !list.is_empty() => {
            writer.heading(label);
            writer.block(|writer| list.iter().for_each(|part| writer.text(plain(part))));
        }
        Value::String(text) if text.contains('\n') => {
            writer.heading(label);
            writer.block(|writer| text.lines().for_each(|line| writer.text(line)));
        }
        other => writer.field(label, plain(other)),
    }
}

/// Writes a key in words: `dependsOn` as `Depends On`; any other text, such as a label's key, unchanged.
fn title_case(key: &str) -> String {
    if !key.chars().all(|character| character.is_ascii_alphanumeric()) {
        return key.to_owned();
    }
    let mut words = String::new();
    let mut before = ' ';
    for character in key.chars() {
        if words.is_empty() {
            words.push(character.to_ascii_uppercase());
        } else {
            if character.is_ascii_uppercase() && !before.is_ascii_uppercase() {
                words.push(' ');
            }
            words.push(character);
        }
        before = character;
    }
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_become_words() {
        assert_eq!(super::title_case("dependsOn"), "Depends On");
        assert_eq!(super::title_case("podIPs"), "Pod IPs");
        assert_eq!(super::title_case("app.kubernetes.io/name"), "app.kubernetes.io/name");
    }
}
