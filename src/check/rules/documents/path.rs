//! A path of the repository that a document names and that is gone.

use super::{is_document, is_of_the_past};
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::markdown::MarkdownDocument;
use crate::repo::path;

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-path",
    about: "a path of the repository that a document names and that is not there",
    look: RuleInput::File(look),
};

fn look(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !is_document(&file.path) || is_of_the_past(&file.path) {
        return;
    }
    let root = &context.snapshot.root;
    let text = file.text.as_deref().unwrap_or_default();
    // Only what stands in backquotes is surely meant as a path.
    for (word, number) in MarkdownDocument::read(text).codes {
        let word = word.as_str();
        // `apps/ENV/NAME.yaml` stands for many.
        let is_pattern = word
            .split(['/', '.', '-'])
            .any(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_uppercase()));
        let is_path = word.contains('/')
            && !is_pattern
            && !word.starts_with(['/', '~', '-', '$', '@', '<'])
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        let Some(name) = path::resolve("", word.trim_end_matches('/')).filter(|_| is_path) else { continue };
        // It must begin with a folder of the repository, and name a file by its ending: `apps/v1` is an API.
        let first = name.split('/').next().unwrap_or_default();
        let last = path::name(&name);
        let is_file = [".yaml", ".yml", ".md", ".json", ".sh", ".toml", ".txt"].iter().any(|end| last.ends_with(end));
        let beside = path::resolve(path::parent(&file.path), word).is_some_and(|name| root.join(name).exists());
        if !is_file || !root.join(first).is_dir() || root.join(&name).exists() || beside {
            continue;
        }
        if is_told_not_to_be_there(text, number) || is_made(text, &name) {
            continue;
        }
        let message = format!("it names {name}, which is not there");
        let why = "who follows it in trouble looks for what was moved or deleted";
        let fix = "correct the path";
        let habit = "documents name files that are not there";
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number).warning().habit(habit));
    }
}

/// Words that say of what is named beside them that it was there once, or that the reader is to make it.
const NOT_THERE: [&str; 18] = [
    "create",
    "creating",
    "copy ",
    "save ",
    "generat",
    "add a ",
    "until",
    "formerly",
    "previously",
    "used to",
    "removed",
    "deleted",
    "renamed",
    "moved",
    "no longer",
    "replaced",
    "replaces",
    "was ",
];

/// Tells whether the line that names a path says that it is no more, or not yet.
fn is_told_not_to_be_there(text: &str, number: usize) -> bool {
    let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default().to_lowercase();
    NOT_THERE.iter().any(|word| line.contains(word))
}

/// Tells whether a document has its reader make a file, or its folder, by a command: it need not be there yet.
fn is_made(text: &str, name: &str) -> bool {
    let parent = path::parent(name);
    let makes = |line: &str| {
        let mut words: Vec<&str> = line.split_whitespace().filter(|word| *word != "$" && *word != "sudo").collect();
        let last = words.pop().unwrap_or_default().trim_start_matches("./").trim_end_matches('/');
        let is_writing =
            words.first().is_some_and(|word| matches!(*word, "mkdir" | "touch" | "cp" | "mv" | "tee" | "install"))
                || words.iter().any(|word| matches!(*word, ">" | ">>" | "tee" | "--output" | "-o"));
        is_writing && (last == name || !parent.is_empty() && last == parent)
    };
    text.lines().any(makes)
}

#[cfg(test)]
mod tests {
    use super::{is_made, is_told_not_to_be_there};

    #[test]
    fn what_is_to_be_made_need_not_be_there() {
        for command in [
            "mkdir -p clusters/dev",
            "cp clusters/staging/apps.yaml clusters/dev/",
            "$ kubectl get a -o yaml > ./clusters/dev/apps.yaml",
            "flux export a | tee clusters/dev/apps.yaml",
        ] {
            assert!(is_made(&format!("```\n{command}\n```\n"), "clusters/dev/apps.yaml"), "{command}");
        }
        assert!(!is_made(
            "cat clusters/dev/apps.yaml\ncp clusters/dev/apps.yaml clusters/b\n",
            "clusters/dev/apps.yaml"
        ));
    }

    #[test]
    fn what_was_once_is_not_missed() {
        let text = "1. Create `deploy/a.sh`\n`deploy/a.sh` until the next release.\nSee `deploy/b.sh`.\n";
        assert!(is_told_not_to_be_there(text, 1) && is_told_not_to_be_there(text, 2));
        assert!(!is_told_not_to_be_there(text, 3));
    }
}
