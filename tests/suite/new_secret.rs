//! The form of a new Secret, in the demo: what it writes, what it refuses, and what it never shows.

use std::path::{Path, PathBuf};

use super::support::pty::{Deck, Stage};

fn demo(folder: &Path) -> Deck {
    let mut deck = Stage::fluxdeck().with(["demo"]).knowing("TMPDIR", folder).open();
    deck.lives(&["staging", "production"]);
    deck.press("2+");
    deck.sees(">new secret  staging");
    deck.press("linkding<tab>");
    deck
}

fn file(folder: &Path, name: &str) -> PathBuf {
    let demo = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    demo.map(|demo| demo.join("homelab/apps/staging/linkding").join(name)).find(|place| place.exists()).unwrap()
}

#[test]
fn values_are_typed_made_and_read_and_reach_the_disk_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let beside = tempfile::tempdir().unwrap();
    let env = beside.path().join("app.env");
    std::fs::write(&env, "FROM_FILE=throwaway-2\n").unwrap();
    let mut deck = demo(folder.path());
    deck.press("<ctrl-s>");
    deck.tells("it needs a namespace and a name");
    deck.press(&format!("linkding-smtp<tab><tab>{}<tab>TYPED<tab>", env.display()));
    deck.press("throwaway-1");
    deck.sees("***********");
    deck.press("<tab>MADE<tab><ctrl-s>");
    deck.sees("linkding-smtp-secret.yaml (encrypted by rule 1");
    deck.sees(" repository ");
    let made = file(folder.path(), "linkding-smtp-secret.yaml");
    let text = std::fs::read_to_string(&made).unwrap();
    for key in ["FROM_FILE: ENC[", "TYPED: ENC[", "MADE: ENC["] {
        assert!(text.contains(key), "{text}");
    }
    assert!(!text.contains("throwaway"), "{text}");
    let kustomization = std::fs::read_to_string(made.with_file_name("kustomization.yaml")).unwrap();
    assert!(kustomization.contains("linkding-smtp-secret.yaml"), "{kustomization}");
    assert!(!String::from_utf8_lossy(deck.raw()).contains("throwaway-1"), "it was never shown");
}

#[test]
fn each_type_has_its_fields_and_a_refusal_keeps_what_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let mut deck = demo(folder.path());
    deck.press("registry<up><up>");
    for word in ["dockerconfigjson", "kubernetes.io/tls", "basic-auth", "ssh-auth", "Opaque", "dockerconfigjson"] {
        deck.press("<right>");
        deck.sees(word);
    }
    deck.press("<ctrl-s>");
    deck.tells("a registry wants a server, a username and a password");
    deck.press("<down><down><down><down><down>robot<tab>throwaway-1<ctrl-s>");
    deck.sees("registry-secret.yaml (encrypted by rule 1");
    let text = std::fs::read_to_string(file(folder.path(), "registry-secret.yaml")).unwrap();
    assert!(
        text.contains("type: kubernetes.io/dockerconfigjson") && text.contains(".dockerconfigjson: ENC["),
        "{text}"
    );

    deck.press("2+");
    deck.sees(">new secret  staging");
    deck.press("linkding<tab>deploy<up><up><left>");
    deck.sees("ssh-auth");
    deck.press("<up><up>/nonexistent/key<ctrl-s>");
    deck.tells("/nonexistent/key: No such file");
    deck.sees("/nonexistent/key");
    deck.press("<esc>");
    deck.sees("esc once more drops what was typed");
    deck.press("<esc>");
    deck.sees(" repository ");
}
