//! A commit that is pushed from the cockpit is followed until both environments have applied it. Changes the branch main of the testbed by two
//! commits, of which the second takes back the first.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::support::testbed::{ENVIRONMENTS, Testbed, age_key};

pub(super) fn git(root: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").arg("-C").arg(root).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Waits until no other test pushes to the one branch.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static BRANCH: Mutex<()> = Mutex::new(());
    BRANCH.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn what_is_committed_and_pushed_here_is_applied_in_both_environments() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    // The setting is the checkout's own: the cockpit's git has no other.
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false")] {
        git(root, &["config", key, value]);
    }
    std::fs::write(root.join("note.md"), "A note.\n").expect("a file");
    // Both environments reconcile seven Kustomizations one after the other, beside the rest of this suite.
    let mut deck = testbed.deck_with(&testbed.kubeconfig(), root).patient(Duration::from_secs(120)).open();
    deck.lives(&["staging", "production"]);
    deck.sees("PROTECTED");
    deck.press("v");
    deck.sees("not known to git (1)");
    deck.press("<space>");
    deck.sees("staged (1)");
    deck.press("c");
    deck.sees("new line");
    deck.press("docs: a note");
    deck.press("<ctrl-s>");
    // The lesson names P before git has committed.
    deck.sees("; P pushes it");
    deck.press("P");
    // Git tells the destination before the dialog opens, and y counts only once the impact is told.
    deck.sees("what was pushed?");
    deck.sees("y yes");
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

/// The real kustomize-controller decrypts what was written here, and the live Secrets have the values.
#[test]
fn secrets_that_were_written_here_are_applied_with_their_values() {
    use std::io::Write as _;
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false")] {
        git(root, &["config", key, value]);
    }
    let fluxdeck = |arguments: &[&str], input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--env", "staging"]).args(arguments);
        command.current_dir(root).env("SOPS_AGE_KEY_FILE", age_key("staging"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("fluxdeck");
        child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("its input");
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let file = "apps/staging/linkding/linkding-container-env-secret.yaml";
    fluxdeck(
        &["secret", "new", "smtp", "-n", "linkding", "--key", "PASSWORD", "--generate", "TOKEN"],
        "throwaway smtp: #1\n",
    );
    fluxdeck(&["secret", "set", file, "stringData.LD_SUPERUSER_PASSWORD"], "throwaway-changed\n");
    fluxdeck(&["secret", "set", file, "/data/keystore.bin"], "throwaway-encoded\n");
    fluxdeck(&["secret", "rotate", file], "");
    fluxdeck(&["secret", "verify"], "");
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "-m", "secrets: another password"]);
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    // In the order of the waves: what apps waits for has the new commit first.
    fluxdeck(&["reconcile", "--all"], "");
    let live = |name: &str, key: &str| {
        let secret = testbed.get("staging", &[&format!("secret/{name}"), "--namespace", "linkding"]);
        secret["data"][key].as_str().unwrap_or_default().to_owned()
    };
    let (smtp, password, encoded) = (
        live("smtp", "PASSWORD"),
        live("linkding-container-env", "LD_SUPERUSER_PASSWORD"),
        live("linkding-container-env", "keystore.bin"),
    );
    git(root, &["revert", "--no-edit", "HEAD"]);
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    // In the order of the waves: what apps waits for has the new commit first.
    fluxdeck(&["reconcile", "--all"], "");
    assert_eq!(smtp, "dGhyb3dhd2F5IHNtdHA6ICMx");
    assert_eq!((password.as_str(), encoded.as_str()), ("dGhyb3dhd2F5LWNoYW5nZWQ=", "dGhyb3dhd2F5LWVuY29kZWQ="));
}
