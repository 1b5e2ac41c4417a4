//! The repository's folders.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::run;
use crate::model::Fault;

/// Holds the paths of a working tree and its git folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The top of the working tree.
    pub root: PathBuf,
    /// The folder with HEAD and the index: `.git`, or a worktree's own.
    pub git_dir: PathBuf,
    /// The folder with the refs, shared by all worktrees.
    pub common_dir: PathBuf,
}

impl Repository {
    /// Finds the repository around a folder: by the file system if it is an ordinary one, else by running git, which
    /// takes as long as everything else up to the first frame.
    ///
    /// # Errors
    /// Fails if git is missing, the folder is in no repository, the repository is bare, or git does not trust its
    /// owner.
    pub fn discover(folder: &Path) -> Result<Self, Fault> {
        if let Some(found) = Self::ordinary(folder) {
            return Ok(found);
        }
        let arguments = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"];
        let printed = run::output(folder, "cannot open the repository", &arguments)?;
        let text = String::from_utf8_lossy(&printed);
        let mut lines = text.lines().map(PathBuf::from);
        match (lines.next(), lines.next(), lines.next()) {
            (Some(root), Some(git_dir), Some(common_dir)) => Ok(Self { root, git_dir, common_dir }),
            _ => {
                Err(Fault::failed("cannot open the repository", "git's answer is incomplete", "is git 2.31 or newer?"))
            }
        }
    }

    /// Finds a repository as `git init` and `git clone` create it. `None` if there is none, and whenever git could see
    /// it in another way: variables of the environment point to another place, or the repository is another user's, a
    /// worktree, a submodule, bare, or has a special configuration.
    fn ordinary(folder: &Path) -> Option<Self> {
        let told =
            ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_COUNT"];
        if told.iter().any(|name| std::env::var_os(name).is_some()) {
            return None;
        }
        let folder = folder.canonicalize().ok()?;
        let device = folder.metadata().ok()?.dev();
        for root in folder.ancestors() {
            let data = root.metadata().ok()?;
            let git_dir = root.join(".git");
            // git stops at the border of a file system, and takes a folder that looks like a repository for a bare one.
            if data.dev() != device || root.join("HEAD").exists() {
                return None;
            }
            let Ok(git) = git_dir.symlink_metadata() else { continue };
            let user = rustix::process::geteuid().as_raw();
            let whole = ["HEAD", "objects", "refs"].iter().all(|name| git_dir.join(name).exists());
            if !git.is_dir() || !whole || git_dir.join("commondir").exists() || data.uid() != user || git.uid() != user
            {
                return None;
            }
            let config = crate::files::text(&git_dir.join("config"), 1024 * 1024).ok()?.to_ascii_lowercase();
            if ["worktree", "include", "[extensions"].iter().any(|word| config.contains(word)) || is_bare(&config) {
                return None;
            }
            return Some(Self { root: root.to_owned(), common_dir: git_dir.clone(), git_dir });
        }
        None
    }
}

/// Tells whether a configuration, in small letters, marks the repository as bare.
fn is_bare(config: &str) -> bool {
    config.lines().any(|line| line.trim().strip_prefix("bare").is_some_and(|rest| !rest.contains("false")))
}

#[cfg(test)]
mod tests {
    use super::Repository;
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn an_ordinary_repository_is_found_as_git_finds_it() {
        let repository = TestRepository::new();
        repository.write("apps/staging/a.yaml", "a: b\n");
        for folder in ["", "apps", "apps/staging"] {
            let folder = repository.path().join(folder);
            let found = Repository::ordinary(&folder).unwrap();
            let root = repository.path().canonicalize().unwrap();
            let git_dir = root.join(".git");
            assert_eq!(found, Repository { root, git_dir: git_dir.clone(), common_dir: git_dir });
            let said = repository.git(&[
                "-C",
                &folder.to_string_lossy(),
                "rev-parse",
                "--show-toplevel",
                "--absolute-git-dir",
            ]);
            assert_eq!(said, format!("{}\n{}", found.root.display(), found.git_dir.display()));
        }
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_git() {
        let repository = TestRepository::new();
        repository.commit("one");
        let outside = tempfile::tempdir().unwrap();
        let worktree = outside.path().join("tree");
        repository.git(&["worktree", "add", "--quiet", &worktree.to_string_lossy()]);
        assert_eq!(Repository::ordinary(&worktree), None);
        assert_eq!(Repository::ordinary(outside.path()), None);
        let found = Repository::discover(&worktree).unwrap();
        assert_ne!(found.git_dir, found.common_dir);
        for (key, value) in
            [("core.worktree", "/tmp"), ("core.bare", "true"), ("include.path", "x"), ("extensions.x", "y")]
        {
            let repository = TestRepository::new();
            assert!(Repository::ordinary(repository.path()).is_some());
            repository.git(&["config", key, value]);
            assert_eq!(Repository::ordinary(repository.path()), None, "{key}");
        }
    }
}
