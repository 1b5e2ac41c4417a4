//! Substitution of variables as Flux does it after the build (`spec.postBuild`): `${name}` and the forms of the shell that
//! github.com/fluxcd/pkg/envsubst knows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::object::at;

/// The label or annotation that keeps an object from substitution when it is `disabled`.
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Variables by name; one without a value is defined where it cannot be read, as in an encrypted Secret.
pub(super) type Named = BTreeMap<String, Option<String>>;

/// Holds what is known of variables.
#[derive(Debug, Default)]
pub(super) struct Variables {
    named: Named,
    /// Whether there may be others, or other values.
    is_open: bool,
}

impl Variables {
    /// Adds variables, which come before those that are there.
    pub(super) fn extend(&mut self, named: Named) {
        self.named.extend(named);
    }

    /// Sets one.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.named.insert(name.to_owned(), Some(value));
    }

    /// Says that a source that is not known comes here: it may define any variable, those before it again.
    pub(super) fn may_be_others(&mut self) {
        self.is_open = true;
        self.named.values_mut().for_each(|value| *value = None);
    }

    /// Tells whether there is surely none: then Flux substitutes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.is_open
    }

    /// Tells whether a variable has a value that is not known.
    fn is_hidden(&self, name: &str) -> bool {
        self.named.get(name).map_or(self.is_open, Option::is_none)
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.named.get(name)?.as_ref()
    }
}

/// Tells whether an object asks to be left alone.
pub(super) fn is_disabled(body: &Value) -> bool {
    ["labels", "annotations"]
        .iter()
        .any(|field| at(body, &format!("/metadata/{field}")).get(SWITCH).is_some_and(|own| own == "disabled"))
}

/// Substitutes in every text of an object, keys too, as the controller does on its YAML. Returns the names that nothing defines and that
/// have no default: Flux puts nothing in their place. What stands for a value that is not known is left as it is.
///
/// A text that becomes a number or a truth value is one afterwards: the build writes `${a}` without quotes, whatever stood in the file, and
/// what was put in is read as YAML again.
pub(super) fn substitute(body: &mut Value, variables: &Variables) -> Vec<String> {
    let mut missing = Vec::new();
    walk(body, variables, &mut missing);
    missing.sort_unstable();
    missing.dedup();
    missing
}

fn walk(value: &mut Value, variables: &Variables, missing: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('$') => {
            let expanded = expand(text, variables, missing);
            let is_plain = expanded != *text && !expanded.contains('\n');
            *value = match is_plain.then(|| crate::yaml::from_str::<Value>(&expanded).ok()).flatten() {
                Some(typed @ (Value::Number(_) | Value::Bool(_))) => typed,
                _ => Value::String(expanded),
            };
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, variables, missing)),
        Value::Object(fields) => fields.values_mut().for_each(|field| walk(field, variables, missing)),
        _ => {}
    }
}

/// Expands one text.
pub(super) fn expand(text: &str, variables: &Variables, missing: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at.saturating_add(1)..).unwrap_or_default();
        if let Some(escaped) = behind.strip_prefix('$') {
            out.push('$');
            rest = escaped;
            // `$${a}` is the text `${a}`.
            if let Some(end) = escaped.starts_with('{').then(|| closing(escaped)).flatten() {
                out.push_str(escaped.get(..=end).unwrap_or_default());
                rest = escaped.get(end.saturating_add(1)..).unwrap_or_default();
            }
            continue;
        }
        let parsed = behind
            .starts_with('{')
            .then(|| closing(behind))
            .flatten()
            .and_then(|end| Some((behind.get(1..end)?, behind.get(end.saturating_add(1)..)?)));
        let Some((inside, after)) = parsed else {
            out.push('$');
            rest = behind;
            continue;
        };
        if let Some(value) = value(inside, variables, missing) {
            out.push_str(&value);
        } else {
            for part in ["${", inside, "}"] {
                out.push_str(part);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Finds the brace that closes the one at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut depth: usize = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth = depth.saturating_add(1),
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns what stands for the inside of a `${…}`; `None` where it stays as it is: it is no variable's name, or the value is not known.
fn value(inside: &str, variables: &Variables, missing: &mut Vec<String>) -> Option<String> {
    if let Some(name) = inside.strip_prefix('#').filter(|name| is_name(name)) {
        if variables.is_hidden(name) {
            return None;
        }
        return Some(known(name, variables, missing).chars().count().to_string());
    }
    let end = inside.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(inside.len());
    let (name, operation) = inside.split_at(end);
    if !is_name(name) || variables.is_hidden(name) {
        return None;
    }
    if operation.is_empty() {
        return Some(known(name, variables, missing));
    }
    let set = variables.get(name);
    let default = |text: &str, missing: &mut Vec<String>| expand(text, variables, missing);
    if let Some(text) = operation.strip_prefix(":-").or_else(|| operation.strip_prefix(":=")) {
        return Some(set.filter(|value| !value.is_empty()).cloned().unwrap_or_else(|| default(text, missing)));
    }
    if let Some(text) = operation.strip_prefix('-').or_else(|| operation.strip_prefix('=')) {
        return Some(set.cloned().unwrap_or_else(|| default(text, missing)));
    }
    let value = known(name, variables, missing);
    Some(match operation {
        "^" => change_first(&value, char::to_ascii_uppercase),
        "^^" => value.to_uppercase(),
        "," => change_first(&value, char::to_ascii_lowercase),
        ",," => value.to_lowercase(),
        _ => match operation.strip_prefix(':') {
            Some(range) => part(&value, range)?,
            None => replaced(&value, operation)?,
        },
    })
}

fn known(name: &str, variables: &Variables, missing: &mut Vec<String>) -> String {
    variables.get(name).cloned().unwrap_or_else(|| {
        missing.push(name.to_owned());
        String::new()
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn change_first(value: &str, change: fn(&char) -> char) -> String {
    let mut letters = value.chars();
    letters.next().map(|first| change(&first)).into_iter().chain(letters).collect()
}

/// `:OFFSET` and `:OFFSET:LENGTH`.
fn part(value: &str, range: &str) -> Option<String> {
    let (offset, length) = range.split_once(':').map_or((range, None), |(offset, length)| (offset, Some(length)));
    let offset: usize = offset.trim().parse().ok()?;
    let letters = value.chars().skip(offset);
    Some(match length {
        Some(length) => letters.take(length.trim().parse().ok()?).collect(),
        None => letters.collect(),
    })
}

/// `/OLD/NEW` and `//OLD/NEW` with plain texts; patterns (`#`, `##`, `%`, `%%`) with plain texts too.
fn replaced(value: &str, operation: &str) -> Option<String> {
    if let Some(rest) = operation.strip_prefix("//") {
        let (old, new) = rest.split_once('/')?;
        return Some(value.replace(old, new));
    }
    if let Some(rest) = operation.strip_prefix('/') {
        let (old, new) = rest.split_once('/')?;
        return Some(value.replacen(old, new, 1));
    }
    let is_pattern = |text: &str| text.contains(['*', '?', '[']);
    let cut = |text: &str, from_start: bool| {
        if is_pattern(text) {
            return None;
        }
        let left = if from_start { value.strip_prefix(text) } else { value.strip_suffix(text) };
        Some(left.unwrap_or(value).to_owned())
    };
    if let Some(text) = operation.strip_prefix("##").or_else(|| operation.strip_prefix('#')) {
        return cut(text, true);
    }
    if let Some(text) = operation.strip_prefix("%%").or_else(|| operation.strip_prefix('%')) {
        return cut(text, false);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Variables, expand, is_disabled, substitute};

    fn variables() -> Variables {
        let mut variables = Variables::default();
        for (name, value) in [("domain", "example.org"), ("empty", ""), ("Name", "linkding")] {
            variables.set(name, value.to_owned());
        }
        variables
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let mut some = variables();
        some.extend([("secret".to_owned(), None)].into());
        let mut missing = Vec::new();
        let text = "${Name}.${secret}${secret:=a}${#secret}.${none:-b}${none}";
        assert_eq!(expand(text, &some, &mut missing), "linkding.${secret}${secret:=a}${#secret}.b");
        assert_eq!(missing, ["none"]);
        // A source that is not known may define any, those before it again; those after it come before it.
        some.may_be_others();
        some.set("after", "c".to_owned());
        missing.clear();
        let text = "${Name} ${none} ${none:=b} ${after}";
        assert_eq!(expand(text, &some, &mut missing), "${Name} ${none} ${none:=b} c");
        assert!(missing.is_empty(), "{missing:?}");
        assert!(!some.is_empty() && Variables::default().is_empty());
    }

    #[test]
    fn the_forms_of_the_shell_are_expanded() {
        for (text, expected) in [
            ("https://${domain}/", "https://example.org/"),
            ("${domain:=a}${empty:=b}${none:=c}${none:-d}", "example.orgbcd"),
            ("${empty-b}${none=c}", "c"),
            ("${none:=${domain}}", "example.org"),
            ("$${domain} $$ $domain ${", "${domain} $ $domain ${"),
            ("${Name^^} ${Name,,} ${domain^}", "LINKDING linkding Example.org"),
            ("${domain:0:7} ${domain:8} ${#domain}", "example org 11"),
            ("${domain/example/a} ${domain//e/E} ${domain%.org} ${domain#example.}", "a.org ExamplE.org example org"),
            ("{{ $labels.pod }} ${1} ${a.b}", "{{ $labels.pod }} ${1} ${a.b}"),
        ] {
            assert_eq!(expand(text, &variables(), &mut Vec::new()), expected, "{text}");
        }
    }

    #[test]
    fn what_nothing_defines_is_told() {
        let mut body = serde_json::json!({"a": ["${none}", {"b": "${domain}${other}${none}"}], "c": 1});
        assert_eq!(substitute(&mut body, &variables()), ["none", "other"]);
        assert_eq!(body["a"][1]["b"], "example.org");
        let mut typed = serde_json::json!({"replicas": "${n:=3}", "on": "${t:=true}", "name": "${n:=3}-a"});
        substitute(&mut typed, &variables());
        assert_eq!(typed, serde_json::json!({"replicas": 3, "on": true, "name": "3-a"}));
        assert!(is_disabled(
            &serde_json::json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}})
        ));
    }
}
