//! Values that must not be shown: those of Secrets, and of variables that come from one.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cluster::mask::is_secret;
use crate::model::ObjectRef;
use crate::render::masked;
use crate::yaml::manifest::{BLOCKS, COPIES};

/// The shortest value that is searched for in other texts: a shorter one occurs in many by chance.
pub(super) const SHORTEST: usize = 6;

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
        let mut values: Vec<Zeroizing<String>> = Vec::new();
        for value in more {
            values.push(value.clone());
            // Flux puts them in on one line.
            values.push(Zeroizing::new(value.replace('\n', "")));
            values.push(Zeroizing::new(STANDARD.encode(value.as_bytes())));
        }
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
        let mut pointers = pointers.to_vec();
        // What must stay secret wherever it stands, such as a password among the values of a chart.
        for form in forms.iter().filter(|_| !is_secret) {
            differing(form, &masked(form), "", &mut pointers);
        }
        Self { is_secret, values, pointers }
    }

    /// Tells whether the value of a field is hidden.
    pub(super) fn hides(&self, pointer: &str, value: &Value) -> bool {
        let is_below =
            |outer: &str| pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_copy = || COPIES.iter().any(|copy| pointer == super::fields::below("/metadata/annotations", copy));
        self.is_secret && (is_below("/data") || is_below("/stringData"))
            || is_copy()
            || self.pointers.iter().any(|own| is_below(own))
            || self.holds(value)
    }

    /// Tells whether a value holds a hidden one.
    fn holds(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_in(text),
            Value::Array(items) => items.iter().any(|item| self.holds(item)),
            Value::Object(fields) => fields.iter().any(|(key, item)| self.is_in(key) || self.holds(item)),
            _ => false,
        }
    }

    /// Tells whether a hidden value is part of a text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.values.iter().any(|hidden| text.contains(hidden.as_str()))
    }

    /// Returns a value of a field for display.
    pub(super) fn shown(&self, pointer: &str, value: &Value) -> Value {
        let mut shown = value.clone();
        // The keys of a map are shown, as those of a Secret.
        self.cover_alone(pointer, &mut shown, SAME);
        self.cover_keys(&mut shown);
        shown
    }

    /// Returns a message about the object for display: without what may be a hidden value.
    pub(super) fn told(&self, message: &str) -> String {
        let may_quote = self.is_secret || !self.pointers.is_empty();
        let quotes = message.split_once("Invalid value").filter(|_| may_quote);
        let Some((before, behind)) = quotes.or_else(|| self.is_in(message).then_some(("", message))) else {
            return message.to_owned();
        };
        let before = if self.is_in(before) { "" } else { before };
        let fixed = if behind.contains("field is immutable") { ", and the field is immutable" } else { "" };
        format!("{before}a value is refused{fixed}; it is secret, so neither is shown")
    }

    /// Replaces the hidden values in two forms, so that their difference still shows which of them differ.
    pub(super) fn cover(&self, mut old: Option<&mut Value>, mut new: Option<&mut Value>) {
        self.cover_at("", old.as_deref_mut(), new.as_deref_mut());
        [old, new].into_iter().flatten().for_each(|form| self.cover_keys(form));
    }

    /// Replaces the keys that hold a hidden value.
    fn cover_keys(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.cover_keys(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|item| self.cover_keys(item));
                if fields.keys().any(|key| self.is_in(key)) {
                    let own = std::mem::take(fields);
                    for (number, (key, item)) in own.into_iter().enumerate() {
                        fields.insert(if self.is_in(&key) { format!("{SAME} {number}") } else { key }, item);
                    }
                }
            }
            _ => {}
        }
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

/// Collects the places at which two forms of an object differ in a single value.
fn differing(one: &Value, other: &Value, pointer: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                let place = super::fields::below(pointer, key);
                differing(value, other.get(key).unwrap_or(&Value::Null), &place, found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for (index, value) in one.iter().enumerate() {
                let place = super::fields::below(pointer, &index.to_string());
                differing(value, other.get(index).unwrap_or(&Value::Null), &place, found);
            }
        }
        (one, other) if one != other => found.push(pointer.to_owned()),
        _ => {}
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

    #[test]
    fn what_is_secret_by_itself_is_hidden_wherever_it_stands() {
        let object = ObjectRef::new("HelmRelease", "helm.toolkit.fluxcd.io", "web", "app");
        let release = |password: &str, replicas: u32| {
            json!({
                "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                "metadata": {"name": "app", "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"adminPassword\":\"{password}\"}}")
                }},
                "spec": {"values": {"auth": {"adminPassword": password, "user": "someone"}, "replicas": replicas}},
            })
        };
        let (mut old, mut new) = (release("hunter2-before", 1), release("hunter2-behind", 2));
        let veil = Veil::new(&object, &[&old, &new], &[], &[]);
        let shown = veil.shown("/spec/values/auth", &new["spec"]["values"]["auth"]);
        assert_eq!(shown, json!({"adminPassword": "(masked)", "user": "someone"}));
        veil.cover(Some(&mut old), Some(&mut new));
        let text = unified(Some(&old), Some(&new));
        assert!(
            text.contains("+      adminPassword: (masked, changed)") && text.contains("+    replicas: 2"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_hidden_value_is_hidden_in_base64_in_keys_and_in_messages() {
        let object = ObjectRef::new("ConfigMap", "", "web", "app");
        let hidden = [Zeroizing::new("hunter2\nsecond".to_owned())];
        let mut form =
            json!({"data": {"a": "aHVudGVyMgpzZWNvbmQ=", "b": "x hunter2second", "hunter2second": "c", "open": "y"}});
        let veil = Veil::new(&object, &[&form], &hidden, &[]);
        veil.cover(None, Some(&mut form));
        let data = json!({"a": "(masked, added)", "b": "(masked, added)", "(masked) 2": "c", "open": "y"});
        assert_eq!(form["data"], data);
        let invalid = "data: Invalid value: \"hunter2second\": no";
        assert!(!veil.told(invalid).contains("hunter2") && veil.told("no such thing") == "no such thing");
        let pin = Veil::new(&object, &[], &[Zeroizing::new("12".to_owned())], &["/data/pin".to_owned()]);
        assert!(!pin.told("data: Invalid value: \"12\"").contains("12"));
    }
}
