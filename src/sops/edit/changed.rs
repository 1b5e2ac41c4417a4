//! The values that encryption would change: sops keeps a value by its type, so that `0755` comes back as `493`, `1.10`
//! as `1.1`, and a day as a time.

use super::create::NewFile;
use super::keep::Keep;
use super::seal::Plan;
use crate::sops::exposed::Secrets;
use crate::sops::format::Format;
use crate::sops::parsed::{Leaf, Style};
use crate::sops::rules::Rule;
use crate::sops::value::ValueType;

/// Names the first value of a plain text that encryption would change, with its line, never the value itself.
///
/// In a Secret every letter counts, since its readers take the value as text; elsewhere a number may be written
/// differently, but a time that is a text to Kubernetes would become another text.
pub fn changed_by_sealing(format: Format, text: &str, file: &NewFile) -> Option<String> {
    let (kind, expression) = file.rule();
    changed(format, text, &Rule::compile(Some((kind, expression.as_str()))).ok()?)
}

/// Does the same with the rule of a file.
pub(in crate::sops) fn changed(format: Format, text: &str, rule: &Rule) -> Option<String> {
    if format != Format::Yaml {
        // JSON has one way to write a value, and the other formats have only text.
        return None;
    }
    // Encryption itself reports an unreadable text, or one that cannot be encrypted.
    let parsed = format.read(text).ok()?;
    let plan = Plan::new(&parsed, rule, &Keep::default());
    let secrets = Secrets::find(&parsed);
    let changes = |leaf: &&Leaf| {
        let written = text.get(leaf.span.clone()).unwrap_or_default().trim();
        let counts = match leaf.value.kind {
            ValueType::Time => true,
            ValueType::Integer | ValueType::Float | ValueType::Boolean => secrets.holds(leaf),
            _ => false,
        };
        counts && leaf.style == Style::Plain && written != leaf.value.display().expose()
    };
    let leaf = plan.reached(&parsed).find(changes)?;
    let what = match leaf.value.kind {
        ValueType::Time => "a time, which sops writes out to the second",
        ValueType::Boolean => "a truth value in another spelling",
        _ => "a number, of which sops keeps the value and not how it is written",
    };
    Some(format!("line {}: {} is {what}", leaf.line, leaf.path))
}

#[cfg(test)]
mod tests {
    use super::changed_by_sealing;
    use crate::sops::{Format, NewFile};

    #[test]
    fn what_would_come_back_as_another_value_is_named_and_nothing_else() {
        let rule = NewFile::for_recipients(&["age1a".to_owned()], "^(data|stringData)$");
        let of = |value: &str| {
            changed_by_sealing(Format::Yaml, &format!("kind: Secret\nstringData:\n  a: {value}\n"), &rule)
        };
        for value in ["1.10", "0755", "1_000", "0x1F", "1e3", "2020-01-01", "True", "123456789012345678901"] {
            let said = of(value).unwrap();
            assert!(said.starts_with("line 3: stringData.a is ") && !said.contains(value), "{said}");
        }
        for value in [
            "1.1",
            "755",
            "true",
            "yes",
            "'1.10'",
            "\"0755\"",
            "text",
            "2020-01-01T00:00:00Z",
            "",
            "null",
            "|\n    1.10",
        ] {
            assert_eq!(of(value), None, "{value}");
        }
        let elsewhere = |text: &str| changed_by_sealing(Format::Yaml, text, &rule);
        assert_eq!(elsewhere("kind: ConfigMap\ndata:\n  mode: 0755\n"), None);
        assert!(elsewhere("kind: ConfigMap\ndata:\n  day: 2020-01-01\n").is_some());
        assert_eq!(elsewhere("kind: Secret\nmetadata:\n  day: 2020-01-01\nstringData:\n  a: b\n"), None);
    }
}
