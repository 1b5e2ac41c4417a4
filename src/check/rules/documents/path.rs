//! A path of the repository that a document names and that does not exist.

use super::{is_document, is_of_the_past};
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::markdown::MarkdownDocument;
use crate::repo::path;

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-path",
    about: "a path of the repository that a document names and that is not there",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !is_document(&file.path) || is_of_the_past(&file.path) || is_of_tools(&file.path) {
        return;
    }
    let root = &context.snapshot.root;
    let text = file.text.as_deref().unwrap_or_default();
    // Only a text in backquotes is surely a path.
    for (word, number) in MarkdownDocument::read(text).codes {
        let word = word.as_str();
        // `apps/ENV/NAME.yaml` is a pattern.
        let is_pattern = word
            .split(['/', '.', '-'])
            .any(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_uppercase()));
        let is_path = word.contains('/')
            && !is_pattern
            && !word.starts_with(['/', '~', '-', '$', '@', '<'])
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        let Some(name) = path::resolve("", word.trim_end_matches('/')).filter(|_| is_path) else { continue };
        // The path must begin with a folder of the repository, and end in a file extension: `apps/v1` is an API.
        let first = name.split('/').next().unwrap_or_default();
        let last = path::name(&name);
        let is_file = [".yaml", ".yml", ".md", ".json", ".sh", ".toml", ".txt"].iter().any(|end| last.ends_with(end));
        let beside = path::resolve(path::parent(&file.path), word).is_some_and(|name| root.join(name).exists());
        if !is_file || !root.join(first).is_dir() || root.join(&name).exists() || beside {
            continue;
        }
        if is_told_not_to_be_there(text, number, word) || is_made(text, &name) {
            continue;
        }
        let message = format!("it names {name}, which is not there");
        let why = "who follows it in trouble looks for what was moved or deleted";
        let fix = "correct the path";
        let habit = "documents name files that are not there";
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number).warning().habit(habit));
    }
}

/// Words that say of a path beside them that it no longer exists, or that the reader creates it.
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

/// Tells whether the line that names a path, or a line of the same step before it, says that the path does not exist
/// now. An earlier line that names the path too counts for all later ones, as the first of several steps does.
fn is_told_not_to_be_there(text: &str, number: usize, path: &str) -> bool {
    let says = |line: &str| {
        let line = line.to_lowercase();
        NOT_THERE.iter().any(|word| line.contains(word))
    };
    let lines: Vec<&str> = text.lines().take(number).collect();
    let Some((own, earlier)) = lines.split_last() else { return false };
    let before = earlier.last().filter(|before| !before.trim().is_empty() && !starts_anew(own));
    says(own)
        || before.is_some_and(|before| says(before))
        || earlier.iter().any(|line| line.contains(path) && says(line))
}

/// Tells whether a line begins a new block: an item, a heading, a row of a table, or a block of code.
fn starts_anew(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    line.starts_with(['-', '*', '+', '#', '|', '`', '>']) || number.len() < line.len() && number.starts_with(['.', ')'])
}

/// Tells whether a document instructs a program, such as an assistant or an editor, in its own hidden folder: its paths
/// are often examples.
fn is_of_tools(document: &str) -> bool {
    let mut folders = path::parent(document).split('/');
    folders.any(|folder| folder.starts_with('.') && folder.len() > 1 && folder != ".github")
}

/// Tells whether a document has its reader create a file, or its folder, by a command: the file need not exist yet.
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
    use super::{is_made, is_of_tools, is_told_not_to_be_there};

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
        let text = "1. Create `deploy/a.sh`\n2. Look.\n`deploy/c.sh` until the next release.\n\nSee `deploy/b.sh`.\n- Edit `deploy/a.sh`.\nCreate a folder and\nput `deploy/d.sh` there.\n- Then `deploy/e.sh`.\n";
        let is_told = |line: usize, path: &str| is_told_not_to_be_there(text, line, path);
        assert!(is_told(1, "deploy/a.sh") && is_told(3, "deploy/c.sh"));
        assert!(!is_told(5, "deploy/b.sh"));
        // An earlier step counts for all later ones, and a sentence continues over lines; an item begins a new block.
        assert!(is_told(6, "deploy/a.sh") && is_told(8, "deploy/d.sh") && !is_told(9, "deploy/e.sh"));
        assert!(is_of_tools(".claude/agents/README.md") && is_of_tools("docs/.notes/a.md"));
        assert!(!is_of_tools(".github/a.md") && !is_of_tools("docs/a.md"));
    }
}
