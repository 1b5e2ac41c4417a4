//! Staging, committing and pushing between two real repositories.

use super::super::tests::TestRepository;
use super::super::{Destination, destination};
use super::{GitChange, stage, unstage, without_credentials};
use crate::model::Fault;
use crate::model::permit::grant;
use std::path::Path;

fn commit(root: &Path, message: &str) -> Result<String, Fault> {
    GitChange::Commit(message.to_owned()).perform(root, &grant())
}

fn push(root: &Path, to: &Destination) -> Result<String, Fault> {
    GitChange::Push(to.clone()).perform(root, &grant())
}

/// A repository with an author of its own and a bare one that it pushes to.
fn pair() -> (TestRepository, tempfile::TempDir) {
    let (here, there) = (TestRepository::new(), tempfile::tempdir().unwrap());
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false")] {
        here.git(&["config", key, value]);
    }
    here.git(&["init", "--quiet", "--bare", "--initial-branch=main", there.path().to_str().unwrap()]);
    here.git(&["remote", "add", "origin", there.path().to_str().unwrap()]);
    (here, there)
}

fn status(repository: &TestRepository) -> String {
    repository.git(&["status", "--porcelain"])
}

#[test]
fn staging_works_before_the_first_commit_and_on_names_like_patterns() {
    let (here, _there) = pair();
    here.write("*.yaml", "a: 1\n");
    here.write("b.yaml", "b: 1\n");
    stage(here.path(), &["*.yaml".to_owned()], &grant()).unwrap();
    assert_eq!(status(&here), "A  *.yaml\n?? b.yaml");
    unstage(here.path(), &["*.yaml".to_owned()], &grant()).unwrap();
    assert_eq!(status(&here), "?? *.yaml\n?? b.yaml");
}

#[test]
fn a_commit_is_pushed_and_what_follows_is_set() {
    let (here, there) = pair();
    here.write("a.yaml", "a: 1\n");
    assert!(commit(here.path(), "feat: a").unwrap_err().why.contains("nothing is staged"));
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    assert!(commit(here.path(), " \n").unwrap_err().why.contains("empty"));
    commit(here.path(), "feat: a\n\nbecause\n").unwrap();
    let to = destination(here.path()).unwrap();
    assert_eq!((to.remote.as_str(), to.branch(), to.followed), ("origin", "main", false));
    push(here.path(), &to).unwrap();
    assert!(destination(here.path()).unwrap().followed);
    assert_eq!(here.git(&["--git-dir", there.path().to_str().unwrap(), "log", "-1", "--format=%s", "main"]), "feat: a");
    GitChange::Fetch.perform(here.path(), &grant()).unwrap();
    GitChange::Pull.perform(here.path(), &grant()).unwrap();
}

#[test]
fn a_hook_that_refuses_is_heard() {
    use std::os::unix::fs::PermissionsExt as _;
    let (here, _there) = pair();
    here.write(".git/hooks/pre-commit", "#!/bin/sh\necho 'apps/a.yaml: image has no tag'\nexit 1\n");
    let hook = here.path().join(".git/hooks/pre-commit");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    here.git(&["config", "core.hooksPath", ".git/hooks"]);
    here.write("a.yaml", "a: 1\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    let fault = commit(here.path(), "feat: a").unwrap_err();
    assert!(fault.why.contains("hook") && fault.why.contains("image has no tag"), "{fault}");
}

#[test]
fn a_push_that_is_behind_says_so_and_a_pull_does_not_merge() {
    let (here, there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    push(here.path(), &destination(here.path()).unwrap()).unwrap();
    let other = TestRepository::new();
    other.git(&["pull", "--quiet", there.path().to_str().unwrap(), "main"]);
    other.write("b.yaml", "b: 1\n");
    other.commit("two");
    other.git(&["push", "--quiet", there.path().to_str().unwrap(), "HEAD:main"]);
    here.write("c.yaml", "c: 1\n");
    here.commit("three");
    let fault = push(here.path(), &destination(here.path()).unwrap()).unwrap_err();
    assert!(fault.why.starts_with("the other side has commits"), "{fault}");
    let fault = GitChange::Pull.perform(here.path(), &grant()).unwrap_err();
    assert!(fault.why.starts_with("both sides"), "{fault}");
}

#[test]
fn what_stands_in_the_way_is_named() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.write(".git/index.lock", "");
    let fault = stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap_err();
    assert!(fault.why.starts_with("another git works"), "{fault}");
    std::fs::remove_file(here.path().join(".git/index.lock")).unwrap();
    here.commit("one");
    here.git(&["checkout", "--quiet", "--detach"]);
    assert!(destination(here.path()).unwrap_err().why.contains("detached"));
    here.git(&["checkout", "--quiet", "main"]);
    here.git(&["remote", "set-url", "origin", "/nonexistent/origin.git"]);
    let fault = push(here.path(), &destination(here.path()).unwrap()).unwrap_err();
    assert!(fault.why.starts_with("the remote cannot be reached"), "{fault}");
    here.git(&["remote", "remove", "origin"]);
    assert!(destination(here.path()).unwrap_err().why.contains("no remote"));
}

#[test]
fn addresses_lose_their_tokens() {
    assert_eq!(
        without_credentials("fatal: https://me:token@host/a.git and ssh://git@b:22/x"),
        "fatal: https://host/a.git and ssh://b:22/x"
    );
}

#[test]
fn a_push_sends_what_was_agreed_to_and_nothing_else() {
    let (here, there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    here.git(&["tag", "-a", "-m", "x", "v1"]);
    here.git(&["branch", "other"]);
    for (key, value) in [
        ("push.followTags", "true"),
        ("push.default", "matching"),
        ("push.recurseSubmodules", "on-demand"),
        ("remote.origin.mirror", "true"),
    ] {
        here.git(&["config", key, value]);
    }
    let to = destination(here.path()).unwrap();
    push(here.path(), &to).unwrap();
    let there = there.path().to_str().unwrap();
    assert_eq!(here.git(&["--git-dir", there, "for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    // Whoever changes where it goes meanwhile is noticed.
    here.git(&["config", "branch.main.merge", "refs/heads/prod"]);
    let fault = push(here.path(), &to).unwrap_err();
    assert!(fault.why.contains("to prod of origin"), "{fault}");
}

fn hook(here: &TestRepository, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = here.path().join(".git/hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hook_that_asks_has_no_terminal_and_that_is_told() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    for script in [
        "exec </dev/tty; read t; echo \"$t\" >>\"$1\"",
        "exec </dev/tty || { echo 'no terminal' >&2; exit 1; }",
        "echo 'sudo: a terminal is required to read the password' >&2; exit 1",
        "stty -echo || exit 1",
    ] {
        hook(&here, "prepare-commit-msg", script);
        let fault = commit(here.path(), "feat: a").unwrap_err();
        assert!(super::asks(&fault), "{script}: {fault}");
    }
    hook(&here, "prepare-commit-msg", "echo 'the ticket is missing' >&2; exit 1");
    assert!(!super::asks(&commit(here.path(), "feat: a").unwrap_err()), "it only refuses");
    hook(&here, "prepare-commit-msg", "read t </dev/tty; exit 0");
    let said = commit(here.path(), "feat: a").unwrap();
    assert!(super::missed_terminal(&said).is_some_and(|line| line.contains("/dev/tty")), "{said}");
    assert_eq!(super::missed_terminal("[main 1234567] feat: ask on /dev/tty"), None);
}
