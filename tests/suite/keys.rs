//! The screen of keys, and replacing a key by it, on the simulated cluster of the demo.

use std::path::{Path, PathBuf};

use super::support::api::Api;
use super::support::pty::{Deck, Stage};
use super::support::workspace::Workspace;

/// Opens the demo's page of staging's keys; its copy of the repository lies in the folder.
fn page(folder: &Path) -> Deck {
    let mut deck = Stage::fluxdeck().with(["demo"]).knowing("TMPDIR", folder).sized(120, 44).open();
    deck.lives(&["staging", "production"]);
    deck.press("2t");
    deck.sees_no("Why:");
    deck.press("A");
    deck.sees(">keys  staging");
    deck
}

fn found(folder: &Path, path: &str) -> PathBuf {
    let demo = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    demo.map(|demo| demo.join(path)).find(|place| place.exists()).unwrap()
}

/// Selects the line with a text, and does what it says.
fn does(deck: &mut Deck, text: &str) {
    deck.tells(text);
    deck.press(&format!("/{text}<enter>"));
    deck.sees("  1 found ");
    deck.press("<enter>");
    deck.rest(std::time::Duration::from_millis(300));
    deck.press("/<esc>");
}

#[test]
fn a_key_is_replaced_step_by_step_and_the_page_says_what_is_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut deck = page(folder.path());
    deck.tells("= cluster flux-system/sops-age opens all 13 encrypted files of staging");
    deck.tells("= files all 13 are for the keys of .sops.yaml");
    deck.press(":age-key-new<enter>");
    deck.tells("too, which is not named");
    let key = std::fs::read_to_string(found(folder.path(), "keys/staging.txt")).unwrap();
    let publics: Vec<&str> = key.lines().filter_map(|line| line.strip_prefix("# public key: ")).collect();
    let [old, new] = publics.as_slice() else { panic!("{} keys", publics.len()) };
    let config = found(folder.path(), "homelab/clusters/staging/.sops.yaml");
    let one = std::fs::read_to_string(&config).unwrap();
    assert!(one.contains(old));

    std::fs::write(&config, one.replace(old, &format!("{old},{new}"))).unwrap();
    deck.sees("names 2 recipients");
    does(&mut deck, "enter applies .sops.yaml to all");
    deck.tells("= files all 13 are for the keys of .sops.yaml");
    does(&mut deck, "enter gives it the key at hand");
    deck.sees("13 of 13 files  at hand, in .sops.yaml, in the cluster");
    deck.wait_for("both keys everywhere", |screen| screen.contents().matches("in the cluster").count() == 2);

    std::fs::write(&config, one.replace(old, new)).unwrap();
    deck.sees("names one recipient");
    does(&mut deck, "enter takes those out");
    deck.tells("= files all 13 are for the keys of .sops.yaml");
    does(&mut deck, "enter takes it out");
    deck.wait_for("the new key alone", |screen| {
        let rows = screen.contents();
        rows.matches("in the cluster").count() == 1 && !rows.contains("it holds")
    });
    deck.tells("= cluster flux-system/sops-age opens all 13 encrypted files of staging");
    let secret = found(folder.path(), "homelab/apps/staging/linkding/linkding-container-env-secret.yaml");
    let text = std::fs::read_to_string(secret).unwrap();
    assert!(text.contains(new) && !text.contains(old));
}

#[test]
fn an_environment_without_a_key_gets_one_outside_of_the_repository() {
    use std::os::unix::fs::PermissionsExt as _;
    let workspace = Workspace::on(&Api::healthy());
    let mut deck = workspace.stage().open();
    deck.sees("staging: healthy");
    deck.press("A");
    deck.tells("key at hand none is named yet: enter makes one, outside of the repository");
    deck.press("/enter makes one<enter>");
    deck.sees("2 found");
    deck.press("<enter>");
    deck.sees("0 found");
    deck.press("/<esc>");
    deck.tells("clusters/staging/.sops.yaml names one recipient");
    deck.tells("= key at hand");
    deck.tells("in the password manager, and one offline");
    deck.tells("nothing is encrypted yet: + makes a new secret");
    let folder = workspace.home().join(".config/fluxdeck/keys");
    let key = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(key.path()).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let config = std::fs::read_to_string(workspace.root().join("clusters/staging/.sops.yaml")).unwrap();
    assert!(config.contains(recipient) && config.contains("encrypted_regex: ^(data|stringData)$"), "{config}");
}
