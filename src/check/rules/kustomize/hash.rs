//! A literal name of a generated object, with its hash.

use super::{files, word};
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::repo::contents;

pub(in crate::check) const RULE: Rule = Rule {
    id: "kustomize-written-hash",
    about: "a reference to a generated ConfigMap or Secret with the hash of its name written out",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(rendering) = context.rendering else { return };
    let mut names: Vec<String> = Vec::new();
    for file in files(context) {
        for key in ["configMapGenerator", "secretGenerator"] {
            names.extend(file.items(key).map(|generator| word(generator, "name").to_owned()));
        }
    }
    names.sort();
    names.dedup();
    let mut read: Vec<&str> =
        rendering.of.iter().flat_map(|one| &one.objects).flat_map(crate::render::Object::files).collect();
    read.sort_unstable();
    read.dedup();
    for file in read {
        let Ok(text) = contents::text(&context.snapshot.root, file) else { continue };
        for (index, line) in text.lines().enumerate() {
            let Some(value) = line.trim_start().strip_prefix("name:").map(str::trim) else { continue };
            let Some(name) = names.iter().find(|name| is_hashed(value, name)) else { continue };
            let message = format!("it names {value}, the generated {name} with its hash");
            let why = "the hash changes with the content: at the next change this names what is gone";
            let fix = format!("write {name}; kustomize puts the hash behind it, in the same kustomization");
            found.push(Finding::new(RULE.id, file, message, why, fix).on(index.saturating_add(1)));
        }
    }
}

/// Tells whether a value is a name with a hash: ten hexadecimal digits, with 0, 1, 3, a and e replaced to avoid words
/// (kustomize, `hasher.encode`).
fn is_hashed(value: &str, name: &str) -> bool {
    let hash = value.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    hash.is_some_and(|hash| hash.len() == 10 && hash.bytes().all(|byte| b"2456789bcdfghkmt".contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn a_hash_is_told_from_a_name() {
        assert!(is_hashed("app-config-52mg8g2kh2", "app-config"));
        assert!(!is_hashed("app-config-production", "app-config"));
        assert!(!is_hashed("app-config", "app-config"));
    }
}
