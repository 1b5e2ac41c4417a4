//! A commit that is pushed from the cockpit is followed until both environments have applied it. Changes the branch main of the testbed by two
//! commits, of which the second takes back the first.

use std::path::Path;

use super::support::testbed::{ENVIRONMENTS, Testbed};

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").arg("-C").arg(root).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn what_is_committed_and_pushed_here_is_applied_in_both_environments() {
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    // The setting is the checkout's own: the cockpit's git has no other.
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false")] {
        git(root, &["config", key, value]);
    }
    std::fs::write(root.join("note.md"), "A note.\n").expect("a file");
    let mut deck = testbed.deck_with(&testbed.kubeconfig(), root).open();
    deck.sees_row(&["staging: live", "production: live", "PROTECTED"]);
    deck.press("v");
    deck.sees("not known to git (1)");
    deck.press("<space>");
    deck.sees("staged (1)");
    deck.press("c");
    deck.sees("new line");
    deck.press("docs: a note");
    deck.press("<ctrl-s>");
    deck.sees("not pushed");
    deck.press("P");
    deck.sees("PROTECTED");
    deck.press("y");
    deck.sees("is applied in");
    let commit = git(root, &["rev-parse", "HEAD"]);
    for env in ENVIRONMENTS {
        let apps = testbed.get(env, &["kustomization/apps", "--namespace", "flux-system"]);
        let applied = apps["status"]["lastAppliedRevision"].as_str().unwrap_or_default().to_owned();
        assert!(applied.ends_with(&commit), "{env}: {applied}");
    }
    git(root, &["revert", "--no-edit", "HEAD"]);
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
}
