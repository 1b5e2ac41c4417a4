//! Files that source-controller leaves out of the artifact: they are in the working tree, but Flux does not see them.
//!
//! The rules are those of source-controller 1.7 (`Storage.Archive` and github.com/fluxcd/pkg/sourceignore): symbolic
//! links are left out, then what `.sourceignore` files and `spec.ignore` name; the last matching pattern wins. Each
//! file is matched by itself: unlike in git, a later pattern can include a file again although its folder is left out.
//! Files that git ignores are never in the artifact. The defaults for pictures, archives and files of CI apply only if
//! the repository has no pattern of its own.
//!
//! If a pipeline builds the artifact from a folder (`flux push artifact --path`), source-controller sees only that
//! folder: it reads no `.sourceignore` above it, patterns count from there, and the files that the pipeline leaves out
//! are missing. `tests/recordings/artifact` holds the results of Flux's own code.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use super::ignore_pattern::{Pattern, last_that_fits, patterns};
use super::pushed::PushedFolder;
use super::{contents, git, gitlinks, path, tree_walk};

/// The file whose patterns leave files out, in its folder and below.
pub const IGNORE_FILE: &str = ".sourceignore";

/// Left out always (`sourceignore.ExcludeVCS`).
pub(super) const ALWAYS: [&str; 4] = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// Pictures, films and archives (`sourceignore.ExcludeExt`), left out if the repository has no pattern of its own.
pub(super) const BY_ENDING: [&str; 8] = ["*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"];

/// Left out under the same condition (`sourceignore.ExcludeCI`, `ExcludeExtra`).
const BY_DEFAULT: [&str; 12] = [
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// The most folders that are searched for files with patterns.
const FOLDER_LIMIT: usize = 100_000;

/// Describes what a source's `spec` changes of its artifact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Selection {
    /// `spec.ignore`
    pub ignore: Option<String>,
    /// The folders into which `spec.include` copies the content of other sources, each with that source.
    pub includes: Vec<(String, String)>,
    /// `spec.recurseSubmodules`
    pub submodules: bool,
    /// The folder that a pipeline builds the artifact from; none if the source is the repository itself.
    pub pushed: Option<PushedFolder>,
}

/// Explains why a file is not in the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// It is a symbolic link, or is reached by one.
    Link,
    /// A line of a file of the repository names it, such as `.sourceignore`.
    Named(String, usize),
    /// `spec.ignore` of the source names it.
    Spec,
    /// source-controller leaves it out by default.
    Default,
    /// The line of a pipeline that builds the artifact leaves it out.
    NotPushed(String, usize),
    /// Git ignores it, and does not track it.
    Git,
    /// It is in a submodule, which is not fetched.
    Submodule,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => {
                formatter.write_str("it is a symbolic link, and source-controller leaves links out of the artifact")
            }
            Self::Named(file, line) => write!(formatter, "{file}:{line} leaves it out of the artifact that Flux reads"),
            Self::Spec => {
                formatter.write_str("spec.ignore of the source leaves it out of the artifact that Flux reads")
            }
            Self::NotPushed(file, line) => {
                write!(formatter, "{file}:{line} leaves it out of the artifact that it pushes")
            }
            Self::Default => formatter.write_str("source-controller leaves it out of the artifact by default"),
            Self::Submodule => formatter
                .write_str("it is in a submodule, which source-controller fetches by spec.recurseSubmodules alone"),
            Self::Git => formatter.write_str("git ignores it, so that it is never committed and Flux never sees it"),
        }
    }
}

/// Decides what is left out, and keeps what it read until the next reload.
#[derive(Debug)]
pub(super) struct Artifact {
    root: PathBuf,
    always: Vec<Pattern>,
    by_default: Vec<Pattern>,
    /// The patterns of each folder's own file.
    folders: HashMap<String, Vec<Pattern>>,
    /// The patterns of each folder's `.gitignore`.
    ignored: HashMap<String, Option<ignore::gitignore::Gitignore>>,
    /// The paths that git ignores and does not track, once git was queried.
    not_in_git: Option<BTreeSet<String>>,
    /// `spec.ignore` of the source that is read.
    spec: Vec<Pattern>,
    /// The patterns of each line of a pipeline that pushes the artifact, with its file and line.
    not_pushed: Vec<(String, usize, Vec<Pattern>)>,
    selection: Selection,
    /// Whether the artifact has something below a folder that is left out, for this selection.
    kept_below: HashMap<String, bool>,
    /// The folders of submodules, once they are needed.
    submodules: Option<Vec<String>>,
    /// The files that git tracks and keeps out of the working tree, once they are needed.
    not_checked_out: Option<BTreeSet<String>>,
    /// Whether the repository has a pattern of its own below the folder that the artifact is built from.
    has_own: HashMap<Option<PushedFolder>, bool>,
    /// The answers for the source that is read, by path, of files and of folders: every rule queries the same files.
    answers: [HashMap<String, Option<LeftOut>>; 2],
}

impl Artifact {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            always: ALWAYS.iter().map(|text| Pattern::new(text, "", 0)).collect(),
            by_default: BY_ENDING.iter().chain(&BY_DEFAULT).map(|text| Pattern::new(text, "", 0)).collect(),
            folders: HashMap::new(),
            ignored: HashMap::new(),
            not_in_git: None,
            spec: Vec::new(),
            not_pushed: Vec::new(),
            selection: Selection::default(),
            kept_below: HashMap::new(),
            submodules: None,
            not_checked_out: None,
            has_own: HashMap::new(),
            answers: Default::default(),
        }
    }

    /// Forgets what was read.
    pub(super) fn refresh(&mut self) {
        let root = std::mem::take(&mut self.root);
        *self = Self::new(&root);
    }

    /// Reads from now on as the source with this `spec` does.
    pub(super) fn select(&mut self, selection: &Selection) {
        if self.selection == *selection {
            return;
        }
        let folder = selection.pushed.as_ref().map_or("", |pushed| &pushed.folder);
        self.spec = selection.ignore.as_ref().map(|text| patterns(text, folder)).unwrap_or_default();
        let lines = selection.pushed.iter().flat_map(|pushed| &pushed.by);
        self.not_pushed =
            lines.map(|line| (line.file.clone(), line.line, patterns(&line.ignored.join("\n"), folder))).collect();
        self.kept_below.clear();
        self.answers = Default::default();
        self.selection = selection.clone();
    }

    /// Returns the folder that the artifact is built from; empty for the whole repository.
    fn top(&self) -> &str {
        self.selection.pushed.as_ref().map_or("", |pushed| &pushed.folder)
    }

    /// Names the other source that a path of the artifact is copied from, the submodule that is fetched and not here, or
    /// the sparse checkout that leaves it out of the working tree alone.
    pub(super) fn elsewhere(&mut self, path: &str) -> Option<String> {
        let included = self.selection.includes.iter().find(|(folder, _)| path::is_within(path, folder));
        if let Some((folder, source)) = included {
            return Some(format!("{folder} of the artifact is what spec.include copies from {source}"));
        }
        if self.is_not_checked_out(path) {
            return Some(format!("a sparse checkout leaves {path} out of this working tree: git sparse-checkout add"));
        }
        if !self.selection.submodules {
            return None;
        }
        let module = self.submodule(path)?;
        let is_empty = std::fs::read_dir(self.root.join(&module)).map_or(true, |mut entries| entries.next().is_none());
        is_empty.then(|| format!("{module} is a submodule that is not checked out here"))
    }

    /// Tells whether a path is missing here although the last commits have it, as git was told to leave it out.
    fn is_not_checked_out(&mut self, path: &str) -> bool {
        if path.is_empty() || self.root.join(path).symlink_metadata().is_ok() {
            return false;
        }
        let root = &self.root;
        let skipped = self.not_checked_out.get_or_insert_with(|| git::not_checked_out(root).unwrap_or_default());
        // Sorted, what is below a folder follows where the folder with its slash would stand.
        let below = format!("{path}/");
        skipped.contains(path) || skipped.range(below.clone()..).next().is_some_and(|file| file.starts_with(&below))
    }

    fn submodule(&mut self, path: &str) -> Option<String> {
        let root = &self.root;
        let known = self.submodules.get_or_insert_with(|| gitlinks::submodules(root));
        known.iter().find(|module| path::is_within(path, module)).cloned()
    }

    /// Explains why a path of the repository is left out, links aside.
    pub(super) fn leaves_out(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        let kept = |answers: &[HashMap<String, Option<LeftOut>>; 2]| {
            let [of_files, of_folders] = answers;
            if is_folder { of_folders.get(path).cloned() } else { of_files.get(path).cloned() }
        };
        if let Some(known) = kept(&self.answers) {
            return known;
        }
        let answer = self.judge(path, is_folder);
        let [of_files, of_folders] = &mut self.answers;
        let answers = if is_folder { of_folders } else { of_files };
        answers.insert(path.to_owned(), answer.clone());
        answer
    }

    fn judge(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        if !self.selection.submodules && self.submodule(path).is_some_and(|module| module != path) {
            return Some(LeftOut::Submodule);
        }
        match self.by_pattern(path, is_folder) {
            Some(_) if is_folder && self.keeps_below(path) => None,
            Some(left_out) => Some(left_out),
            None => self.not_in_git(path, is_folder),
        }
    }

    /// Returns the reason by which a pattern leaves a path out, whatever is below it.
    fn by_pattern(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let top = self.top().to_owned();
        // Paths beside the pushed folder are in no artifact of it, and no pattern names them.
        if path == top || !path::is_within(path, &top) {
            return None;
        }
        if let Some(left_out) = self.is_not_pushed(&parts, is_folder) {
            return Some(left_out);
        }
        // The patterns of a deeper folder come before those above it, and `spec.ignore` before all.
        if let Some(pattern) = last_that_fits(&self.spec, &parts, is_folder) {
            return pattern.leaves_out.then_some(LeftOut::Spec);
        }
        let mut folder = path::parent(path);
        loop {
            let found = last_that_fits(self.of_folder(folder), &parts, is_folder);
            if let Some((leaves_out, line)) = found.map(|pattern| (pattern.leaves_out, pattern.line)) {
                return leaves_out.then(|| LeftOut::Named(path::join(folder, IGNORE_FILE), line));
            }
            if folder == top {
                break;
            }
            folder = path::parent(folder);
        }
        let fits = |all: &[Pattern]| last_that_fits(all, &parts, is_folder).is_some();
        (fits(&self.always) || fits(&self.by_default) && !self.has_own()).then_some(LeftOut::Default)
    }

    /// Returns the line that does not push a path, if none of the lines pushes it.
    fn is_not_pushed(&self, parts: &[&str], is_folder: bool) -> Option<LeftOut> {
        let leaves_out =
            |patterns: &[Pattern]| last_that_fits(patterns, parts, is_folder).is_some_and(|pattern| pattern.leaves_out);
        let (file, line, _) = self.not_pushed.first()?;
        let by_all = self.not_pushed.iter().all(|(.., patterns)| leaves_out(patterns));
        by_all.then(|| LeftOut::NotPushed(file.clone(), *line))
    }

    /// Tells whether the artifact has something below a folder that is left out: source-controller still walks it, and
    /// matches each file and folder by itself.
    fn keeps_below(&mut self, folder: &str) -> bool {
        if let Some(known) = self.kept_below.get(folder) {
            return *known;
        }
        let (mut folders, mut seen, mut is_kept) = (vec![folder.to_owned()], 0_usize, false);
        'all: while let Some(next) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(self.root.join(&next)) else { continue };
            for entry in entries.flatten() {
                seen = seen.saturating_add(1);
                let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
                if seen > FOLDER_LIMIT || name == ".git" || !(kind.is_dir() || kind.is_file()) {
                    continue;
                }
                let path = path::join(&next, &name);
                if self.by_pattern(&path, kind.is_dir()).is_none() && self.not_in_git(&path, kind.is_dir()).is_none() {
                    is_kept = true;
                    break 'all;
                }
                if kind.is_dir() {
                    folders.push(path);
                }
            }
        }
        self.kept_below.insert(folder.to_owned(), is_kept);
        is_kept
    }

    /// Reads the patterns of a folder's own file, if the artifact has that file.
    fn of_folder(&mut self, folder: &str) -> &[Pattern] {
        let file = path::join(folder, IGNORE_FILE);
        let parts: Vec<&str> = file.split('/').collect();
        if self.is_not_pushed(&parts, false).is_some() {
            return &[];
        }
        let root = &self.root;
        self.folders.entry(folder.to_owned()).or_insert_with(|| read_patterns(root, &file, folder))
    }

    /// Tells whether the repository has a pattern of its own; searches only if the answer counts.
    fn has_own(&mut self) -> bool {
        // `spec.ignore` differs per source; the files are the same for all.
        if !self.spec.is_empty() {
            return true;
        }
        let pushed = self.selection.pushed.clone();
        if let Some(known) = self.has_own.get(&pushed) {
            return *known;
        }
        let found = self.names_anything();
        self.has_own.insert(pushed, found);
        found
    }

    /// Tells whether any file has a pattern.
    fn names_anything(&mut self) -> bool {
        let mut folders = vec![self.top().to_owned()];
        let mut seen: usize = 0;
        while let Some(folder) = folders.pop() {
            seen = seen.saturating_add(1);
            if seen > FOLDER_LIMIT {
                return false;
            }
            let Ok(entries) = std::fs::read_dir(self.root.join(&folder)) else { continue };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && name != ".git" {
                    folders.push(path::join(&folder, &name));
                } else if name == IGNORE_FILE && !self.of_folder(&folder).is_empty() {
                    return true;
                }
            }
        }
        false
    }

    /// Tells whether git ignores a path and does not track it. Runs git only if a `.gitignore` on the way seems to name
    /// the path.
    fn not_in_git(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        let mut folder = path::parent(path);
        let mut seems = false;
        loop {
            let root = &self.root;
            let known = self.ignored.entry(folder.to_owned()).or_insert_with(|| tree_walk::gitignore(root, folder));
            let matched = known.as_ref().map(|own| own.matched_path_or_any_parents(root.join(path), is_folder));
            if let Some(matched) = matched.filter(|matched| !matched.is_none()) {
                seems = matched.is_ignore();
                break;
            }
            if folder.is_empty() {
                break;
            }
            folder = path::parent(folder);
        }
        if !seems {
            return None;
        }
        let root = &self.root;
        // Without an answer from git, no path counts as missing.
        let known = self.not_in_git.get_or_insert_with(|| git::ignored(root).unwrap_or_default());
        let is_ignored = path::and_above(path).any(|path| known.contains(path));
        is_ignored.then_some(LeftOut::Git)
    }
}

/// Reads the patterns of a file, which Flux takes as bytes.
fn read_patterns(root: &Path, file: &str, folder: &str) -> Vec<Pattern> {
    contents::bytes(root, file).map(|bytes| patterns(&String::from_utf8_lossy(&bytes), folder)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::pushed::PushLine;
    use super::super::reader::{Place, Reader};
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        std::fs::write(root.join(file), text).unwrap();
    }

    /// Writes a repository that Flux's own code read, too (`tests/testbed/artifact`).
    fn write_recorded(root: &Path, step: &serde_json::Value) -> Vec<String> {
        let files = step["files"].as_object().unwrap();
        for (file, text) in files {
            write(root, file, text.as_str().unwrap());
        }
        let links = step["links"].as_object().cloned().unwrap_or_default();
        for (link, target) in &links {
            std::os::unix::fs::symlink(target.as_str().unwrap(), root.join(link)).unwrap();
        }
        files.keys().chain(links.keys()).cloned().collect()
    }

    fn recorded_selection(step: &serde_json::Value) -> Selection {
        let list = |value: &serde_json::Value| -> Option<Vec<String>> {
            Some(value.as_array()?.iter().map(|one| one.as_str().unwrap().to_owned()).collect())
        };
        let pushed = step.get("push").map(|push| PushedFolder {
            folder: path::below_root(push["path"].as_str().unwrap()),
            by: vec![PushLine {
                file: "ci.yaml".to_owned(),
                line: 1,
                ignored: list(&push["ignore"]).unwrap_or_else(PushLine::by_default),
            }],
        });
        Selection { ignore: step["ignore"].as_str().map(str::to_owned), pushed, ..Selection::default() }
    }

    #[test]
    fn a_repository_is_to_flux_what_its_own_code_makes_of_it() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/artifact/recorded.jsonl");
        let recorded = std::fs::read_to_string(file).unwrap();
        let mut wrong = Vec::new();
        for line in recorded.lines() {
            let step: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(step.get("error"), None, "{line}");
            let folder = tempfile::tempdir().unwrap();
            let files = write_recorded(folder.path(), &step);
            let mut reader = Reader::new(folder.path());
            let selection = recorded_selection(&step);
            reader.select(&selection);
            let top = selection.pushed.map(|pushed| pushed.folder).unwrap_or_default();
            let kept: Vec<&str> = step["kept"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            for file in files.iter().filter(|file| path::is_within(file, &top)) {
                let is_there = reader.place_in_artifact(file) == Place::File;
                if is_there != kept.contains(&file.as_str()) {
                    wrong.push(format!("{file} is {}there: {line}", if is_there { "" } else { "not " }));
                }
                // A folder is in the artifact if anything below it is.
                let above =
                    path::and_above(path::parent(file)).filter(|above| is_there && path::is_within(above, &top));
                for above in above.filter(|above| reader.place_in_artifact(above) != Place::Folder).collect::<Vec<_>>()
                {
                    wrong.push(format!("{above}, around {file}, is not there: {line}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_last_word_counts_and_defaults_end_where_something_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut artifact = Artifact::new(root);
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), Some(LeftOut::Default));
        assert_eq!(artifact.leaves_out("a/.sops.yaml", false), Some(LeftOut::Default));
        assert_eq!(artifact.leaves_out("a/b.yaml", false), None);

        write(root, "a/.sourceignore", "# nothing\n\nb.yaml\n!keep/b.yaml\n");
        assert_eq!(artifact.leaves_out("a/b.yaml", false), None, "what was answered is kept until the next reload");
        artifact.refresh();
        assert_eq!(artifact.leaves_out("a/x/b.yaml", false), Some(LeftOut::Named("a/.sourceignore".to_owned(), 3)));
        assert_eq!(artifact.leaves_out("a/keep/b.yaml", false), None);
        assert_eq!(artifact.leaves_out("c/b.yaml", false), None);
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), None, "the defaults do not count any more");
        assert_eq!(artifact.leaves_out(".gitignore", false), Some(LeftOut::Default));

        artifact.select(&Selection { ignore: Some("/*\n!/a\n!/c\n".to_owned()), ..Selection::default() });
        assert_eq!(artifact.leaves_out("d/b.yaml", false), Some(LeftOut::Spec));
        assert_eq!(artifact.leaves_out("a/x/b.yaml", false), None, "spec.ignore has the last word");

        // The answers for one source are not used for the next.
        let other = tempfile::tempdir().unwrap();
        let mut artifact = Artifact::new(other.path());
        artifact.select(&Selection { ignore: Some("x.yaml\n".to_owned()), ..Selection::default() });
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), None);
        artifact.select(&Selection::default());
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), Some(LeftOut::Default));
    }

    #[test]
    fn what_was_answered_of_a_file_is_kept_for_the_next_rule_that_asks() {
        let folder = tempfile::tempdir().unwrap();
        let mut artifact = Artifact::new(folder.path());
        for file in 0..50 {
            assert_eq!(artifact.leaves_out(&format!("a/{file}.yaml"), false), None);
            assert_eq!(artifact.leaves_out(&format!("a/{file}.yaml"), false), None);
        }
        assert_eq!((artifact.answers[0].len(), artifact.answers[1].len()), (50, 0));
        artifact.select(&Selection { ignore: Some("x\n".to_owned()), ..Selection::default() });
        assert!(artifact.answers[0].is_empty(), "another source is asked anew");
    }
}
