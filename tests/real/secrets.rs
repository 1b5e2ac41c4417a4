//! Encrypted files in a checkout of their own, with each environment's key; the real sops judges what was saved.

use std::path::Path;
use std::process::Command;

use super::support::pty::{Deck, Stage};
use super::support::testbed::{ENVIRONMENTS, Testbed, age_key, said};

const PASSWORD: &str = "LD_SUPERUSER_PASSWORD";

fn file(env: &str) -> String {
    format!("apps/{env}/linkding/linkding-container-env-secret.yaml")
}

/// A personal configuration that names each environment's key, or the other one's.
fn configuration(keys: [(&str, &str); 2]) -> tempfile::NamedTempFile {
    let text = keys.map(|(env, key)| format!("[env.{env}]\nage_key_file = {:?}\n", age_key(key))).concat();
    let file = tempfile::NamedTempFile::new().expect("a configuration");
    std::fs::write(file.path(), text).expect("a configuration");
    file
}

fn stage(testbed: &Testbed, checkout: &Path, configuration: &Path) -> Stage {
    testbed.deck_with(&testbed.kubeconfig(), checkout).with(["--config".as_ref(), configuration.as_os_str()])
}

/// Opens the secret of an environment from the tree.
fn open(deck: &mut Deck, env: &str) {
    deck.lives(&["staging", "production"]);
    deck.press("1");
    deck.sees(">repository");
    deck.press("/");
    deck.press("container-env");
    deck.press("<enter>");
    deck.sees_row(&[">", "env-secret.yaml [p]"]);
    if env == "staging" {
        deck.press("j");
        deck.sees_row(&[">", "env-secret.yaml [s]"]);
    }
    deck.press("<enter>");
    deck.sees(&format!(">{}", file(env)));
}

fn decrypted(testbed: &Testbed, checkout: &Path, env: &str) -> String {
    let mut sops = testbed.program("sops");
    said(sops.args(["decrypt", &file(env)]).current_dir(checkout).env("SOPS_AGE_KEY_FILE", age_key(env)))
}

/// What changed in a checkout, as the lines that git says were taken and given.
fn changed(checkout: &Path) -> Vec<String> {
    let diff = said(Command::new("git").args(["diff", "--unified=0"]).current_dir(checkout));
    let lines = diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
    lines.map(|line| line.trim_start_matches(['+', ' ']).to_owned()).collect()
}

fn only_the_value_changed(checkout: &Path) {
    let lines = changed(checkout);
    let starts = [PASSWORD, "lastmodified:", "mac:"];
    assert!(
        lines.len() == 3 && lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)),
        "only the value, lastmodified and mac change: {lines:?}"
    );
}

#[test]
fn a_value_edited_in_either_environment_is_what_sops_reads() {
    let testbed = Testbed::find();
    let own = configuration([("staging", "staging"), ("production", "production")]);
    for env in ENVIRONMENTS {
        let checkout = testbed.checkout();
        let before = decrypted(&testbed, checkout.path(), env);
        let old = before.lines().find_map(|line| line.trim().strip_prefix(&format!("{PASSWORD}: "))).unwrap();
        let mut deck = stage(&testbed, checkout.path(), own.path()).open();
        open(&mut deck, env);
        deck.sees_row(&[PASSWORD, "enc"]);
        assert!(!deck.text().contains(old), "values are masked until they are revealed");
        while !deck.text().lines().any(|row| row.contains(">") && row.contains(PASSWORD)) {
            deck.press("j");
            deck.rest(std::time::Duration::from_millis(100));
        }
        deck.press("e");
        deck.sees("enter keep");
        deck.press("-edited");
        deck.press("<enter>");
        deck.sees_no("enter keep");
        deck.press("S");
        deck.sees(">Save?");
        if env == "production" {
            deck.sees(">Save?  production PROTECTED");
            deck.press("<enter>");
            deck.rest(std::time::Duration::from_millis(300));
            assert!(changed(checkout.path()).is_empty(), "enter alone writes nothing in a protected environment");
            deck.press("y");
        } else {
            deck.press("<enter>");
        }
        deck.sees(&format!("Save {} in {env}: ", file(env)));
        only_the_value_changed(checkout.path());
        let after = decrypted(&testbed, checkout.path(), env);
        assert_eq!(after, before.replace(old, &format!("{old}-edited")));
        // Nothing of it is left on the screen or beside the file.
        assert!(!String::from_utf8_lossy(deck.raw()).contains("-edited-"), "the value is masked again");
        let status = said(Command::new("git").args(["status", "--short"]).current_dir(checkout.path()));
        assert_eq!(status.trim(), format!("M {}", file(env)));
    }
}

/// What was revealed and edited is in no buffer of the program once the editor is closed.
#[test]
fn a_value_that_was_shown_is_forgotten_when_the_editor_closes() {
    let testbed = Testbed::find();
    let own = configuration([("staging", "staging"), ("production", "production")]);
    let checkout = testbed.checkout();
    let before = decrypted(&testbed, checkout.path(), "staging");
    let value = before.lines().find_map(|line| line.trim().strip_prefix(&format!("{PASSWORD}: "))).unwrap();
    let typed = "typed-by-the-test-and-never-saved";
    let mut deck = stage(&testbed, checkout.path(), own.path()).open();
    open(&mut deck, "staging");
    deck.sees_row(&[PASSWORD, "enc"]);
    deck.press("A");
    deck.sees(value);
    assert!(deck.remembers(value) > 0, "what is on the screen is in memory: else this test could not fail");
    // The document as text, a new key, and what would be saved.
    deck.press("v");
    deck.sees("it can be saved");
    deck.press("<esc>");
    deck.sees_no("it can be saved");
    deck.press("a");
    deck.press("MARKED<enter>");
    deck.rest(std::time::Duration::from_millis(200));
    // Key by key, as it is typed: what arrives at once stays in the terminal library's read buffer, as SECURITY.md says.
    for letter in typed.chars() {
        deck.press(&letter.to_string());
        deck.rest(std::time::Duration::from_millis(20));
    }
    deck.sees(typed);
    deck.press("<enter>");
    deck.sees("stringData.MARKED (added)");
    deck.press("S");
    deck.sees(">Save?");
    deck.press("x");
    deck.sees(&format!("+ {typed}"));
    deck.press("n");
    deck.sees_no(">Save?");
    // The first may take a notice away.
    while !deck.text().contains("would be lost") {
        deck.press("<esc>");
        deck.rest(std::time::Duration::from_millis(200));
    }
    deck.press("y");
    deck.sees(">repository");
    // The list compares every value with the cluster's.
    deck.press("S");
    deck.sees_row(&["linkding/linkding-container-env", "same"]);
    deck.press("<esc>");
    deck.sees(">repository");
    // The screens after it, and their buffers, too.
    for key in ["2", "j", "j", "k", "?"] {
        deck.press(key);
        deck.rest(std::time::Duration::from_millis(100));
    }
    assert_eq!(deck.remembers(value), 0, "nothing of it is left");
    assert_eq!(deck.remembers(typed), 0, "nor of what was typed");
}

#[test]
fn the_key_of_another_environment_opens_nothing() {
    let testbed = Testbed::find();
    let swapped = configuration([("staging", "production"), ("production", "staging")]);
    let checkout = testbed.checkout();
    for env in ENVIRONMENTS {
        let mut deck = stage(&testbed, checkout.path(), swapped.path()).open();
        open(&mut deck, env);
        deck.sees("cannot");
        assert!(!deck.text().contains("linkding-admin"), "{}", deck.text());
        let config = swapped.path().to_str().unwrap();
        let output = testbed.fluxdeck(["--config", config, "--env", env, "secret", "decrypt", &file(env)]);
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    assert!(changed(checkout.path()).is_empty());
}

#[test]
fn the_headless_twins_read_and_write_as_sops_does() {
    let testbed = Testbed::find();
    let own = configuration([("staging", "staging"), ("production", "production")]);
    let checkout = testbed.checkout();
    let run = |arguments: &[&str], input: &str| {
        let mut stage = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        let repository = checkout.path().to_str().unwrap();
        stage.args(["--repo", repository, "--config", own.path().to_str().unwrap()]).args(arguments);
        let mut child = stage
            .env_clear()
            .env("HOME", checkout.path().parent().unwrap())
            .env("XDG_STATE_HOME", own.path().with_extension("state"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", testbed.kubeconfig())
            .current_dir(checkout.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), input.as_bytes()).ok();
        drop(child.stdin.take());
        child.wait_with_output().unwrap()
    };
    for env in ENVIRONMENTS {
        let file = file(env);
        let before = decrypted(&testbed, checkout.path(), env);
        let plain = run(&["secret", "decrypt", &file], "");
        assert_eq!(String::from_utf8_lossy(&plain.stdout), before, "{}", String::from_utf8_lossy(&plain.stderr));
        let set = ["secret", "set", &file, "stringData.LD_SUPERUSER_PASSWORD"];
        if env == "production" {
            let refused = run(&set, "new\n");
            assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
            assert!(changed(checkout.path()).is_empty());
        }
        let done = run(&[&set[..], &["--confirm", env]].concat(), "a new word\n");
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        only_the_value_changed(checkout.path());
        assert!(decrypted(&testbed, checkout.path(), env).contains("LD_SUPERUSER_PASSWORD: a new word\n"));
        let masked = run(&["secret", "view", &file], "");
        assert!(!String::from_utf8_lossy(&masked.stdout).contains("a new word"));
        said(Command::new("git").args(["checkout", "--quiet", "."]).current_dir(checkout.path()));
    }
}

#[test]
fn a_cluster_is_given_its_key_and_told_what_it_does_not_open() {
    let testbed = Testbed::find();
    let checkout = testbed.checkout();
    let configuration = configuration([("staging", "staging"), ("production", "production")]);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.arg("--config").arg(configuration.path()).arg("--kubeconfig").arg(testbed.kubeconfig());
        command.args(arguments).current_dir(checkout.path()).output().expect("fluxdeck")
    };
    let looked = run(&["secret", "age-key", "--env", "staging", "-o", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&looked.stdout).expect("JSON");
    assert_eq!((found["found"].as_bool(), found["closed"].as_array().map(Vec::len)), (Some(true), Some(0)), "{found}");
    assert!(found["opens"].as_u64() > Some(10), "{found}");
    let refused = run(&["secret", "age-key", "--env", "production", "--create"]);
    assert_eq!(refused.status.code(), Some(3));
    let given = run(&["secret", "age-key", "--env", "production", "--create", "--confirm", "production"]);
    let text = String::from_utf8_lossy(&given.stdout).into_owned();
    assert!(given.status.success() && text.contains("holds this key already"), "{text}");
}
