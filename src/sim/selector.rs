//! Label and field selectors of lists and watches.

use serde_json::Value;

use super::json::text;

/// Selects objects by labels and fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// The fields for selectors, with their places in an object. Kubernetes allows few, and not all on every kind.
const FIELDS: &[(&str, &str)] = &[
    ("metadata.name", "/metadata/name"),
    ("metadata.namespace", "/metadata/namespace"),
    ("involvedObject.kind", "/involvedObject/kind"),
    ("involvedObject.namespace", "/involvedObject/namespace"),
    ("involvedObject.name", "/involvedObject/name"),
    ("involvedObject.uid", "/involvedObject/uid"),
    ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
    ("reason", "/reason"),
    ("type", "/type"),
    ("spec.nodeName", "/spec/nodeName"),
    ("status.phase", "/status/phase"),
];

impl Selector {
    /// Parses `labelSelector` and `fieldSelector` of a query.
    ///
    /// # Errors
    /// Fails with the server's message about an unsupported selector.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, String> {
        let mut selector = Self::default();
        for part in split(labels) {
            selector.labels.push(requirement(part)?);
        }
        for part in fields.split(',').filter(|part| !part.is_empty()) {
            let (field, value, equal) = match part.split_once("!=") {
                Some((field, value)) => (field, value, false),
                None => match part.split_once('=') {
                    Some((field, value)) => (field, value.trim_start_matches('='), true),
                    None => return Err(format!("invalid field selector: '{part}'; can't understand '{part}'")),
                },
            };
            let Some((_, pointer)) = FIELDS.iter().find(|(known, _)| *known == field) else {
                return Err(format!("field label not supported: {field}"));
            };
            selector.fields.push(((*pointer).to_owned(), value.to_owned(), equal));
        }
        Ok(selector)
    }

    /// Tells whether an object is selected.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object.pointer("/metadata/labels").and_then(|all| all.get(key)).and_then(Value::as_str);
        self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::NotIn(key, values) => !label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
        }) && self.fields.iter().all(|(pointer, value, equal)| (text(object, pointer) == value) == *equal)
    }
}

/// Splits at commas outside of parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    for (place, letter) in selector.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(selector.get(start..place).unwrap_or_default().trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(selector.get(start..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key.trim().to_owned(), one(value)));
    }
    if let Some((key, value)) = part.split_once('=') {
        return Ok(Requirement::In(key.trim().to_owned(), one(value.trim_start_matches('='))));
    }
    if let Some((head, values)) = part.split_once('(') {
        let values: Vec<String> =
            values.trim_end_matches(')').split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok(Requirement::In(key.to_owned(), values)),
            (Some(key), Some("notin"), None) => Ok(Requirement::NotIn(key.to_owned(), values)),
            _ => Err(format!("unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=, gt, lt")),
        };
    }
    Ok(match part.strip_prefix('!') {
        Some(key) => Requirement::Absent(key.trim().to_owned()),
        None => Requirement::Exists(part.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::Selector;
    use serde_json::json;

    #[test]
    fn objects_are_selected_by_labels_and_fields() {
        let pod = json!({"metadata": {"name": "a", "labels": {"app": "linkding", "tier": "web"}}});
        let matches = |labels: &str, fields: &str| Selector::parse(labels, fields).unwrap().matches(&pod);
        assert!(matches("app=linkding,tier in (web, api)", "metadata.name=a"));
        assert!(matches("!gone,app,tier!=db,tier notin (x,y)", "metadata.name!=b"));
        assert!(!matches("app==homepage", ""));
        assert!(!matches("", "metadata.name=b"));
        assert_eq!(Selector::parse("", "spec.x=1").unwrap_err(), "field label not supported: spec.x");
    }
}
