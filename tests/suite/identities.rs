//! Identities that ask something, at a real terminal: a passphrase, and a plug-in of age with a PIN.

use std::path::{Path, PathBuf};

use super::support::pty::{Deck, Stage};

fn locked() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops/locked")
}

/// A folder with one of the files, and a terminal in which a program has the identity and the plug-in.
fn stage(file: &str, identity: &str, program: Stage) -> (tempfile::TempDir, Stage) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(locked().join(file), folder.path().join(file)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let stage = program.knowing("PATH", format!("{}:{path}", locked().display()));
    let stage = stage.knowing("SOPS_AGE_KEY_FILE", locked().join(identity)).knowing("AGE_THROWAWAY_ALONE", "1");
    let stage = stage.inside(folder.path());
    (folder, stage)
}

fn fluxdeck(file: &str, identity: &str, arguments: &[&str]) -> (tempfile::TempDir, Deck) {
    let (folder, stage) = stage(file, identity, Stage::fluxdeck().with(arguments));
    (folder, stage.open())
}

#[test]
fn a_passphrase_is_asked_on_the_terminal_and_not_shown() {
    for (file, identity) in [("passphrase.yaml", "armored.age"), ("ssh-ed25519.yaml", "ssh-ed25519")] {
        let (_folder, mut deck) = fluxdeck(file, identity, &["secret", "view", file, "--reveal"]);
        deck.sees(&format!("{identity}: "));
        assert!(!deck.is_cooked());
        deck.press("wrong<enter>");
        deck.sees("that is not the passphrase");
        deck.press("throwaway<enter>");
        deck.sees("stringData.password");
        deck.sees(&format!("throwaway-{}", file.trim_end_matches(".yaml")));
        assert_eq!(deck.ends().code(), Some(0));
        let typed = |row: &str| row.contains("wrong") || row.trim_end().ends_with(": throwaway");
        assert!(!deck.text().lines().any(typed), "{}", deck.text());
    }
    // Leaving it unanswered gives the terminal back and says what was wanted.
    let (_folder, mut deck) = fluxdeck("passphrase.yaml", "armored.age", &["secret", "view", "passphrase.yaml"]);
    deck.sees("armored.age: ");
    deck.press("<ctrl-c>");
    deck.tells("its question was not answered");
    assert_eq!(deck.ends().code(), Some(5));
}

#[test]
fn a_plug_in_opens_a_file_with_its_pin_and_wraps_for_its_recipient() {
    let (_folder, mut deck) = fluxdeck("plugin.yaml", "plugin.txt", &["secret", "view", "plugin.yaml"]);
    deck.sees("age-plugin-throwaway: touch your throwaway key");
    deck.sees("age-plugin-throwaway: PIN");
    deck.press("0000<enter>");
    deck.sees("that is not the PIN");
    assert_eq!(deck.ends().code(), Some(5));

    // The value comes through a pipe, and the PIN from the terminal all the same.
    let program = env!("CARGO_BIN_EXE_fluxdeck");
    let script = format!("printf changed | '{program}' secret set plugin.yaml stringData.password && echo set");
    let (folder, stage) = stage("plugin.yaml", "plugin.txt", Stage::new("bash").with(["-c", &script]));
    let mut deck = stage.open();
    deck.sees("age-plugin-throwaway: PIN");
    deck.press("1234<enter>");
    deck.sees("\nset");
    let written = std::fs::read_to_string(folder.path().join("plugin.yaml")).unwrap();
    let before = std::fs::read_to_string(locked().join("plugin.yaml")).unwrap();
    assert!(written != before && !written.contains("changed"));
}

#[test]
fn a_plug_in_that_hangs_holds_up_nothing() {
    let (_folder, stage) =
        stage("plugin.yaml", "plugin.txt", Stage::fluxdeck().with(["secret", "edit", "plugin.yaml"]));
    let mut deck = stage.knowing("AGE_THROWAWAY_HANGS", "1").open();
    deck.sees("touch your throwaway key");
    deck.press("?");
    deck.sees(">help");
    deck.press("<esc>");
    deck.sees("touch your throwaway key");
    deck.press("<ctrl-c>");
    deck.ends();
}
