//! Values that must not be shown: those of Secrets, and of variables that come from one.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cluster::mask::is_secret;
use crate::model::ObjectRef;
use crate::yaml::manifest::{BLOCKS, COPIES};

/// The shortest value that is searched for in other texts: a shorter one occurs in many by chance.
const SHORTEST: usize = 6;

/// The words in place of a value: where it is the same in both forms, or stands in the first; where it differs; where
/// only the second form has it.
const SAME: &str = "(masked)";
const CHANGED: &str = "(masked, changed)";
const ADDED: &str = "(masked, added)";

/// Knows which values of an object are hidden.
pub(super) struct Veil {
    is_secret: bool,
    values: Vec<Zeroizing<String>>,
    pointers: Vec<String>,
}

impl Veil {
    /// Knows the values of an object in all of its forms, `more` of variables that went into it, and the fields that they
    /// went into.
    pub(super) fn new(object: &ObjectRef, forms: &[&Value], more: &[Zeroizing<String>], pointers: &[String]) -> Self {
        let mut values: Vec<Zeroizing<String>> = more.to_vec();
        let is_secret = is_secret(object);
        if is_secret {
            let blocks = forms.iter().flat_map(|form| BLOCKS.iter().filter_map(|block| form.get(block)?.as_object()));
            for text in blocks.flat_map(|block| block.values()).filter_map(Value::as_str) {
                let plain = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                values.extend(plain.map(Zeroizing::new));
                values.push(Zeroizing::new(text.to_owned()));
            }
        }
        values.retain(|value| value.len() >= SHORTEST);
        Self { is_secret, values, pointers: pointers.to_vec() }
    }

    /// Tells whether the value of a field is hidden.
    pub(super) fn hides(&self, pointer: &str, value: &Value) -> bool {
        let is_below =
            |outer: &str| pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_copy = || COPIES.iter().any(|copy| pointer == super::fields::below("/metadata/annotations", copy));
        self.is_secret && (is_below("/data") || is_below("/stringData") || is_copy())
            || self.pointers.iter().any(|own| is_below(own))
            || self.holds(value)
    }

    /// Tells whether a value holds a hidden one.
    fn holds(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.values.iter().any(|hidden| text.contains(hidden.as_str())),
            Value::Array(items) => items.iter().any(|item| self.holds(item)),
            Value::Object(fields) => fields
                .iter()
                .any(|(key, item)| self.values.iter().any(|hidden| key.contains(hidden.as_str())) || self.holds(item)),
            _ => false,
        }
    }

    /// Returns a value of a field for display.
    pub(super) fn shown(&self, pointer: &str, value: &Value) -> Value {
        if self.hides(pointer, value) {
            return match value {
                // The keys of a Secret are shown.
                Value::Object(fields) if self.is_secret && (pointer == "/data" || pointer == "/stringData") => {
                    fields.keys().map(|key| (key.clone(), Value::from(SAME))).collect()
                }
                _ => Value::from(SAME),
            };
        }
        value.clone()
    }

    /// Replaces the hidden values in two forms, so that their difference still shows which of them differ.
    pub(super) fn cover(&self, old: Option<&mut Value>, new: Option<&mut Value>) {
        self.cover_at("", old, new);
    }

    fn cover_at(&self, pointer: &str, old: Option<&mut Value>, new: Option<&mut Value>) {
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                let keys: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
                for key in keys {
                    self.cover_at(&super::fields::below(pointer, &key), old.get_mut(&key), new.get_mut(&key));
                }
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) => {
                for index in 0..old.len().max(new.len()) {
                    let place = super::fields::below(pointer, &index.to_string());
                    self.cover_at(&place, old.get_mut(index), new.get_mut(index));
                }
            }
            (Some(old), Some(new)) if is_one(old) && is_one(new) => {
                if !self.hides(pointer, old) && !self.hides(pointer, new) {
                    return;
                }
                let word = if *old == *new { SAME } else { CHANGED };
                (*old, *new) = (SAME.into(), word.into());
            }
            (old, new) => {
                for (form, word) in [(old, SAME), (new, ADDED)] {
                    if let Some(form) = form {
                        self.cover_alone(pointer, form, word);
                    }
                }
            }
        }
    }

    fn cover_alone(&self, pointer: &str, value: &mut Value, word: &str) {
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    self.cover_alone(&super::fields::below(pointer, key), inner, word);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter_mut().enumerate() {
                    self.cover_alone(&super::fields::below(pointer, &index.to_string()), inner, word);
                }
            }
            one if self.hides(pointer, one) => *one = word.into(),
            _ => {}
        }
    }
}

fn is_one(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    use super::Veil;
    use crate::difference::fields::unified;
    use crate::model::ObjectRef;

    #[test]
    fn a_secret_shows_which_keys_differ_and_no_value() {
        let object = ObjectRef::new("Secret", "", "web", "login");
        let mut old =
            json!({"kind": "Secret", "data": {"same": "aHVudGVyMg==", "other": "b2xkLW9uZQ==", "gone": "Z29uZS0x"}});
        let mut new = json!({
            "kind": "Secret", "metadata": {"annotations": {"copy": "is hunter2"}},
            "data": {"same": "aHVudGVyMg==", "other": "bmV3LW9uZQ==", "more": "bW9yZS0xMg=="}
        });
        let veil = Veil::new(&object, &[&old, &new], &[], &[]);
        assert_eq!(veil.shown("/data", &old["data"])["same"], "(masked)");
        veil.cover(Some(&mut old), Some(&mut new));
        let text = unified(Some(&old), Some(&new));
        for line in
            ["-  other: (masked)", "+  other: (masked, changed)", "+  more: (masked, added)", "-  gone: (masked)"]
        {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
        for secret in ["hunter2", "aHVudGVyMg", "b2xk", "bmV3", "Z29uZS0x", "bW9yZS0xMg"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains(" same: (masked)\n") && text.contains("+    copy: (masked, added)"), "{text}");
    }

    #[test]
    fn what_a_variable_of_a_secret_went_into_is_hidden() {
        let object = ObjectRef::new("ConfigMap", "", "web", "app");
        let value = json!({"data": {"url": "postgres://a:hunter2@db", "pin": "12", "open": "x"}});
        let veil = Veil::new(&object, &[&value], &[Zeroizing::new("hunter2".to_owned())], &["/data/pin".to_owned()]);
        let mut shown = value.clone();
        veil.cover(None, Some(&mut shown));
        assert_eq!(shown["data"], json!({"url": "(masked, added)", "pin": "(masked, added)", "open": "x"}));
        assert_eq!(veil.shown("/data/url", &value["data"]["url"]), Value::from("(masked)"));
    }
}
