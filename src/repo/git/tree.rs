//! Writing the tree of a commit or of the index into a folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufReader, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::run;
use crate::model::Fault;

/// The size, in bytes, above which a file is written empty but with its real length: readers refuse it by the length.
const LARGEST: u64 = crate::files::MANIFEST_LIMIT;

/// A commit or a tree by its hash: typed text reaches an argument of git only in this form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hash(String);

impl Hash {
    /// Resolves a name through git; an option that looks like a name is refused.
    fn resolve(root: &Path, what: &str, name: &str, kind: &str) -> Result<Self, Fault> {
        let asked = format!("{name}^{{{kind}}}");
        let printed = run::output(root, what, &["rev-parse", "--verify", "--quiet", "--end-of-options", &asked]);
        let unknown =
            |why: String| Fault::failed(what, why, "name a commit, a branch or a tag: git log --oneline --all");
        let printed = printed.map_err(|fault| {
            unknown(if fault.why.trim().is_empty() || fault.why.starts_with("git gave no reason") {
                format!("git knows no commit {name}")
            } else {
                fault.why
            })
        })?;
        let text = String::from_utf8_lossy(&printed).trim().to_owned();
        let is_hash = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self(text)) } else { Err(unknown(format!("git names no commit for {name}"))) }
    }
}

/// Writes all files of a commit, or of the index if none is named, into an empty folder. The repository stays
/// unchanged, and no filter runs: the files are as git stores them.
///
/// # Errors
/// Fails if git does not know the commit, or the files cannot be written.
pub fn check_out(root: &Path, commit: Option<&str>, folder: &Path) -> Result<(), Fault> {
    let what = match commit {
        Some(commit) => format!("the files of {commit} are not read"),
        None => "what is staged is not read".to_owned(),
    };
    let entries = list(root, &what, commit)?;
    fill(root, &what, folder, &entries.iter().collect::<Vec<_>>())
}

/// A folder that holds the files of one commit, and then of another: only the differing ones are written.
#[derive(Debug)]
pub struct CommitFolder {
    folder: PathBuf,
    entries: BTreeMap<PathBuf, Entry>,
}

impl CommitFolder {
    /// Takes an empty folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), entries: BTreeMap::new() }
    }

    /// Fills the folder with the files of a commit, and returns the paths that changed.
    ///
    /// # Errors
    /// Fails when git does not know the commit, or the files cannot be written.
    pub fn move_to(&mut self, root: &Path, commit: &str) -> Result<Vec<String>, Fault> {
        let what = format!("the files of {commit} are not read");
        let entries = list(root, &what, Some(commit))?.into_iter().map(|entry| (entry.path.clone(), entry));
        let entries: BTreeMap<PathBuf, Entry> = entries.collect();
        let is_new = |path: &PathBuf, entry: &Entry| self.entries.get(path) != Some(entry);
        let gone = self.entries.keys().filter(|path| !entries.contains_key(*path));
        let new = entries.iter().filter(|(path, entry)| is_new(path, entry));
        let changed: Vec<PathBuf> = gone.chain(new.map(|(path, _)| path)).cloned().collect();
        let failed = |error: std::io::Error| {
            Fault::failed(what.clone(), error.to_string(), "is there room in /dev/shm or /tmp?")
        };
        // With links among the files, none is kept: no file is ever written through a link.
        let has_links = self.entries.values().chain(entries.values()).any(|entry| entry.link);
        let wanted: Vec<&Entry> = if has_links {
            clear(&self.folder).map_err(failed)?;
            entries.values().collect()
        } else {
            for path in changed.iter().filter(|path| self.entries.contains_key(*path)) {
                remove(&self.folder, path).map_err(failed)?;
            }
            changed.iter().filter_map(|path| entries.get(path)).collect()
        };
        // After a failed write the content is unknown: the entries count only once all are written.
        self.entries.clear();
        fill(root, &what, &self.folder, &wanted)?;
        self.entries = entries;
        Ok(changed.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
    }
}

/// Empties a folder.
fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes a file, and the folders that are empty then.
fn remove(folder: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(folder.join(path))?;
    for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        // A folder that is not empty stays, and so do all above it.
        if std::fs::remove_dir(folder.join(above)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Lists the files of a commit, or of the index if none is named.
fn list(root: &Path, what: &str, commit: Option<&str>) -> Result<Vec<Entry>, Fault> {
    let printed = match commit {
        Some(commit) => {
            let Hash(tree) = Hash::resolve(root, what, commit, "tree")?;
            run::output(root, what, &["ls-tree", "-r", "-z", "--full-tree", &tree])?
        }
        None => run::output(root, what, &["ls-files", "--stage", "-z", "--full-name"])?,
    };
    Ok(printed.split(|byte| *byte == 0).filter_map(Entry::read).collect())
}

/// Writes files into a folder that does not have them yet.
fn fill(root: &Path, what: &str, folder: &Path, entries: &[&Entry]) -> Result<(), Fault> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut command = run::command(root, &["cat-file", "--batch"]);
    let mut child = command.piped_input().spawn().map_err(|error| run::not_started(what, &error))?;
    let (Some(mut asked), Some(answers)) = (child.stdin(), child.stdout()) else {
        return Err(Fault::failed(what, "git cat-file has no pipes", "try again"));
    };
    let written = std::thread::scope(|scope| {
        // git answers while it reads: a caller that writes everything first would block for ever.
        scope.spawn(move || entries.iter().try_for_each(|entry| writeln!(asked, "{}", entry.hash)));
        write(folder, entries, BufReader::new(answers))
    });
    if written.is_err() {
        child.end();
    }
    let output = child.finish().map_err(|error| run::not_started(what, &error))?;
    match written {
        Ok(()) if output.status.success() => Ok(()),
        Ok(()) => Err(run::refused(what, root, &output.stderr)),
        Err(error) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let why = if said.is_empty() { error.to_string() } else { format!("{error}: {said}") };
            Err(Fault::failed(
                what,
                why,
                "is there room in /dev/shm or /tmp, and does `git fsck` find the repository whole?",
            ))
        }
    }
}

/// A file or a link of a tree.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    hash: String,
    link: bool,
    executable: bool,
}

impl Entry {
    /// Reads `MODE blob HASH<tab>PATH` of `ls-tree`, or `MODE HASH STAGE<tab>PATH` of `ls-files`. It leaves out
    /// submodules, all sides of a conflict but ours, and a path that would lead out of the folder, which git itself
    /// never checks out.
    fn read(line: &[u8]) -> Option<Self> {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let (about, path) = (std::str::from_utf8(line.get(..tab)?).ok()?, line.get(tab.saturating_add(1)..)?);
        let mut words = about.split(' ');
        let (mode, kind, last) = (words.next()?, words.next()?, words.next()?);
        let (("blob", hash) | (hash, "0" | "2")) = (kind, last) else { return None };
        let strange = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.eq_ignore_ascii_case(b".git");
        let is_link = mode == "120000";
        let wanted = is_link || mode.starts_with("100");
        (wanted && !path.split(|byte| *byte == b'/').any(strange)).then(|| Self {
            path: PathBuf::from(OsStr::from_bytes(path)),
            hash: hash.to_owned(),
            link: is_link,
            executable: mode == "100755",
        })
    }
}

/// Reads the answers of `git cat-file --batch` (a line with the size, the bytes, a line end) and writes each to its
/// path.
fn write(folder: &Path, entries: &[&Entry], mut answers: impl std::io::BufRead) -> std::io::Result<()> {
    let broken = |what: &str, entry: &Entry| std::io::Error::other(format!("{}: {what}", entry.path.display()));
    let mut links = Vec::new();
    for entry in entries {
        let mut head = String::new();
        answers.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| broken("its content is not in this clone", entry))?;
        let mut content = answers.by_ref().take(size);
        if entry.link {
            let mut target = Vec::new();
            content.by_ref().take(LARGEST).read_to_end(&mut target)?;
            links.push((*entry, target));
        } else {
            let path = folder.join(&entry.path);
            std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
            let mode = if entry.executable { 0o700 } else { 0o600 };
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
            if size > LARGEST {
                file.set_len(size)?;
            } else {
                std::io::copy(&mut content, &mut file)?;
            }
        }
        // Skip the unwanted rest, and the line end after it.
        std::io::copy(&mut content, &mut std::io::sink())?;
        head.clear();
        answers.read_line(&mut head)?;
    }
    // Links come last, so that no file is written through one. Their targets are checked on reading.
    for (entry, target) in links {
        let path = folder.join(&entry.path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        symlink(OsStr::from_bytes(&target), &path).map_err(|error| broken(&error.to_string(), entry))?;
    }
    Ok(())
}

/// Finds the commit of a name such as `HEAD^`; `None` if there is none.
pub fn commit(root: &Path, name: &str) -> Option<String> {
    Hash::resolve(root, "", name, "commit").ok().map(|Hash(hash)| hash)
}

/// Names the two states to compare; commits by any name that git knows.
#[derive(Debug, Clone, Copy)]
pub enum Between<'a> {
    /// Two commits.
    Commits(&'a str, &'a str),
    /// A commit and the index.
    Staged(&'a str),
    /// A commit and the working tree.
    WorkingTree(&'a str),
    /// The index and the working tree.
    Unstaged,
}

/// Lists the files that differ between two states.
///
/// # Errors
/// Fails if git does not know a commit.
pub fn changed(root: &Path, between: Between<'_>) -> Result<Vec<String>, Fault> {
    let what = "the changed files are not listed";
    let hash = |name: &str| Hash::resolve(root, what, name, "commit").map(|Hash(hash)| hash);
    let states = match between {
        Between::Commits(old, new) => vec![hash(old)?, hash(new)?],
        Between::Staged(old) => vec!["--cached".to_owned(), hash(old)?],
        Between::WorkingTree(old) => vec![hash(old)?],
        Between::Unstaged => Vec::new(),
    };
    let mut all = vec!["diff", "--name-only", "--no-renames", "-z"];
    all.extend(states.iter().map(String::as_str));
    all.push("--");
    let printed = run::finish(run::comparing(root, &all), root, what)?;
    let text = String::from_utf8_lossy(&printed);
    Ok(text.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::{Between, CommitFolder, Entry, changed, check_out, commit};
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn a_tree_is_written_as_it_is_stored() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let repository = TestRepository::new();
        repository.write(".gitattributes", "*.yaml filter=x\n");
        repository.write("apps/a.yaml", "a: 1\n");
        repository.write("run.sh", "#!/bin/sh\n");
        let script = repository.path().join("run.sh");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        symlink("apps/a.yaml", repository.path().join("link")).unwrap();
        repository.commit("one");
        repository.write("apps/a.yaml", "a: 2\n");
        repository.git(&["add", "apps/a.yaml"]);
        let ran = repository.path().join("ran");
        let program = format!("touch {}; cat", ran.display());
        repository.git(&["config", "filter.x.smudge", &program]);
        repository.git(&["config", "filter.x.clean", &program]);
        for (name, wanted) in [(Some("HEAD"), "a: 1\n"), (None, "a: 2\n")] {
            let folder = tempfile::tempdir().unwrap();
            check_out(repository.path(), name, folder.path()).unwrap();
            assert_eq!(std::fs::read_to_string(folder.path().join("apps/a.yaml")).unwrap(), wanted);
            assert_eq!(std::fs::read_link(folder.path().join("link")).unwrap().to_str(), Some("apps/a.yaml"));
            assert_ne!(std::fs::metadata(folder.path().join("run.sh")).unwrap().permissions().mode() & 0o100, 0);
        }
        assert!(!ran.exists(), "a filter ran");
        let folder = tempfile::tempdir().unwrap();
        let fault = check_out(repository.path(), Some("nowhere"), folder.path()).unwrap_err();
        assert!(fault.why.contains("nowhere"), "{fault}");
    }

    #[test]
    fn a_folder_goes_from_commit_to_commit_by_what_differs() {
        use std::os::unix::fs::symlink;
        let repository = TestRepository::new();
        repository.write("a/b/c.yaml", "c: 1\n");
        repository.write("same.yaml", "a: 1\n");
        let first = repository.commit("one");
        std::fs::remove_dir_all(repository.path().join("a")).unwrap();
        repository.write("a", "now a file\n");
        let second = repository.commit("two");
        std::fs::remove_file(repository.path().join("a")).unwrap();
        symlink("/", repository.path().join("a")).unwrap();
        let third = repository.commit("three");
        let place = tempfile::tempdir().unwrap();
        let mut folder = CommitFolder::new(place.path());
        let text = |path: &str| std::fs::read_to_string(place.path().join(path)).ok();
        assert_eq!(folder.move_to(repository.path(), &second).unwrap(), ["a", "same.yaml"]);
        assert_eq!(folder.move_to(repository.path(), &first).unwrap(), ["a", "a/b/c.yaml"]);
        assert_eq!((text("a/b/c.yaml").as_deref(), text("same.yaml").as_deref()), (Some("c: 1\n"), Some("a: 1\n")));
        assert_eq!(folder.move_to(repository.path(), &third).unwrap(), ["a/b/c.yaml", "a"]);
        assert!(place.path().join("a").symlink_metadata().unwrap().is_symlink());
        // Nothing is written through the link.
        folder.move_to(repository.path(), &first).unwrap();
        assert_eq!(text("a/b/c.yaml").as_deref(), Some("c: 1\n"));
        assert!(folder.move_to(repository.path(), "nowhere").is_err());
        folder.move_to(repository.path(), &second).unwrap();
        assert_eq!(text("a").as_deref(), Some("now a file\n"));
    }

    #[test]
    fn what_looks_like_an_option_is_no_commit() {
        let repository = TestRepository::new();
        repository.write("a.yaml", "a: 1\n");
        repository.commit("one");
        let precious = repository.path().join("precious");
        std::fs::write(&precious, "precious").unwrap();
        let option = format!("--output={}", precious.display());
        let root = repository.path();
        assert_eq!(commit(root, &option), None);
        for between in [
            Between::Commits("HEAD", &option),
            Between::Commits(&option, "HEAD"),
            Between::Staged(&option),
            Between::WorkingTree(&option),
        ] {
            assert!(changed(root, between).is_err(), "{between:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(check_out(root, Some(&option), folder.path()).is_err());
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    fn paths_that_lead_out_are_left_out() {
        let hash = "78981922613b2afb6025042ff6bd878ac1994e85";
        let read = |path: &str| Entry::read(format!("100644 blob {hash}\t{path}").as_bytes()).is_some();
        assert!(read("apps/a.yaml") && read("..a/b"));
        for path in ["../a", "/a", "a/../../b", ".git/config", "a/.GIT/config", "a//b", ""] {
            assert!(!read(path), "{path}");
        }
        assert!(Entry::read(format!("160000 commit {hash}\tsub").as_bytes()).is_none());
        assert!(Entry::read(format!("100644 {hash} 1\ta").as_bytes()).is_none());
        assert!(Entry::read(format!("100644 {hash} 2\ta").as_bytes()).is_some());
    }
}
