//! The files of the last commit. A failure of git is another answer than a missing commit, or a missing file in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::contents;
use super::{files, pipes, run};
use crate::model::Fault;

const WHAT: &str = "the last commit cannot be read";

/// Holds the files of the last commit by their paths, each with the hash of its content.
#[derive(Debug)]
pub struct LastCommit {
    root: PathBuf,
    files: BTreeMap<String, String>,
}

/// Tells whether a folder is in a repository, whether or not git can open it.
pub fn is_in_repository(folder: &Path) -> bool {
    pipes::top(folder).is_some() || std::env::var_os("GIT_DIR").is_some()
}

impl LastCommit {
    /// Lists the files of the last commit; `None` if there is no repository, or no commit in it.
    ///
    /// # Errors
    /// If git cannot be started, or refuses.
    pub fn read(root: &Path) -> Result<Option<Self>, Fault> {
        if !is_in_repository(root) {
            return Ok(None);
        }
        // `HEAD` of an empty repository names a branch without a commit; git reports that by its exit code alone.
        let head = ["rev-parse", "--verify", "--quiet", "HEAD"];
        let head = run::bounded(run::command(root, &head)).map_err(|error| run::not_started(WHAT, &error))?;
        if !head.status.success() {
            let says_nothing = head.stderr.iter().all(u8::is_ascii_whitespace);
            return if says_nothing { Ok(None) } else { Err(run::refused(WHAT, root, &head.stderr)) };
        }
        let printed = run::output(root, WHAT, &["ls-tree", "-r", "-z", "--full-tree", "HEAD"])?;
        let files = printed.split(|byte| *byte == 0).filter_map(entry).collect();
        Ok(Some(Self { root: root.to_owned(), files }))
    }

    /// Iterates over the paths of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Reads a file of it; `None` if it has no such path, or the file is no text.
    ///
    /// # Errors
    /// If git cannot be started or refuses, and above 16 MiB.
    pub fn text(&self, path: &str) -> Result<Option<String>, Fault> {
        Ok(self.texts([path])?.into_iter().next().map(|(_, text)| text))
    }

    /// Reads several files of it with one git; leaves out missing ones and those that are no text.
    ///
    /// # Errors
    /// As [`LastCommit::text`].
    pub fn texts<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<Vec<(&'a str, String)>, Fault> {
        let wanted: Vec<(&str, &str)> =
            paths.into_iter().filter_map(|path| Some((path, self.files.get(path)?.as_str()))).collect();
        let hashes: Vec<&str> = wanted.iter().map(|(_, hash)| *hash).collect();
        let sizes = files::sizes(&self.root, WHAT, &hashes)?;
        if let Some((path, _)) =
            wanted.iter().zip(sizes).find(|(_, size)| *size > contents::SIZE_LIMIT).map(|(one, _)| one)
        {
            let why = format!("{path} is larger there than {} bytes", contents::SIZE_LIMIT);
            return Err(Fault::failed(WHAT, why, format!("look at it yourself: git show HEAD:{path}")));
        }
        let blobs = files::blobs(&self.root, WHAT, &hashes)?;
        let text = |(bytes, (path, _)): (Vec<u8>, (&'a str, &str))| Some((path, String::from_utf8(bytes).ok()?));
        Ok(blobs.into_iter().zip(wanted).filter_map(text).collect())
    }
}

/// Reads `MODE blob HASH<tab>PATH` of a regular file.
fn entry(line: &[u8]) -> Option<(String, String)> {
    let (about, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let mut words = about.split(' ');
    let (mode, kind, hash) = (words.next()?, words.next()?, words.next()?);
    (kind == "blob" && mode.starts_with("100")).then(|| (path.to_owned(), hash.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use super::LastCommit;

    #[test]
    fn no_commit_is_another_answer_than_no_git() {
        let outside = tempfile::tempdir().unwrap();
        assert!(LastCommit::read(outside.path()).unwrap().is_none());
        let repository = TestRepository::new();
        assert!(LastCommit::read(repository.path()).unwrap().is_none());
        repository.write("a.yaml", "a: 1\n");
        repository.write("b c.yaml", "b: 1\n");
        repository.commit("first");
        repository.write("a.yaml", "a: 2\n");
        let last = LastCommit::read(repository.path()).unwrap().unwrap();
        assert_eq!(last.names().collect::<Vec<_>>(), ["a.yaml", "b c.yaml"]);
        assert_eq!(last.text("a.yaml").unwrap().as_deref(), Some("a: 1\n"));
        assert_eq!(last.text("c.yaml").unwrap(), None);
        // The object is lost: that is another case than a missing file.
        let hash = repository.git(&["rev-parse", "HEAD:a.yaml"]);
        let (folder, name) = hash.split_at(2);
        std::fs::remove_file(repository.path().join(".git/objects").join(folder).join(name)).unwrap();
        assert!(last.text("a.yaml").is_err());
        assert_eq!(last.text("b c.yaml").unwrap().as_deref(), Some("b: 1\n"));
        std::fs::write(repository.path().join(".git/HEAD"), "no reference\n").unwrap();
        assert!(LastCommit::read(repository.path()).is_err());
    }
}
