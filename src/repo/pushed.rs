//! Artifacts that a pipeline builds from a folder of this repository: `flux push artifact --path`, and the files that
//! it leaves out (`--ignore-paths`).

use std::path::Path;

use super::artifact::{ALWAYS, BY_ENDING};
use super::flux::{RepoEnvironment, Sync};
use super::{contents, path};

/// The folders of pipelines, beside the files of [`FILES`]: their YAML files and scripts are read.
const FOLDERS: [&str; 7] =
    [".github/workflows", ".forgejo/workflows", ".gitea/workflows", ".woodpecker", ".taskfiles", "scripts", "hack"];

/// Files of pipelines, and of their scripts.
const FILES: [&str; 10] = [
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    "Makefile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "Justfile",
    "justfile",
    ".justfile",
];

/// Names the folder that an artifact is built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PushedFolder {
    /// The folder; empty for the whole repository.
    pub folder: String,
    /// The lines that push it; empty if the push is known, but not its line.
    pub by: Vec<PushLine>,
}

/// Names a line that pushes an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PushLine {
    /// The file of the pipeline.
    pub file: String,
    /// The line of the command.
    pub line: usize,
    /// The patterns of the files that it leaves out.
    pub ignored: Vec<String>,
}

impl PushLine {
    /// Lists the patterns that the CLI leaves out by default (flux2, `excludeOCI`).
    pub(super) fn by_default() -> Vec<String> {
        ALWAYS.iter().chain(&BY_ENDING).map(|&pattern| pattern.to_owned()).collect()
    }
}

/// Returns the folder that the artifact of an environment is built from; `None` if it is read from Git.
pub(super) fn of(root: &Path, environment: &RepoEnvironment) -> Option<PushedFolder> {
    let (source, synced) = match &environment.sync {
        Sync::Instance { source, made, .. } => (source, made.kustomization.get("spec")?.get("path")?.as_str()?),
        Sync::Kustomization { source: Some(source), .. } => (source, environment.path.as_str()),
        _ => return None,
    };
    if source.kind != "OCIRepository" {
        return None;
    }
    let synced = path::below_root(synced);
    let folder = environment.path.strip_suffix(synced.as_str())?;
    // `production` is no last part of `pre-production`.
    if !(synced.is_empty() || folder.is_empty() || folder.ends_with('/')) {
        return None;
    }
    let folder = folder.trim_end_matches('/').to_owned();
    let by: Vec<PushLine> =
        lines(root).into_iter().filter(|(pushed, _)| *pushed == folder).map(|(_, line)| line).collect();
    (!folder.is_empty() || !by.is_empty()).then_some(PushedFolder { folder, by })
}

/// Lists the lines that push a folder, each with the folder.
fn lines(root: &Path) -> Vec<(String, PushLine)> {
    let mut files: Vec<String> = FILES.iter().map(|&file| file.to_owned()).collect();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        files.extend(names.map(|name| path::join(folder, &name)));
    }
    files.sort_unstable();
    let texts = files.iter().filter_map(|file| Some((file, contents::text(root, file).ok()?)));
    texts.flat_map(|(file, text)| in_text(file, &text)).collect()
}

/// Lists the lines of a text that push a folder.
fn in_text(file: &str, text: &str) -> Vec<(String, PushLine)> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let is_comment = line.trim_start().starts_with('#');
        let Some((_, begin)) = COMMANDS.iter().find_map(|command| line.split_once(command)).filter(|_| !is_comment)
        else {
            continue;
        };
        let mut command = begin.trim_end().to_owned();
        while command.ends_with('\\') {
            command.pop();
            let Some((_, more)) = lines.next() else { break };
            command.push_str(more.trim_end());
        }
        let words = words(&command);
        let Some(folder) = flag(&words, &["--path", "-f", "-p"]).filter(|folder| !folder.contains(['$', '{'])) else {
            continue;
        };
        let Some(folder) = path::resolve("", &folder) else { continue };
        let ignored = match flag(&words, &["--ignore-paths"]) {
            // The value of a variable is unknown.
            Some(list) if list.contains('$') => Vec::new(),
            Some(list) => list.split(',').map(|one| one.trim_matches('"').to_owned()).collect(),
            None => PushLine::by_default(),
        };
        found.push((folder, PushLine { file: file.to_owned(), line: index.saturating_add(1), ignored }));
    }
    found
}

/// The commands that build an artifact from a folder.
const COMMANDS: [&str; 2] = ["flux push artifact", "flux build artifact"];

/// Returns the value of a flag, in the same word or the next.
fn flag(words: &[String], names: &[&str]) -> Option<String> {
    words.iter().enumerate().find_map(|(index, word)| {
        let of = |name: &&str| match word.strip_prefix(name)? {
            "" => words.get(index.saturating_add(1)).cloned(),
            rest => rest.strip_prefix('=').map(str::to_owned),
        };
        names.iter().find_map(of)
    })
}

/// Splits a command as a shell does, up to the start of the next one.
fn words(command: &str) -> Vec<String> {
    let (mut found, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in command.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ';' | '|' | '&') => break,
            (None, _) if letter.is_whitespace() => found.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    found.extend(word);
    found
}

#[cfg(test)]
mod tests {
    use super::{PushLine, in_text};

    fn pushed(text: &str) -> Vec<(String, usize, Vec<String>)> {
        in_text("ci.yaml", text).into_iter().map(|(folder, line)| (folder, line.line, line.ignored)).collect()
    }

    #[test]
    fn the_folder_that_a_pipeline_pushes_and_what_it_leaves_out_are_read_from_its_command() {
        let text = "run: |\n  flux push artifact \"$REPO:$(git rev-parse --short HEAD)\" \\\n    --path=\"./kubernetes\" \\\n    --ignore-paths=\"a.yaml,b/\" \\\n    --reproducible\n";
        assert_eq!(pushed(text), [("kubernetes".to_owned(), 2, vec!["a.yaml".to_owned(), "b/".to_owned()])]);
        let plain = "flux push artifact oci://a --path . && echo --ignore-paths=x";
        assert_eq!(pushed(plain), [(String::new(), 1, PushLine::by_default())]);
        assert_eq!(pushed("flux build artifact -p 'deploy' -o a.tgz")[0].0, "deploy");
        for none in
            ["# flux push artifact --path=a", "flux push artifact oci://a --path=$DIR", "flux tag artifact --path=a"]
        {
            assert!(pushed(none).is_empty(), "{none}");
        }
        let unknown = pushed("flux push artifact oci://a --path=a --ignore-paths=$OUT");
        assert_eq!(unknown, [("a".to_owned(), 1, Vec::new())]);
    }
}
