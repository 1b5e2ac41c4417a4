//! A path of the repository that a document names and that is gone.

use super::is_document;
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::markdown::MarkdownDocument;
use crate::repo::path;

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-path",
    about: "a path of the repository that a document names and that is not there",
    look: RuleInput::File(look),
};

fn look(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !is_document(&file.path) {
        return;
    }
    let root = &context.snapshot.root;
    // Only what stands in backquotes is surely meant as a path.
    for (word, number) in MarkdownDocument::read(file.text.as_deref().unwrap_or_default()).codes {
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
        let message = format!("it names {name}, which is not there");
        let why = "who follows it in trouble looks for what was moved or deleted";
        let fix = "correct the path";
        let habit = "documents name files that are not there";
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number).warning().habit(habit));
    }
}
