//! A key of a ConfigMap or Secret that the API server rejects.

use crate::check::world::{World, at};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "data-key",
    about: "a key of a ConfigMap or Secret with a character that no key may have",
    check: RuleInput::World(check),
};

/// Tells whether a text is a valid key (API reference of ConfigMap, `data`).
fn is_key(key: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=253).contains(&key.len()) && key.chars().all(fits) && key != "." && !key.starts_with("..")
}

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects().filter(|object| object.is("", "ConfigMap") || object.is("", "Secret")) {
        for part in ["/data", "/binaryData", "/stringData"] {
            let keys = at(&object.body, part).as_object().into_iter().flatten().map(|(key, _)| key);
            for key in keys.filter(|key| !is_key(key)) {
                let message = format!("{key:?} is not a valid key of a {}", object.kind());
                let why = "the API server refuses it, and with it everything that its Kustomization applies";
                let fix = "write it with letters of English, digits, -, _ and . alone, in at most 253 of them";
                found.push(world.finding(&RULE, object, key, message, why, fix));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {\"\u{1f600}.json\": \"{}\"}\n",
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: web}\nstringData: {a b: c}\n",
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\nbinaryData: {..a: YQ==}\n",
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {conf/app.ini: a}\n",
    ];
    const SILENT: &[&str] = &[
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {app.json: a, .env: b, A_b-c.1: c, a..b: d}\n",
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web, labels: {a b: c}}\n",
        "---\napiVersion: example.org/v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {a b: c}\n",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
