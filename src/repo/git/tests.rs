//! Real repositories in temporary folders, apart from the machine's own git settings.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{GitState, Head, Repository, SeenBy, UnfinishedOperation, commits_behind};

/// Writes a file below a folder, with the folders that it needs.
pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Holds a repository in a temporary folder.
pub(crate) struct TestRepository {
    folder: tempfile::TempDir,
}

impl TestRepository {
    pub(crate) fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(self.path(), path, text);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let (text, done) = self.try_git(arguments);
        assert!(done, "git {arguments:?}: {text}");
        text
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> (String, bool) {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "-C"])
            .arg(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        (String::from_utf8_lossy(&output.stdout).trim().to_owned(), output.status.success())
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn state(&self) -> GitState {
        GitState::read(&Repository::discover(self.path()).unwrap()).unwrap()
    }
}

/// Returns who saw the followed branch last, and how far the branch is from it.
fn seen(repository: &TestRepository) -> (Option<SeenBy>, Option<(u32, u32)>) {
    let upstream = repository.state().upstream.unwrap();
    (upstream.seen.map(|seen| seen.by), upstream.ahead.zip(upstream.behind))
}

#[test]
fn what_a_remote_has_is_known_by_what_asked_it_alone() {
    let (here, there) = (TestRepository::new(), tempfile::tempdir().unwrap());
    let address = there.path().to_str().unwrap();
    here.git(&["init", "--quiet", "--bare", "--initial-branch=main", address]);
    let first = here.commit("first");
    here.git(&["remote", "add", "origin", address]);
    for (key, value) in [("branch.main.remote", "origin"), ("branch.main.merge", "refs/heads/main")] {
        here.git(&["config", key, value]);
    }
    assert_eq!(seen(&here), (None, None));
    // A reference that somebody wrote, and a fetch from elsewhere, are no sight of the remote.
    here.git(&["update-ref", "-m", "by hand", "refs/remotes/origin/main", &first]);
    let other = TestRepository::new();
    other.commit("of another repository");
    here.git(&["fetch", "--quiet", other.path().to_str().unwrap(), "main"]);
    assert_eq!(seen(&here), (None, Some((0, 0))));
    assert!(here.state().fetched.is_some());
    here.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    here.git(&["push", "--quiet", "origin", "main"]);
    here.commit("second");
    assert_eq!(seen(&here), (Some(SeenBy::Push), Some((1, 0))));
    let at = |repository: &TestRepository| repository.state().upstream.unwrap().seen.unwrap().at;
    // A fetch without news is noted in FETCH_HEAD alone.
    here.git(&["fetch", "--quiet"]);
    assert_eq!(seen(&here), (Some(SeenBy::Fetch), Some((1, 0))));
    // One that fails is none, whatever it leaves behind.
    let before = at(&here);
    here.git(&["remote", "set-url", "origin", "/nonexistent"]);
    assert!(!here.try_git(&["fetch", "--quiet", "--all"]).1);
    assert!(at(&here) <= before && seen(&here).0 == Some(SeenBy::Push), "{:?}", seen(&here));
    let clone = tempfile::tempdir().unwrap();
    here.git(&["clone", "--quiet", address, clone.path().to_str().unwrap()]);
    let state = GitState::read(&Repository::discover(clone.path()).unwrap()).unwrap();
    assert_eq!(state.upstream.unwrap().seen.unwrap().by, SeenBy::Clone);
    // A branch of the same repository needs no fetch.
    here.git(&["switch", "--quiet", "--track", "-c", "side", "main"]);
    assert!(here.state().upstream.unwrap().is_local);
    here.git(&["pack-refs", "--all"]);
    assert!(here.state().upstream.unwrap().is_local);
}

#[test]
fn every_sort_of_change_has_its_mark() {
    let repository = TestRepository::new();
    repository.write("changed.yaml", "a\n");
    repository.write("both.yaml", "a\n");
    repository.write("old name.yaml", "one\ntwo\nthree\n");
    let commit = repository.commit("first");
    repository.write("changed.yaml", "b\n");
    repository.write("both.yaml", "b\n");
    repository.write("added.yaml", "a\n");
    repository.git(&["mv", "old name.yaml", "new name.yaml"]);
    repository.git(&["add", "both.yaml", "added.yaml"]);
    repository.write("both.yaml", "c\n");
    repository.write("folder/untracked.yaml", "a\n");

    let state = repository.state();
    let marks: Vec<String> = state.marks.iter().map(|(path, mark)| format!("{mark} {path}")).collect();
    assert_eq!(marks, ["A  added.yaml", "MM both.yaml", " M changed.yaml", "?? folder/", "R  new name.yaml"]);
    assert_eq!(state.mark("folder/untracked.yaml").unwrap().letter(), '?');
    assert_eq!(state.mark("changed.yaml").unwrap().letter(), 'M');
    assert_eq!(state.mark("nothing.yaml"), None);
    assert_eq!((state.counts.staged, state.counts.modified, state.counts.untracked), (3, 2, 1));
    assert_eq!(state.head, Head::Branch("main".to_owned()));
    assert_eq!(state.commit.as_deref(), Some(commit.as_str()));
    assert_eq!(state.short_commit(), commit.get(..7));
}

#[test]
fn a_merge_in_conflict_is_told() {
    let repository = TestRepository::new();
    repository.write("a.yaml", "base\n");
    repository.commit("base");
    repository.git(&["switch", "--quiet", "-c", "other"]);
    repository.write("a.yaml", "other\n");
    repository.commit("other");
    repository.git(&["switch", "--quiet", "main"]);
    repository.write("a.yaml", "main\n");
    repository.commit("main");
    assert!(!repository.try_git(&["merge", "other"]).1);

    let state = repository.state();
    assert_eq!(state.operation, Some(UnfinishedOperation::Merge));
    assert_eq!(state.mark("a.yaml").unwrap().letter(), '!');
    assert_eq!((state.counts.conflicts, state.counts.staged), (1, 0));
}

#[test]
fn branches_follow_others_and_heads_come_off() {
    let remote = TestRepository::new();
    let first = remote.commit("first");
    let clone = TestRepository::new();
    clone.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
    assert_eq!(clone.state().head, Head::Unborn("main".to_owned()));
    assert_eq!(clone.state().commit, None);

    clone.git(&["pull", "--quiet", "origin", "main"]);
    clone.git(&["branch", "--quiet", "--set-upstream-to=origin/main"]);
    clone.commit("second");
    clone.commit("third");
    let upstream = clone.state().upstream.unwrap();
    assert_eq!((upstream.name.as_str(), upstream.ahead, upstream.behind), ("origin/main", Some(2), Some(0)));

    assert_eq!(commits_behind(clone.path(), &format!("main@sha1:{first}")), Some(2));
    assert_eq!(commits_behind(clone.path(), &format!("main/{first}")), Some(2));
    for unknown in ["main@sha1:0123456789012345678901234567890123456789", "v1.2.3", "", "--all", "main@sha1:"] {
        assert_eq!(commits_behind(clone.path(), unknown), None, "{unknown}");
    }

    clone.git(&["switch", "--quiet", "--detach", "HEAD~1"]);
    let state = clone.state();
    assert_eq!(state.head, Head::Detached);
    assert_eq!(state.head_word(), state.short_commit().unwrap());
}

#[test]
fn worktrees_are_repositories_and_folders_below_the_root_find_it() {
    let repository = TestRepository::new();
    repository.write("apps/a.yaml", "");
    repository.commit("first");
    let elsewhere = tempfile::tempdir().unwrap();
    let tree = elsewhere.path().join("tree");
    repository.git(&["worktree", "add", "--quiet", "-b", "side", tree.to_str().unwrap()]);

    let found = Repository::discover(&tree.join("apps")).unwrap();
    assert_eq!(canonical(&found.root), canonical(&tree));
    assert_ne!(found.git_dir, found.common_dir);
    assert_eq!(GitState::read(&found).unwrap().head, Head::Branch("side".to_owned()));
}

#[test]
fn what_is_no_working_tree_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let fault = Repository::discover(folder.path()).unwrap_err();
    assert!(fault.why.contains("not in a git repository"), "{fault}");

    let done = Command::new("git").args(["init", "--quiet", "--bare"]).arg(folder.path()).status().unwrap();
    assert!(done.success());
    let fault = Repository::discover(folder.path()).unwrap_err();
    assert!(fault.why.contains("bare repository"), "{fault}");

    let missing = super::run::not_started("cannot open the repository", &std::io::ErrorKind::NotFound.into());
    assert!(missing.why.contains("not installed"));
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap()
}

#[test]
fn no_call_that_looks_runs_a_program_of_a_submodule_or_of_the_configuration() {
    use super::{Between, LastCommit, Side, all_files, changed, diff, files, ignored, log, staged};
    let (repository, other) = (TestRepository::new(), TestRepository::new());
    other.write("a.yaml", "a: 1\n");
    other.commit("first");
    let from = other.path().to_string_lossy().into_owned();
    repository.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "sub"]);
    repository.write("b.yaml", "b: 1\n");
    repository.commit("first");
    let ran = repository.path().join(".git/ran");
    let script = |word: &str| format!("sh -c 'echo {word} >> {}; cat' --", ran.display());
    let inside = |arguments: &[&str]| repository.git(&[&["-C", "sub"], arguments].concat());
    repository.write("sub/a.yaml", "a: 2\n");
    inside(&["-c", "user.name=Test", "-c", "user.email=t@example.org", "commit", "--quiet", "-am", "second"]);
    for name in ["external", "x.textconv"] {
        inside(&["config", &format!("diff.{name}"), &script(name)]);
        repository.git(&["config", &format!("diff.{name}"), &script(name)]);
    }
    for name in ["clean", "process", "smudge"] {
        inside(&["config", &format!("filter.x.{name}"), &script(name)]);
        repository.git(&["config", &format!("filter.x.{name}"), &script(name)]);
    }
    for (key, value) in [
        ("diff.submodule", "diff"),
        ("status.submoduleSummary", "true"),
        ("diff.ignoreSubmodules", "none"),
        ("submodule.sub.ignore", "none"),
        ("submodule.recurse", "true"),
    ] {
        repository.git(&["config", key, value]);
    }
    repository.write(".git/info/attributes", "*.yaml filter=x diff=x\n");
    repository.write(".git/modules/sub/info/attributes", "*.yaml filter=x diff=x\n");
    repository.write("sub/a.yaml", "a: 3\n");
    repository.write("b.yaml", "b: 2\n");
    let root = repository.path();
    let _state = repository.state();
    for side in [Side::Staged, Side::Unstaged, Side::Untracked] {
        for path in ["sub", "b.yaml", "sub/a.yaml"] {
            let _shown = diff(root, path, side);
        }
    }
    let _all = (all_files(root, &[]), files(root, &[]), ignored(root), staged(root, 1024, 1024));
    let _last = LastCommit::read(root).map(|last| last.map(|last| last.text("b.yaml")));
    let _more = (log(root, 10), changed(root, Between::Unstaged), changed(root, Between::WorkingTree("HEAD")));
    let said = std::fs::read_to_string(&ran).unwrap_or_default();
    assert_eq!(said, "", "programs ran");
}
