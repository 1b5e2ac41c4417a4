//! Substitution of variables as Flux does it after the build (`spec.postBuild`): in the YAML text of each object, which
//! is then parsed again. So a variable can bring numbers, quotes, lists and mappings, and is substituted in keys and
//! names as well.

use std::collections::BTreeMap;

use serde_json::Value;

use super::envsubst::{Expansion, Known, Refused, Unset, expand};
use super::object::at;
use crate::yaml::sigs;

/// The label or annotation that keeps an object from substitution when it is `disabled`.
pub const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// The most shown letters of a line.
const LONGEST: usize = 80;

/// Variables by name; one without a value is defined in an unreadable place, such as an encrypted Secret.
pub(super) type Named = BTreeMap<String, Option<String>>;

/// Holds the known variables.
#[derive(Debug, Default)]
pub(super) struct Variables {
    named: Named,
    /// Whether there may be others, or other values.
    is_open: bool,
    /// Whether an optional object may define others.
    may_be_more: bool,
}

impl Variables {
    /// Adds variables, which take precedence over the present ones.
    pub(super) fn extend(&mut self, named: Named) {
        self.named.extend(named);
    }

    /// Sets one.
    #[cfg(test)]
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.named.insert(name.to_owned(), Some(value));
    }

    /// Notes an unknown source at this point: it may define any variable, and redefine those before it.
    pub(super) fn may_be_others(&mut self) {
        self.is_open = true;
        self.named.values_mut().for_each(|value| *value = None);
    }

    /// Notes an optional source that is not in the repository: the cluster may have it.
    pub(super) fn may_be_more(&mut self) {
        self.may_be_more = true;
    }

    /// Tells whether such an optional source may define others.
    pub(super) fn has_perhaps_more(&self) -> bool {
        self.may_be_more
    }

    /// Tells whether there is no known variable: then Flux substitutes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.is_open
    }

    /// Returns the value of a variable, if it is known.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.named.get(name)?.as_deref()
    }

    /// Iterates over the variables with known values.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }

    /// Describes a variable.
    pub(super) fn known(&self, name: &str) -> Known<'_> {
        match self.named.get(name) {
            Some(Some(value)) => Known::Value(value),
            Some(None) => Known::Hidden,
            None if self.is_open => Known::Hidden,
            None if self.may_be_more => Known::Perhaps,
            None => Known::Missing,
        }
    }
}

/// Tells whether Flux accepts a name of a variable (`varsubRegex`); an invalid one fails its whole Kustomization.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Tells whether an object disables substitution.
pub(super) fn is_disabled(body: &Value) -> bool {
    ["labels", "annotations"]
        .iter()
        .any(|field| at(body, &format!("/metadata/{field}")).get(SWITCH).is_some_and(|own| own == "disabled"))
}

/// Reports the result of a substitution.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Substituted {
    /// The undefined variables without a default: Flux replaces them by nothing, or refuses them if it is strict.
    pub(super) unset: Vec<Unset>,
    /// Whether the object is a guess: with the unknown values it is YAML, and without them it is not.
    pub(super) is_guess: bool,
    /// Whether forms of unknown variables are left.
    pub(super) is_partial: bool,
}

/// Substitutes in an object. A form with an unknown value is left as it is.
///
/// # Errors
/// Names the form that Flux refuses, or the part that is no YAML afterwards.
pub(super) fn substitute(body: &mut Value, variables: &Variables) -> Result<Substituted, Refused> {
    if !mentions(body) {
        round(body);
        return Ok(Substituted::default());
    }
    let mut is_guess = false;
    let text = sigs::write(body);
    let expansion = expand(&text, &|name| variables.known(name))?;
    if expansion.text != text {
        let read = sigs::read(&expansion.text);
        match read {
            Ok(read @ Value::Object(_)) => *body = read,
            // An unknown value may be the quote that makes it YAML; its default may be it, too.
            Ok(_) | Err(_) if expansion.is_partial => {
                is_guess = true;
                let unhidden = |name: &str| match variables.known(name) {
                    Known::Hidden | Known::Perhaps => Known::Missing,
                    known => known,
                };
                let by_default = expand(&text, &unhidden).ok().and_then(|guess| sigs::read(&guess.text).ok());
                if let Some(read @ Value::Object(_)) = by_default {
                    *body = read;
                }
            }
            Ok(_) => return Err(broken(&expansion, Some(1))),
            Err(unread) => return Err(broken(&expansion, unread.line)),
        }
    }
    round(body);
    Ok(Substituted { unset: expansion.unset, is_guess, is_partial: expansion.is_partial })
}

/// Holds the variables of a Kustomization once those of Secrets are known, too. Its `Debug` prints no value.
#[derive(Default)]
pub struct Fillings(Variables);

impl Fillings {
    /// Adds the variables of the next source, which take precedence over those before.
    pub fn add<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let named = values.into_iter().map(|(name, value)| (name.to_owned(), Some(value.replace('\n', ""))));
        self.0.extend(named.collect());
    }

    /// Notes a next source that is not known: it may define any variable.
    pub fn add_unknown(&mut self) {
        self.0.may_be_others();
    }

    /// Notes a next source that may be missing, and is not known.
    pub fn add_optional(&mut self) {
        self.0.may_be_more();
    }

    /// Tells whether there is no variable: then Flux substitutes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Fillings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fillings")
    }
}

/// Substitutes in an object from which the build had put nothing in yet; returns whether forms are left, because their
/// variables are still unknown.
///
/// # Errors
/// Names the form that Flux refuses; never a value.
pub fn fill(body: &mut Value, variables: &Fillings) -> Result<bool, String> {
    match substitute(body, &variables.0) {
        Ok(done) => Ok(done.is_partial),
        // The reason may quote a line with a value.
        Err(refused) => Err(refused.form),
    }
}

/// Rounds numbers as JSON in Go does: long ones lose their last digits.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let exact = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            let digits =
                number.as_f64().filter(|_| exact.is_some_and(|exact| exact > 1 << 53)).map(|float| format!("{float}"));
            if let Some(rounded) = digits.and_then(|digits| digits.parse().ok()) {
                *number = rounded;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

/// Tells whether an object has anything to expand, so that it is not written and parsed for nothing.
pub(super) fn mentions(value: &Value) -> bool {
    let is_form = |text: &str| text.contains("${") || text.contains("$$");
    match value {
        Value::String(text) => is_form(text),
        Value::Array(items) => items.iter().any(mentions),
        Value::Object(fields) => fields.iter().any(|(key, value)| is_form(key) || mentions(value)),
        _ => false,
    }
}

/// Returns the error for invalid YAML, with the form before that place.
fn broken(expansion: &Expansion, line: Option<usize>) -> Refused {
    let line = line.unwrap_or_default().max(1);
    let row = expansion.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
    // An error of a line may come from a substitution above.
    let end: usize = expansion.text.split_inclusive('\n').take(line).map(str::len).sum();
    let form = expansion.places.iter().rev().find(|(at, _)| *at <= end).or(expansion.places.first());
    let shown: String = row.chars().take(LONGEST).collect();
    Refused {
        form: form.map(|(_, form)| form.clone()).unwrap_or_default(),
        why: format!("the line becomes `{shown}`, and the object no YAML (YAMLToJSON)"),
        by_value: true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Substituted, Variables, is_disabled, is_name, substitute};

    #[test]
    fn what_is_not_known_may_be_what_makes_it_yaml() {
        let mut open = Variables::default();
        open.may_be_others();
        let mut body = json!({"kind": "A", "list": "${q:='}[ {a: b} ]${q:='}"});
        assert!(!substitute(&mut body, &open).unwrap().is_guess);
        assert_eq!(body["list"].as_str().map(|text| text.contains("{a: b}")), Some(true), "{body}");
        // A form within brackets is no YAML; without its value they are empty.
        for (name, value) in [("open", "["), ("close", "]")] {
            open.set(name, value.to_owned());
        }
        let mut body = json!({"kind": "A", "list": "${open}${q}${close}"});
        assert!(substitute(&mut body, &open).unwrap().is_guess);
        assert_eq!(body["list"], json!([]));
    }

    #[test]
    fn an_escaped_form_hides_no_failure() {
        let mut known = Variables::default();
        known.set("MAP", "{a: b}".to_owned());
        let mut body = json!({"kind": "ConfigMap", "data": {"a": "${MAP:0:1}", "b": "$${NL}"}});
        let refused = substitute(&mut body, &known).unwrap_err();
        assert!(refused.why.contains("YAMLToJSON"), "{refused:?}");
    }

    fn variables() -> Variables {
        let mut variables = Variables::default();
        for (name, value) in [
            ("domain", "example.org"),
            ("empty", ""),
            ("app", "web"),
            ("quote", "\""),
            ("list", "[a, {b: 1}]"),
            ("none", "null"),
            ("mode", "0755"),
            ("on", "on"),
            ("text", "\"12\""),
            ("colon", "a: b"),
        ] {
            variables.set(name, value.to_owned());
        }
        variables
    }

    #[test]
    fn what_is_put_in_is_read_again_as_yaml() {
        let mut body = json!({
            "metadata": {"name": "${app}-rules", "annotations": {"dns.${domain}/target": "a"}},
            "data": {
                "${app}.yaml": "x", "a": "${mode}", "b": "${on}", "c": "${text}", "d": "${list}", "e": "${none}",
                "f": "${quote}${mode}${quote}", "g": "v${mode}", "h": "${empty}", "i": "x\n${colon}\n", "j": "'${mode}'", "k": "on"
            }
        });
        assert_eq!(substitute(&mut body, &variables()).unwrap(), Substituted::default());
        let expected = json!({
            "metadata": {"name": "web-rules", "annotations": {"dns.example.org/target": "a"}},
            "data": {
                "web.yaml": "x", "a": 493, "b": true, "c": "12", "d": ["a", {"b": 1}], "e": null,
                "f": "0755", "g": "v0755", "h": null, "i": "x\na: b\n", "j": "'0755'", "k": "on"
            }
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_is_no_yaml_any_more_is_refused_with_its_form() {
        for (value, form) in [("${colon}", "${colon}"), ("x ${quote}\n", ""), ("${domain}${quote}'", "")] {
            let mut body = json!({"a": "b", "data": {"x": value}});
            match substitute(&mut body, &variables()) {
                Err(refused) => assert_eq!(refused.form, form, "{refused:?}"),
                Ok(_) => assert_eq!(form, "", "{body}"),
            }
        }
        let mut body = json!({"data": {"x": "${colon}"}});
        assert!(substitute(&mut body, &variables()).unwrap_err().why.contains("`x: a: b`"));
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let mut some = variables();
        some.extend([("secret".to_owned(), None)].into());
        let mut body = json!({"x": "${app}-${secret}", "y": "${secret}", "z": "${nothing}"});
        assert_eq!(substitute(&mut body, &some).unwrap().unset.len(), 1);
        assert_eq!(body, json!({"x": "web-${secret}", "y": "${secret}", "z": null}));
        // An unknown source may define any variable, and redefine those before it; later sources take precedence over
        // it.
        some.may_be_others();
        some.set("after", "c".to_owned());
        let mut body = json!({"x": "${app} ${nothing} ${nothing:=b} ${after}"});
        assert_eq!(substitute(&mut body, &some).unwrap(), Substituted { is_partial: true, ..Substituted::default() });
        assert_eq!(body["x"], "${app} ${nothing} ${nothing:=b} c");
        assert!(!some.is_empty() && Variables::default().is_empty());
        // An optional one may define undefined variables; while it is missing, defaults count.
        let mut some = Variables::default();
        some.set("app", "web".to_owned());
        some.may_be_more();
        let mut body = json!({"x": "${app} ${nothing} ${nothing:=b}"});
        assert_eq!(substitute(&mut body, &some).unwrap(), Substituted { is_partial: true, ..Substituted::default() });
        assert_eq!(body["x"], "web ${nothing} b");
    }

    #[test]
    fn long_numbers_lose_their_last_digits() {
        for text in ["a", "${app}"] {
            let mut body = json!({"a": [9_007_199_254_740_993_i64, -9_007_199_254_740_993_i64, 12, 1.5], "b": text});
            substitute(&mut body, &variables()).unwrap();
            assert_eq!(body["a"].to_string(), "[9007199254740992,-9007199254740992,12,1.5]");
        }
    }

    #[test]
    fn objects_and_names_are_told_apart() {
        assert!(is_disabled(&json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}})));
        for (name, is_one) in
            [("a_1", true), ("_a", true), ("1a", false), ("node-pool", false), ("ca.pem", false), ("", false)]
        {
            assert_eq!(is_name(name), is_one, "{name}");
        }
    }
}
