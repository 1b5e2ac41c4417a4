//! What source-controller leaves out of the artifact that Flux reads: it is in the working tree, and nowhere for Flux.
//!
//! The rules are those of source-controller 1.7 (`Storage.Archive` and github.com/fluxcd/pkg/sourceignore): symbolic links are left out, then
//! what `.sourceignore` files and `spec.ignore` name, the last pattern that fits first. What git ignores never gets there at all. The
//! defaults for pictures, archives and files of CI count only where nothing of the repository's own is named anywhere.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use super::{contents, git, gitlinks, path, tree_walk};

/// The file that names what is left out, in the folder that it stands in and below.
pub const IGNORE_FILE: &str = ".sourceignore";

/// Left out always (`sourceignore.ExcludeVCS`).
const ALWAYS: [&str; 4] = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// Left out where no pattern of the repository's own is there (`sourceignore.ExcludeExt`, `ExcludeCI`, `ExcludeExtra`).
const BY_DEFAULT: [&str; 20] = [
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
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

/// More folders than this are not searched for files that name what is left out.
const FOLDER_LIMIT: usize = 100_000;

/// Says what a source's `spec` changes of its artifact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Selection {
    /// `spec.ignore`
    pub ignore: Option<String>,
    /// The folders into which `spec.include` copies what other sources hold, each with that source.
    pub includes: Vec<(String, String)>,
    /// `spec.recurseSubmodules`
    pub submodules: bool,
}

/// Says why something is not in the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// It is a symbolic link, or is reached by one.
    Link,
    /// A file of the repository names it, such as `.sourceignore`, on a line.
    Named(String, usize),
    /// `spec.ignore` of the source names it.
    Spec,
    /// source-controller leaves it out wherever nothing else is said.
    Default,
    /// Git ignores it, and does not have it.
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
            Self::Default => formatter.write_str("source-controller leaves it out of the artifact by default"),
            Self::Submodule => formatter
                .write_str("it is in a submodule, which source-controller fetches by spec.recurseSubmodules alone"),
            Self::Git => formatter.write_str("git ignores it, so that it is never committed and Flux never sees it"),
        }
    }
}

/// Knows what is left out, with what was read kept until the next reload.
#[derive(Debug)]
pub(super) struct Artifact {
    root: PathBuf,
    always: Vec<Pattern>,
    by_default: Vec<Pattern>,
    /// The patterns of each folder's own file.
    folders: HashMap<String, Vec<Pattern>>,
    /// What git ignores in each folder.
    ignored: HashMap<String, Option<ignore::gitignore::Gitignore>>,
    /// What git ignores and does not have, once it was asked.
    not_in_git: Option<BTreeSet<String>>,
    /// `spec.ignore` of the source that is read.
    spec: Vec<Pattern>,
    selection: Selection,
    /// The folders of submodules, once they are asked for.
    submodules: Option<Vec<String>>,
    /// Whether the repository has a pattern of its own anywhere.
    has_own: Option<bool>,
}

impl Artifact {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            always: ALWAYS.iter().map(|text| Pattern::new(text, "", 0)).collect(),
            by_default: BY_DEFAULT.iter().map(|text| Pattern::new(text, "", 0)).collect(),
            folders: HashMap::new(),
            ignored: HashMap::new(),
            not_in_git: None,
            spec: Vec::new(),
            selection: Selection::default(),
            submodules: None,
            has_own: None,
        }
    }

    /// Forgets what was read.
    pub(super) fn refresh(&mut self) {
        let root = std::mem::take(&mut self.root);
        *self = Self::new(&root);
    }

    /// Reads from now on as the source with this `spec` does.
    pub(super) fn select(&mut self, selection: &Selection) {
        self.spec = selection.ignore.as_ref().map(|text| patterns(text, "")).unwrap_or_default();
        self.selection = selection.clone();
    }

    /// Names the source that a path of the artifact is copied from, where that is another one; or the submodule that is fetched and not here.
    pub(super) fn elsewhere(&mut self, path: &str) -> Option<String> {
        let included = self.selection.includes.iter().find(|(folder, _)| path::is_within(path, folder));
        if let Some((folder, source)) = included {
            return Some(format!("{folder} of the artifact is what spec.include copies from {source}"));
        }
        if !self.selection.submodules {
            return None;
        }
        let module = self.submodule(path)?;
        let is_empty = std::fs::read_dir(self.root.join(&module)).map_or(true, |mut entries| entries.next().is_none());
        is_empty.then(|| format!("{module} is a submodule that is not checked out here"))
    }

    fn submodule(&mut self, path: &str) -> Option<String> {
        let root = &self.root;
        let known = self.submodules.get_or_insert_with(|| gitlinks::submodules(root));
        known.iter().find(|module| path::is_within(path, module)).cloned()
    }

    /// Says why a path of the repository is left out, links aside.
    pub(super) fn leaves_out(&mut self, path: &str, is_folder: bool) -> Option<LeftOut> {
        if !self.selection.submodules && self.submodule(path).is_some_and(|module| module != path) {
            return Some(LeftOut::Submodule);
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        // The patterns of a deeper folder come before those above it, and `spec.ignore` before all.
        if let Some(pattern) = last_that_fits(&self.spec, &parts, is_folder) {
            return pattern.leaves_out.then_some(LeftOut::Spec).or_else(|| self.not_in_git(path, is_folder));
        }
        let mut folder = path::parent(path);
        loop {
            let found = last_that_fits(self.of_folder(folder), &parts, is_folder);
            if let Some((leaves_out, line)) = found.map(|pattern| (pattern.leaves_out, pattern.line)) {
                let named = LeftOut::Named(path::join(folder, IGNORE_FILE), line);
                return leaves_out.then_some(named).or_else(|| self.not_in_git(path, is_folder));
            }
            if folder.is_empty() {
                break;
            }
            folder = path::parent(folder);
        }
        let fits = |all: &[Pattern]| last_that_fits(all, &parts, is_folder).is_some();
        if fits(&self.always) || fits(&self.by_default) && !self.has_own() {
            return Some(LeftOut::Default);
        }
        self.not_in_git(path, is_folder)
    }

    fn of_folder(&mut self, folder: &str) -> &[Pattern] {
        let root = &self.root;
        self.folders.entry(folder.to_owned()).or_insert_with(|| {
            let file = path::join(folder, IGNORE_FILE);
            contents::text(root, &file).map(|text| patterns(&text, folder)).unwrap_or_default()
        })
    }

    /// Tells whether the repository names anything itself; looked for only where the answer counts.
    fn has_own(&mut self) -> bool {
        // `spec.ignore` is another for each source; what the files say is the same for all.
        let root = &self.root;
        !self.spec.is_empty() || *self.has_own.get_or_insert_with(|| names_anything(root))
    }

    /// Says so where git ignores a path and does not have it. Git itself is asked only where a `.gitignore` on the way seems to name it.
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
        // Where git cannot be asked nothing is said to be missing.
        let known = self.not_in_git.get_or_insert_with(|| git::ignored(root).unwrap_or_default());
        let is_ignored = path::and_above(path).any(|path| known.contains(path));
        is_ignored.then_some(LeftOut::Git)
    }
}

/// Looks for a file with a pattern anywhere.
fn names_anything(root: &Path) -> bool {
    let mut folders = vec![root.to_owned()];
    let mut seen: usize = 0;
    while let Some(folder) = folders.pop() {
        seen = seen.saturating_add(1);
        if seen > FOLDER_LIMIT {
            return false;
        }
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && name != ".git" {
                folders.push(entry.path());
            } else if name == IGNORE_FILE
                && let Ok(file) = entry.path().strip_prefix(root)
                && contents::text(root, &file.to_string_lossy()).is_ok_and(|text| !patterns(&text, "").is_empty())
            {
                return true;
            }
        }
    }
    false
}

/// A pattern as go-git reads it (`plumbing/format/gitignore`), which differs from git's own in corners.
#[derive(Debug)]
struct Pattern {
    /// The folder that it counts from.
    domain: Vec<String>,
    parts: Vec<String>,
    leaves_out: bool,
    is_folder: bool,
    is_path: bool,
    line: usize,
}

fn patterns(text: &str, folder: &str) -> Vec<Pattern> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|(index, line)| Pattern::new(line, folder, index.saturating_add(1))).collect()
}

fn last_that_fits<'a>(patterns: &'a [Pattern], path: &[&str], is_folder: bool) -> Option<&'a Pattern> {
    patterns.iter().rev().find(|pattern| pattern.fits(path, is_folder))
}

impl Pattern {
    fn new(text: &str, folder: &str, line: usize) -> Self {
        let (leaves_out, text) = text.strip_prefix('!').map_or((true, text), |rest| (false, rest));
        let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
        let (is_folder, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        Self {
            domain: folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            parts: text.split('/').map(str::to_owned).collect(),
            leaves_out,
            is_folder,
            is_path: text.contains('/'),
            line,
        }
    }

    fn fits(&self, path: &[&str], is_folder: bool) -> bool {
        let Some((domain, path)) = path.split_at_checked(self.domain.len()).filter(|(_, rest)| !rest.is_empty()) else {
            return false;
        };
        domain == self.domain.as_slice()
            && if self.is_path { self.fits_path(path, is_folder) } else { self.fits_name(path, is_folder) }
    }

    fn fits_name(&self, path: &[&str], is_folder: bool) -> bool {
        let pattern = self.parts.first().map(String::as_str).unwrap_or_default();
        for (index, name) in path.iter().enumerate() {
            match matches(pattern, name) {
                None => return false,
                Some(false) => {}
                Some(true) => return !self.is_folder || is_folder || index.saturating_add(1) < path.len(),
            }
        }
        false
    }

    fn fits_path(&self, path: &[&str], is_folder: bool) -> bool {
        let (mut rest, mut matched, mut can_traverse) = (path, false, false);
        for (index, pattern) in self.parts.iter().enumerate() {
            if pattern.is_empty() {
                can_traverse = false;
                continue;
            }
            if pattern == "**" {
                if index.saturating_add(1) == self.parts.len() {
                    break;
                }
                can_traverse = true;
                continue;
            }
            if pattern.contains("**") {
                return false;
            }
            if !can_traverse {
                let Some((_, behind)) = rest.split_first().filter(|(first, _)| matches(pattern, first) == Some(true))
                else {
                    return false;
                };
                (matched, rest) = (true, behind);
                continue;
            }
            can_traverse = false;
            if rest.is_empty() {
                return false;
            }
            while let Some((first, behind)) = rest.split_first() {
                rest = behind;
                match matches(pattern, first) {
                    None => return false,
                    Some(true) => {
                        matched = true;
                        break;
                    }
                    Some(false) if rest.is_empty() => matched = false,
                    Some(false) => {}
                }
            }
        }
        matched && !(self.is_folder && !is_folder && rest.is_empty())
    }
}

/// Matches a name with a pattern of Go's `path/filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]` and `\`; `None` where the pattern is none.
fn matches(pattern: &str, name: &str) -> Option<bool> {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut place) = (0_usize, 0_usize);
    // Where to go on when what follows the last star does not fit: the star, and how far it reached.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            None if place == name.len() => return Some(true),
            None => None,
            Some('*') => {
                star = Some((at.saturating_add(1), place));
                at = at.saturating_add(1);
                continue;
            }
            Some(_) => one(pattern.get(at..).unwrap_or_default(), name.get(place).copied())?,
        };
        match (step, star) {
            (Some(length), _) => {
                at = at.saturating_add(length);
                place = place.saturating_add(1);
            }
            (None, Some((behind, reached))) if reached < name.len() => {
                star = Some((behind, reached.saturating_add(1)));
                (at, place) = (behind, reached.saturating_add(1));
            }
            (None, _) => return Some(false),
        }
    }
}

/// Matches one letter with the beginning of a pattern; returns how much of it that was, `Some(None)` where it does not fit.
#[allow(clippy::option_option, reason = "a pattern that is none is not the same as one that does not fit")]
fn one(pattern: &[char], letter: Option<char>) -> Option<Option<usize>> {
    match pattern {
        ['?', ..] => Some(letter.map(|_| 1)),
        ['\\'] => None,
        ['\\', escaped, ..] => Some((letter == Some(*escaped)).then_some(2)),
        ['[', rest @ ..] => {
            let negated = rest.first() == Some(&'^');
            let mut index = usize::from(negated);
            let (mut found, mut count) = (false, 0_usize);
            loop {
                if rest.get(index) == Some(&']') && count > 0 {
                    return Some(letter.filter(|_| found != negated).map(|_| index.saturating_add(2)));
                }
                let (low, next) = in_class(rest, index)?;
                let (high, next) = match rest.get(next) {
                    Some('-') => in_class(rest, next.saturating_add(1))?,
                    _ => (low, next),
                };
                found |= letter.is_some_and(|letter| (low..=high).contains(&letter));
                (index, count) = (next, count.saturating_add(1));
            }
        }
        [same, ..] => Some((letter == Some(*same)).then_some(1)),
        [] => Some(None),
    }
}

fn in_class(rest: &[char], index: usize) -> Option<(char, usize)> {
    match rest.get(index)? {
        '-' | ']' => None,
        '\\' => Some((*rest.get(index.saturating_add(1))?, index.saturating_add(2))),
        letter => Some((*letter, index.saturating_add(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Said by a program over go-git 5.16 (`gitignore.NewMatcher`) for each of these.
    #[test]
    fn patterns_fit_as_those_of_go_git() {
        for (pattern, path, is_folder, fits) in [
            ("docs", "docs", true, true),
            ("docs", "a/docs/b.yaml", false, true),
            ("docs/", "a/docs", false, false),
            ("docs/", "a/docs/b.yaml", false, true),
            ("/docs", "docs/a.yaml", false, true),
            ("/docs", "a/docs", true, false),
            ("/*", "a.yaml", false, true),
            ("/*", "a/b.yaml", false, true),
            ("a/b", "a/b/c", false, true),
            ("a/b", "x/a/b", false, false),
            ("**/b", "x/a/b", false, true),
            ("**/b/", "x/a/b", false, false),
            ("a/**/c.yaml", "a/b/d/c.yaml", false, true),
            ("a/**", "a/b", false, true),
            ("*.yaml", "a/b.yaml", false, true),
            ("values-*.y?ml", "x/values-example.yaml", false, true),
            ("[a-c].yaml", "b.yaml", false, true),
            ("[^a-c].yaml", "b.yaml", false, false),
            ("[a", "a", false, false),
            ("a**b/c", "axb/c", false, false),
            ("a ", "a", false, true),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            assert_eq!(Pattern::new(pattern, "", 1).fits(&parts, is_folder), fits, "{pattern} {path}");
        }
        let below = Pattern::new("/b", "a", 1);
        assert!(below.fits(&["a", "b"], false) && !below.fits(&["b"], false) && !below.fits(&["a"], true));
    }

    fn write(root: &Path, file: &str, text: &str) {
        std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        std::fs::write(root.join(file), text).unwrap();
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
        artifact.refresh();
        assert_eq!(artifact.leaves_out("a/x/b.yaml", false), Some(LeftOut::Named("a/.sourceignore".to_owned(), 3)));
        assert_eq!(artifact.leaves_out("a/keep/b.yaml", false), None);
        assert_eq!(artifact.leaves_out("c/b.yaml", false), None);
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), None, "the defaults do not count any more");
        assert_eq!(artifact.leaves_out(".gitignore", false), Some(LeftOut::Default));

        artifact.select(&Selection { ignore: Some("/*\n!/a\n!/c\n".to_owned()), ..Selection::default() });
        assert_eq!(artifact.leaves_out("d/b.yaml", false), Some(LeftOut::Spec));
        assert_eq!(artifact.leaves_out("a/x/b.yaml", false), None, "spec.ignore has the last word");

        // What one source names is not asked of the next.
        let other = tempfile::tempdir().unwrap();
        let mut artifact = Artifact::new(other.path());
        artifact.select(&Selection { ignore: Some("x.yaml\n".to_owned()), ..Selection::default() });
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), None);
        artifact.select(&Selection::default());
        assert_eq!(artifact.leaves_out(".github/a.yaml", false), Some(LeftOut::Default));
    }
}
