//! Staging, committing and pushing between two real repositories.

use super::super::diff::Side;
use super::super::tests::TestRepository;
use super::super::{Destination, Measured, Repository, UnfinishedOperation, destination, discard};
use super::{GitChange, amendable, stage, unstage};
use crate::model::permit::grant;
use crate::model::{Fault, without_keys};
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
    assert_eq!(fault.why, "the pre-commit hook refused it: apps/a.yaml: image has no tag");
    assert!(fault.todo.ends_with("it is .git/hooks/pre-commit"), "{}", fault.todo);
    // What git itself complains of is no hook's refusal.
    here.write(".git/refs/heads/main.lock", "");
    assert!(!commit(here.path(), "feat: a").unwrap_err().why.contains("pre-commit hook refused it: fatal"));
}

#[test]
fn a_push_that_a_hook_refuses_names_the_hook_and_its_words() {
    let (here, there) = pair();
    here.commit("one");
    let to = destination(here.path()).unwrap();
    let refused = || push(here.path(), &to).unwrap_err();
    hook(&here, "pre-push", "echo 'a.yaml: no owner'; echo 'To mend it: add one' >&2; exit 1");
    let fault = refused();
    assert_eq!(fault.why, "the pre-push hook refused it: a.yaml: no owner\nTo mend it: add one");
    assert!(fault.todo.ends_with("it is .git/hooks/pre-push"), "{}", fault.todo);
    hook(&here, "pre-push", "exit 1");
    assert_eq!(refused().why, "the pre-push hook refused it, and gave no reason");
    hook(&here, "pre-push", "exec </dev/tty || { echo 'no terminal' >&2; exit 1; }");
    assert!(super::super::asks(&refused()), "{}", refused());
    hook(&here, "pre-push", "exit 0");
    for (name, who) in [("pre-receive", "the pre-receive hook of the server"), ("update", "a hook of the server")] {
        write_hook(&there.path().join("hooks").join(name), "echo 'no deploys on Friday'; echo 'ask ops'; exit 1");
        let fault = refused();
        assert_eq!(fault.why, format!("{who} refused it: no deploys on Friday\nask ops"));
        assert!(
            fault.todo.contains("‹key:git-amend|git commit --amend› amends the last commit")
                && fault.todo.contains("pull request"),
            "{}",
            fault.todo
        );
        std::fs::remove_file(there.path().join("hooks").join(name)).unwrap();
    }
    push(here.path(), &to).unwrap();
}

#[test]
fn a_push_that_does_not_get_there_says_what_to_do() {
    let (here, _there) = pair();
    here.commit("one");
    let ssh = here.path().join(".git/ssh");
    here.git(&["config", "core.sshCommand", ssh.to_str().unwrap()]);
    here.git(&["remote", "set-url", "origin", "ssh://git@git.example.org/team/fleet.git"]);
    let to = destination(here.path()).unwrap();
    for (said, why, todo) in [
        ("ERROR: Permission to team/fleet.git denied to me.", "it has no permission there", "write access"),
        ("ERROR: The key you are authenticating with has been marked as read only.", "it has no permission", "key"),
        ("ERROR: Repository not found.", "no such repository", "git remote -v"),
        ("ssh: Could not resolve hostname git.example.org: Name or service not known", "no address is known", "DNS"),
        ("ssh: connect to host git.example.org port 22: Connection refused", "cannot be reached", "network up"),
        ("Host key verification failed.", "host key is not known", "fingerprint"),
        ("git@git.example.org: Permission denied (publickey).", "wants credentials", "ssh-agent"),
    ] {
        write_hook(&ssh, &format!("echo '{said}' >&2; exit 255"));
        let fault = push(here.path(), &to).unwrap_err();
        let (cause, words) = fault.why.split_once('\n').unwrap();
        assert!(cause.contains(why) && fault.todo.contains(todo), "{said}: {fault}: {}", fault.todo);
        assert!(words.contains(said) && !words.contains("Please make sure"), "{words}");
    }
}

#[test]
fn a_commit_that_is_empty_now_is_left_out() {
    let (here, other, there) = apart();
    here.write("a.yaml", "a: ours\n");
    here.commit("ours, first");
    here.write("ours.yaml", "b: 1\n");
    here.commit("ours, second");
    let rebase = UnfinishedOperation::Rebase;
    let skip = || GitChange::Skip(rebase).perform(here.path(), &grant());
    assert!(skip().is_err(), "nothing is in progress");
    assert!(GitChange::PullRebase.perform(here.path(), &grant()).unwrap_err().why.starts_with("it stopped"));
    // Settled as the others have it, the commit has no change left.
    here.write("a.yaml", "a: theirs\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    skip().unwrap();
    assert_eq!((unfinished(&here), here.git(&["log", "--format=%s"])), (None, "ours, second\ntheirs\none".to_owned()));
    drop((other, there));
    for (operation, skips) in [
        (UnfinishedOperation::Merge, false),
        (UnfinishedOperation::Bisect, false),
        (UnfinishedOperation::Am, true),
        (UnfinishedOperation::CherryPick, true),
        (UnfinishedOperation::Revert, true),
    ] {
        assert_eq!(operation.skipping().is_some(), skips, "{operation:?}");
    }
}

#[test]
fn a_rebase_that_stops_at_an_empty_commit_names_the_key_that_leaves_it_out() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    here.git(&["switch", "--quiet", "-c", "side"]);
    here.write("a.yaml", "a: 2\n");
    here.commit("two");
    here.git(&["switch", "--quiet", "main"]);
    here.write("a.yaml", "a: 2\n");
    here.write("b.yaml", "b: 1\n");
    here.commit("both");
    here.git(&["switch", "--quiet", "side"]);
    assert!(!here.try_git(&["rebase", "--empty=ask", "main"]).1);
    let fault = GitChange::Continue(UnfinishedOperation::Rebase).perform(here.path(), &grant()).err();
    if let Some(fault) = fault {
        assert!(fault.why.starts_with("what the commit changed is there already"), "{fault}");
        assert!(without_keys(&fault.todo).starts_with("git rebase --skip leaves the commit out"), "{}", fault.todo);
        GitChange::Skip(UnfinishedOperation::Rebase).perform(here.path(), &grant()).unwrap();
    }
    assert_eq!((unfinished(&here), here.git(&["log", "--format=%s"])), (None, "both\none".to_owned()));
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
    assert_eq!(fault.why, "the other side has commits that are not here");
    assert_eq!(
        without_keys(&fault.todo),
        "git pull --rebase pulls them, and puts your commits on top; then git push pushes"
    );
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
    // A change of the destination in the meantime is noticed.
    here.git(&["config", "push.default", "upstream"]);
    here.git(&["config", "branch.main.merge", "refs/heads/prod"]);
    let fault = push(here.path(), &to).unwrap_err();
    assert!(fault.why.contains("to prod of origin"), "{fault}");
}

fn hook(here: &TestRepository, name: &str, script: &str) {
    write_hook(&here.path().join(".git/hooks").join(name), script);
}

fn write_hook(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
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
        assert!(super::super::asks(&fault), "{script}: {fault}");
    }
    hook(&here, "prepare-commit-msg", "echo 'the ticket is missing' >&2; exit 1");
    assert!(!super::super::asks(&commit(here.path(), "feat: a").unwrap_err()), "it only refuses");
    hook(&here, "prepare-commit-msg", "read t </dev/tty; exit 0");
    let said = commit(here.path(), "feat: a").unwrap();
    assert!(super::super::missed_terminal(&said).is_some_and(|line| line.contains("/dev/tty")), "{said}");
    assert_eq!(super::super::missed_terminal("[main 1234567] feat: ask on /dev/tty"), None);
}

/// Two repositories that both changed the same line of one file and added one of their own, the other having pushed.
fn apart() -> (TestRepository, TestRepository, tempfile::TempDir) {
    let (here, there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    push(here.path(), &destination(here.path()).unwrap()).unwrap();
    let other = TestRepository::new();
    let address = there.path().to_str().unwrap();
    other.git(&["pull", "--quiet", address, "main"]);
    other.write("a.yaml", "a: theirs\n");
    other.write("theirs.yaml", "b: 1\n");
    other.commit("theirs");
    other.git(&["push", "--quiet", address, "HEAD:main"]);
    (here, other, there)
}

fn unfinished(repository: &TestRepository) -> Option<UnfinishedOperation> {
    super::super::GitState::read(&Repository::discover(repository.path()).unwrap()).unwrap().operation
}

#[test]
fn own_commits_are_put_on_top_of_what_others_pushed() {
    let (here, _other, _there) = apart();
    here.write("ours.yaml", "c: 1\n");
    here.commit("ours");
    let to = destination(here.path()).unwrap();
    let fault = push(here.path(), &to).unwrap_err();
    assert!(
        fault.why.starts_with("the other side has commits")
            && without_keys(&fault.todo).starts_with("git pull --rebase pulls"),
        "{fault}"
    );
    GitChange::PullRebase.perform(here.path(), &grant()).unwrap();
    assert_eq!(here.git(&["log", "--format=%s"]), "ours\ntheirs\none");
    // The rebased commit is another than the one that was agreed to.
    assert!(push(here.path(), &to).unwrap_err().why.starts_with("the branch has moved"));
    push(here.path(), &destination(here.path()).unwrap()).unwrap();
    // Uncommitted changes are not stashed without the operator's request.
    here.write("ours.yaml", "c: 2\n");
    let fault = GitChange::PullRebase.perform(here.path(), &grant()).unwrap_err();
    assert!(fault.why.starts_with("changed files are in the way"), "{fault}");
}

#[test]
fn a_pull_that_stops_in_a_conflict_goes_on_or_goes_back() {
    let (here, _other, _there) = apart();
    here.write("a.yaml", "a: ours\n");
    let before = here.commit("ours");
    let rebase = UnfinishedOperation::Rebase;
    let pull = || GitChange::PullRebase.perform(here.path(), &grant()).unwrap_err();
    assert!(pull().why.starts_with("it stopped"), "{}", pull());
    assert_eq!(unfinished(&here), Some(rebase));
    let fault = GitChange::Continue(rebase).perform(here.path(), &grant()).unwrap_err();
    assert!(fault.why.starts_with("files are in conflict"), "{fault}");
    GitChange::Abort(rebase).perform(here.path(), &grant()).unwrap();
    assert_eq!((unfinished(&here), here.git(&["rev-parse", "HEAD"])), (None, before));
    assert!(pull().why.starts_with("it stopped"));
    here.write("a.yaml", "a: both\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    GitChange::Continue(rebase).perform(here.path(), &grant()).unwrap();
    assert_eq!((unfinished(&here), here.git(&["log", "--format=%s"])), (None, "ours\ntheirs\none".to_owned()));
}

#[test]
fn a_remote_that_is_not_there_is_told_by_every_change_that_needs_it() {
    let (here, _other, there) = apart();
    here.commit("ours");
    let to = destination(here.path()).unwrap();
    drop(there);
    for change in [GitChange::Fetch, GitChange::Pull, GitChange::PullRebase, GitChange::Push(to)] {
        let fault = change.perform(here.path(), &grant()).unwrap_err();
        assert!(fault.why.starts_with("the remote cannot be reached"), "{change:?}: {fault}");
    }
    assert_eq!(unfinished(&here), None);
}

#[test]
fn only_a_commit_that_nobody_else_has_is_made_anew() {
    let (here, _there) = pair();
    let amend = |message: &str| {
        let commit = here.git(&["rev-parse", "HEAD"]);
        GitChange::Amend { commit, message: message.to_owned() }.perform(here.path(), &grant())
    };
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    here.write("b.yaml", "b: 1\n");
    stage(here.path(), &["b.yaml".to_owned()], &grant()).unwrap();
    amend("first").unwrap();
    assert!(amend(" ").unwrap_err().why.contains("empty"));
    assert_eq!(here.git(&["log", "--format=%s", "--name-only"]), "first\n\na.yaml\nb.yaml");
    push(here.path(), &destination(here.path()).unwrap()).unwrap();
    let last = here.git(&["rev-parse", "HEAD"]);
    let fault = amend("again").unwrap_err();
    assert!(fault.kind == crate::model::FaultKind::Refused && fault.why.contains("origin/main has it"), "{fault}");
    assert_eq!(here.git(&["rev-parse", "HEAD"]), last);
    assert!(amendable(here.path()).is_err());
    here.commit("two");
    assert!(amendable(here.path()).is_ok());
}

#[test]
fn what_is_discarded_goes_back_on_its_side_alone() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.write("b.yaml", "b: 1\n");
    here.commit("one");
    let text = |file: &str| std::fs::read_to_string(here.path().join(file)).ok();
    let give_up = |file: &str, side| {
        let measured = Measured::of(here.path(), file).unwrap();
        discard(here.path(), file, side, &measured, &grant()).unwrap()
    };
    here.write("a.yaml", "a: 2\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    here.write("a.yaml", "a: 3\n");
    give_up("a.yaml", Side::Unstaged);
    assert_eq!((text("a.yaml").as_deref(), status(&here).as_str()), (Some("a: 2\n"), "M  a.yaml"));
    give_up("a.yaml", Side::Staged);
    assert_eq!((text("a.yaml").as_deref(), status(&here).as_str()), (Some("a: 1\n"), ""));
    std::fs::remove_file(here.path().join("b.yaml")).unwrap();
    give_up("b.yaml", Side::Unstaged);
    assert!(text("b.yaml").is_some());
    // A name like a pattern is taken literally, and ignored files stay.
    for file in ["*.txt", "c.txt", "new/d.txt", "new/.gitignore", "new/kept.log"] {
        here.write(file, if file.ends_with("ignore") { "*.log\n" } else { "1\n" });
    }
    assert!(!give_up("*.txt", Side::Untracked));
    assert!(text("*.txt").is_none() && text("c.txt").is_some());
    assert!(give_up("new/", Side::Untracked), "what is ignored stays, and that is told");
    assert!(text("new/d.txt").is_none());
    here.write("e.yaml", "e: 1\n");
    stage(here.path(), &["e.yaml".to_owned()], &grant()).unwrap();
    give_up("e.yaml", Side::Staged);
    assert!(text("e.yaml").is_none());
}

#[test]
fn what_vanished_is_skipped_and_told_and_the_rest_is_staged() {
    let (here, _there) = pair();
    here.write("gone too.yaml", "a: 1\n");
    here.write("tracked.yaml", "a: 1\n");
    here.git(&["add", "tracked.yaml"]);
    here.git(&["commit", "--quiet", "-m", "one"]);
    here.write("a.yaml", "another: 2\nand: 3\n");
    std::fs::remove_file(here.path().join("gone too.yaml")).unwrap();
    std::fs::remove_file(here.path().join("tracked.yaml")).unwrap();
    let all = ["a.yaml", "gone too.yaml", "gone/", "tracked.yaml"].map(str::to_owned);
    assert_eq!(stage(here.path(), &all, &grant()).unwrap(), ["gone too.yaml", "gone/"]);
    assert_eq!(status(&here), "A  a.yaml\nD  tracked.yaml");
    // If no path is left, nothing else is staged.
    here.write("other.yaml", "a: 1\n");
    assert_eq!(stage(here.path(), &["gone/".to_owned()], &grant()).unwrap(), ["gone/"]);
    assert!(status(&here).contains("?? other.yaml"));
}

#[test]
fn no_program_of_the_repositorys_own_settings_runs_when_it_is_looked_at() {
    let here = TestRepository::new();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    let ran = here.path().join("ran");
    let touch = format!("touch {}; true", ran.display());
    for key in ["diff.external", "core.fsmonitor", "core.pager", "gpg.program", "diff.x.textconv"] {
        here.git(&["config", key, &touch]);
    }
    here.git(&["config", "log.showSignature", "true"]);
    here.write(".gitattributes", "*.yaml diff=x\n");
    let root = here.path();
    super::super::commit_details(root, "HEAD").unwrap();
    super::super::commit_diff(root, "HEAD", "a.yaml").unwrap();
    super::super::last_message(root);
    super::super::pushed_to(root, "HEAD");
    assert!(!ran.exists());
}

#[test]
fn a_push_takes_the_commit_that_was_agreed_to_or_none() {
    let (here, there) = pair();
    here.write("a.yaml", "a: 1\n");
    let agreed = here.commit("one");
    let to = destination(here.path()).unwrap();
    assert_eq!(to.commit, agreed);
    here.commit("another process commits meanwhile");
    let change = GitChange::Push(to);
    for fault in [change.perform(here.path(), &grant()).unwrap_err(), change.on_terminal(here.path()).unwrap_err()] {
        assert!(fault.kind == crate::model::FaultKind::Refused && fault.why.starts_with("the branch has moved"));
    }
    let there = there.path().to_str().unwrap();
    assert_eq!(here.git(&["--git-dir", there, "for-each-ref"]), "");
    // The commit is named by its hash, so that git itself cannot take another.
    let call = GitChange::Push(destination(here.path()).unwrap()).on_terminal(here.path()).unwrap();
    let last = here.git(&["rev-parse", "HEAD"]);
    assert_eq!(call.arguments.last().unwrap(), &format!("{last}:refs/heads/main"));
}

#[test]
fn only_the_commit_that_was_shown_is_made_anew() {
    let (here, _there) = pair();
    let shown = here.commit("shown");
    let other = here.commit("by somebody else");
    let change = GitChange::Amend { commit: shown, message: "mended".to_owned() };
    for fault in [change.perform(here.path(), &grant()).unwrap_err(), change.on_terminal(here.path()).unwrap_err()] {
        assert!(fault.why.starts_with("the branch has moved"), "{fault}");
    }
    assert_eq!(here.git(&["rev-parse", "HEAD"]), other);
}

#[test]
fn nothing_is_made_anew_in_the_middle_of_an_operation() {
    let (here, _other, _there) = apart();
    here.write("first.yaml", "a: 1\n");
    here.commit("first of ours");
    here.write("a.yaml", "a: ours\n");
    here.commit("second of ours");
    GitChange::PullRebase.perform(here.path(), &grant()).unwrap_err();
    here.write("a.yaml", "a: both\n");
    stage(here.path(), &["a.yaml".to_owned()], &grant()).unwrap();
    assert!(amendable(here.path()).unwrap_err().why.starts_with("git is rebasing"));
    let commit = here.git(&["rev-parse", "HEAD"]);
    let fault = GitChange::Amend { commit, message: "x".to_owned() }.perform(here.path(), &grant()).unwrap_err();
    assert!(
        fault.why.starts_with("git is rebasing")
            && without_keys(&fault.todo).starts_with("git rebase --continue continues"),
        "{fault}"
    );
    GitChange::Continue(UnfinishedOperation::Rebase).perform(here.path(), &grant()).unwrap();
    assert_eq!(here.git(&["log", "--format=%s"]), "second of ours\nfirst of ours\ntheirs\none");
}

#[test]
fn who_wrote_a_commit_cannot_shift_what_it_says() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.git(&["add", "--all"]);
    let name = "Mallory <m@x>\u{1f}0\u{1f}Boss <boss@x>\u{1f}0\u{1f}spoofed\u{1e}";
    here.git(&["-c", &format!("user.name={name}"), "commit", "--quiet", "-m", "true\u{1f}words"]);
    let root = here.path();
    let details = super::super::commit_details(root, "HEAD").unwrap();
    assert!(details.author.starts_with("Mallory") && details.author.contains("Boss"), "{details:?}");
    assert_eq!((details.message.as_str(), details.committer.as_deref()), ("true\u{1f}words", None));
    let last = super::super::last_changes(root, &["a.yaml".to_owned()]).unwrap().remove("a.yaml").unwrap();
    for entry in [super::super::log(root, 1).unwrap().remove(0), last] {
        assert!(entry.author.contains("spoofed") && entry.at.is_some(), "{entry:?}");
        assert_eq!(entry.subject, "true\u{1f}words");
    }
}

#[test]
fn only_what_was_measured_is_discarded() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("one");
    here.write("a.yaml", "a: 2\n");
    here.write("new/b.yaml", "b: 1\n");
    for (path, side, later) in [
        ("a.yaml", Side::Unstaged, "a.yaml"),
        ("a.yaml", Side::Staged, "a.yaml"),
        ("new/", Side::Untracked, "new/c.yaml"),
    ] {
        if side == Side::Staged {
            stage(here.path(), &[path.to_owned()], &grant()).unwrap();
        }
        let measured = Measured::of(here.path(), path).unwrap();
        let text = format!("many: lines\nsaved: meanwhile\nas: {path} {side:?}\n");
        here.write(later, &text);
        let fault = discard(here.path(), path, side, &measured, &grant()).unwrap_err();
        assert!(fault.why.contains("has changed since"), "{fault}");
        assert_eq!(std::fs::read_to_string(here.path().join(later)).unwrap(), text);
        let measured = Measured::of(here.path(), path).unwrap();
        // What is staged meanwhile counts as well.
        if side == Side::Unstaged {
            stage(here.path(), &[path.to_owned()], &grant()).unwrap();
            discard(here.path(), path, side, &measured, &grant()).unwrap_err();
        }
    }
}

#[test]
fn a_repository_within_this_one_is_not_said_to_be_discarded() {
    let (here, _there) = pair();
    here.commit("one");
    for inner in ["nested", "around/nested"] {
        here.git(&["init", "--quiet", here.path().join(inner).to_str().unwrap()]);
        here.write(&format!("{inner}/a.yaml"), "a: 1\n");
    }
    for path in ["nested/", "around/"] {
        let fault = Measured::of(here.path(), path).unwrap_err();
        assert!(fault.why.contains("a repository of its own"), "{path}: {fault}");
    }
}

#[test]
fn uncommitted_changes_are_not_stashed_by_a_setting() {
    let (here, _other, _there) = apart();
    here.git(&["config", "rebase.autoStash", "true"]);
    here.git(&["config", "merge.autoStash", "true"]);
    here.write("a.yaml", "a: ours, not committed\n");
    for change in [GitChange::PullRebase, GitChange::Pull] {
        change.perform(here.path(), &grant()).unwrap_err();
        assert_eq!((status(&here).as_str(), here.git(&["stash", "list"]).as_str()), ("M a.yaml", ""), "{change:?}");
    }
}

#[test]
fn a_stash_that_comes_back_in_conflict_is_no_success() {
    let (here, _other, _there) = apart();
    here.write("b.yaml", "b: 1\n");
    here.commit("ours");
    here.git(&["config", "rebase.autoStash", "true"]);
    here.write("a.yaml", "a: not committed\n");
    // The operator rebases in a shell of their own, and stops at a commit to edit it.
    here.git(&["fetch", "--quiet"]);
    here.git(&["-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "-i", "origin/main"]);
    let fault = GitChange::Continue(UnfinishedOperation::Rebase).perform(here.path(), &grant()).unwrap_err();
    assert!(fault.what.contains("not back") && fault.todo.contains("git stash"), "{fault}");
    assert!(!fault.why.contains('\u{1b}'), "{fault}");
}

#[test]
fn control_sequences_of_git_are_not_told() {
    assert_eq!(super::without_sequences("\u{1b}[KSuccessfully \u{1b}[1;32mdone\u{1b}[m"), "Successfully done");
}

#[test]
fn patches_and_the_rest_of_a_sequence_are_operations_of_their_own() {
    let (here, _there) = pair();
    here.write("a.yaml", "a: 1\n");
    here.commit("base");
    here.git(&["switch", "--quiet", "-c", "side"]);
    for (file, text) in [("a.yaml", "a: side\n"), ("b.yaml", "b: 1\n"), ("c.yaml", "c: 1\n")] {
        here.write(file, text);
        here.commit(file);
    }
    let patch = here.git(&["format-patch", "--stdout", "-1", "side~2"]);
    here.git(&["switch", "--quiet", "main"]);
    here.write("a.yaml", "a: main\n");
    let before = here.commit("main");
    let patches = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(patches.path(), format!("{patch}\n")).unwrap();
    let fails = |arguments: &[&str]| assert!(!here.try_git(arguments).1, "{arguments:?}");
    fails(&["am", patches.path().to_str().unwrap()]);
    assert_eq!(unfinished(&here), Some(UnfinishedOperation::Am));
    GitChange::Abort(UnfinishedOperation::Am).perform(here.path(), &grant()).unwrap();
    assert_eq!(unfinished(&here), None);
    for (verb, operation) in [("cherry-pick", UnfinishedOperation::CherryPick), ("revert", UnfinishedOperation::Revert)]
    {
        // The first of three stops, and is settled by a commit: two are still to come.
        match operation {
            UnfinishedOperation::Revert => {
                here.git(&["cherry-pick", "side~1", "side"]);
                fails(&[verb, "--no-edit", "side~2", "side~1", "side"]);
            }
            _ => fails(&[verb, "side~2", "side~1", "side"]),
        }
        here.write("a.yaml", &format!("a: settled by {verb}\n"));
        here.commit("settled");
        assert_eq!(unfinished(&here), Some(operation));
        let to = destination(here.path()).unwrap();
        let fault = GitChange::Push(to).perform(here.path(), &grant()).unwrap_err();
        assert!(fault.why.starts_with(&format!("git is {}", operation.word())), "{fault}");
        GitChange::Abort(operation).perform(here.path(), &grant()).unwrap_or_default();
        here.git(&["reset", "--quiet", "--hard", &before]);
        std::fs::remove_dir_all(here.path().join(".git/sequencer")).unwrap_or_default();
    }
}
