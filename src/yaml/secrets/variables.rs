//! Variables of Flux in a value of a Secret, and whether their values must stay secret.

use std::collections::BTreeSet;
use std::fmt;

use super::super::confidential::{
    closing, filled, is_confidential, is_confidential_data, is_confidential_line, is_placeholder, is_said_openly,
    is_structured, is_surely_confidential,
};
use super::SEALED;

/// Holds a value of a Secret with variables: `postgres://app:${PASSWORD}@db`.
#[derive(Clone)]
pub struct ValueTemplate {
    block: String,
    key: String,
    text: String,
}

impl fmt::Debug for ValueTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ValueTemplate").field(&self.shown()).finish()
    }
}

impl ValueTemplate {
    /// Reads a value of a Secret; `None` if it has no variable.
    pub(super) fn of(block: &str, key: &str, text: &str) -> Option<Self> {
        let template = Self { block: block.to_owned(), key: key.to_owned(), text: text.to_owned() };
        (!text.starts_with(SEALED) && !template.variables().is_empty()).then_some(template)
    }

    /// Returns the name of the value in the Secret: `stringData.password`.
    pub fn shown(&self) -> String {
        if self.key.is_empty() { self.block.clone() } else { format!("{}.{}", self.block, self.key) }
    }

    /// Lists its variables.
    pub fn variables(&self) -> BTreeSet<&str> {
        forms(&self.text).into_iter().map(|form| form.name).collect()
    }

    /// Replaces a variable by a value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self { text: put_in(&self.text, name, value), ..self.clone() }
    }

    /// Tells whether the value of a variable must stay secret here: the text with it is confidential, and without it is
    /// not, or its own name marks it as secret. Numbers, and values whose name is that of a host, a user or the like,
    /// are no secrets.
    pub fn is_kept_in(&self, name: &str, value: &str) -> bool {
        let value = value.trim();
        if value.starts_with(SEALED) || is_placeholder(value) {
            return false;
        }
        let with = put_in(&self.text, name, value);
        let (own, whole) = (self.text.lines().count(), vec![(self.text.as_str(), with.as_str())]);
        // A value of several lines moves those below it: then the text is judged as one.
        let by_lines = is_structured(self.text.trim()) && with.lines().count() == own;
        let changed = || self.text.lines().zip(with.lines()).filter(|(before, after)| before != after);
        let pairs = if by_lines { changed().collect() } else { whole };
        pairs.iter().any(|(before, after)| {
            let judge = |text: &str| match self.block.as_str() {
                _ if by_lines => is_confidential_line(&self.key, &filled(text)),
                "data" => is_confidential_data(&self.key, text),
                _ => is_confidential(&self.key, text),
            };
            if !judge(after) {
                return false;
            }
            if judge(before) { is_surely_confidential(name, value) } else { !is_said_openly(&self.key, name, value) }
        })
    }
}

/// Holds the place of a variable in a text.
struct Form<'t> {
    from: usize,
    to: usize,
    name: &'t str,
}

/// Finds the variables in a text, also those in the defaults of others; `$${` is none.
fn forms(text: &str) -> Vec<Form<'_>> {
    let mut found = Vec::new();
    for (from, sign) in text.match_indices("${") {
        let is_escaped = text.get(..from).is_some_and(|before| before.ends_with('$'));
        let inside = text.get(from.saturating_add(sign.len())..).unwrap_or_default();
        let Some(end) = closing(inside).filter(|_| !is_escaped) else { continue };
        let inner = inside.get(..end).unwrap_or_default();
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let length = inner.find(|letter| !is_letter(letter)).unwrap_or(inner.len());
        let name = inner.get(..length).unwrap_or_default();
        if !name.is_empty() {
            found.push(Form { from, to: from.saturating_add(end).saturating_add(3), name });
        }
    }
    found
}

fn put_in(text: &str, name: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for form in forms(text).into_iter().filter(|form| form.name == name) {
        // A variable inside of the default of another of the same name is replaced with that.
        if form.from < at {
            continue;
        }
        out.push_str(text.get(at..form.from).unwrap_or_default());
        out.push_str(value);
        at = form.to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::ValueTemplate;

    #[test]
    fn a_variable_is_kept_where_it_is_what_makes_the_value_a_secret() {
        for (block, key, text, name, value, is_kept) in [
            ("stringData", "password", "${PW}", "PW", "hunter2", true),
            ("stringData", "password", "${A:-${PW}}", "PW", "hunter2", true),
            ("stringData", "url", "postgres://app:${PG}@db.example.org/app", "PG", "hunter2", true),
            ("stringData", "url", "postgres://app:${PG}@${HOST}/app", "HOST", "db.example.org", false),
            ("stringData", "url", "https://auth.${DOMAIN}/x", "DOMAIN", "example.org", false),
            ("stringData", "config.yaml", "host: ${HOST}\npassword: ${ADMIN}\n", "ADMIN", "hunter2x", true),
            ("stringData", "config.yaml", "host: ${HOST}\npassword: ${ADMIN}\n", "HOST", "db.example.org", false),
            ("stringData", "config.yaml", "host: ${HOST}\npassword: ${ADMIN}\n", "HOST", "lab", false),
            ("stringData", "username", "${DB_USER}", "DB_USER", "admin", false),
            ("stringData", "auth", "${DB_USER}", "DB_USER", "admin", false),
            ("stringData", "issuer", "${DOMAIN}", "DOMAIN", "example.org", false),
            ("stringData", "thing", "${COUNT}", "COUNT", "5432", false),
            ("stringData", "motd", "${TEXT}", "TEXT", "welcome to the place", false),
            ("stringData", "pin", "${NUMBER}", "NUMBER", "54321", true),
            ("stringData", "password", "${PW}", "PW", "op://vault/item/field", false),
            ("stringData", "password", "${PW}", "PW", "${ELSEWHERE}", false),
            ("stringData", "password", "${PW}", "PW", "changeme", false),
            ("stringData", "password", "$${PW}", "PW", "hunter2", false),
            ("stringData", "password", "hunter2${CLUSTER}", "CLUSTER", "lab", false),
            ("data", "password", "${PW}", "PW", "aHVudGVyMg==", true),
            ("data", "host", "${HOST64}", "HOST64", "ZGIuZXhhbXBsZS5vcmc=", false),
        ] {
            let template = ValueTemplate::of(block, key, text);
            let found = template.is_some_and(|template| template.is_kept_in(name, value));
            assert_eq!(found, is_kept, "{key}: {text} with {name}={value}");
        }
        let template = ValueTemplate::of("stringData", "password", "${PW}").unwrap();
        assert!(template.with("PW", "${MORE}").is_kept_in("MORE", "hunter2"));
        assert_eq!(format!("{template:?}"), "ValueTemplate(\"stringData.password\")");
    }
}
