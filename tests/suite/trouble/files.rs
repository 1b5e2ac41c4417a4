//! Files that cannot be read, are no text, are huge, or are no YAML.

use std::os::unix::fs::PermissionsExt as _;

use super::super::support::api::Api;
use super::super::support::pty::{Deck, Stage};
use super::super::support::workspace::Workspace;

/// Opens the only other file of `apps/`, which comes before `settings.yaml`.
fn open_file(stage: Stage, name: &str) -> Deck {
    let mut deck = stage.open();
    deck.sees(name);
    deck.press("1j");
    deck.sees_row(&[">", name]);
    deck.press("<enter>");
    deck.sees(&format!(">apps/{name}"));
    deck
}

#[test]
fn an_unreadable_file_says_whose_leave_is_missing() {
    let workspace = Workspace::on(&Api::healthy());
    workspace.write("apps/closed.yaml", "kind: ConfigMap\n");
    let closed = workspace.root().join("apps/closed.yaml");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o0)).unwrap();
    // Root reads whatever it likes, unless it gives that up.
    let stage = if std::fs::read(&closed).is_ok() {
        let call = ["--bounding-set", "-dac_override,-dac_read_search", env!("CARGO_BIN_EXE_fluxdeck")];
        let stage = Stage::new("setpriv").with(call).knowing("KUBECONFIG", workspace.kubeconfig());
        stage.knowing("HOME", workspace.home()).inside(workspace.root())
    } else {
        workspace.stage()
    };
    let mut deck = open_file(stage, "closed.yaml");
    deck.tells("cannot show apps/closed.yaml: Permission denied");
    deck.sees("may you read it?");
    deck.sees("the file cannot be read");
}

#[test]
fn what_is_not_text_says_so() {
    let workspace = Workspace::on(&Api::healthy());
    workspace.write("apps/latin.yaml", b"kind: ConfigMap\ndata: {drink: caf\xe9}\n");
    let mut deck = open_file(workspace.stage(), "latin.yaml");
    deck.tells("cannot show apps/latin.yaml: it is not text in UTF-8");
    deck.sees("`file` tells what it is");
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let workspace = Workspace::on(&Api::healthy());
    // A hole: it has the size, and takes no room.
    workspace.write("apps/big.yaml", "");
    let big = std::fs::OpenOptions::new().write(true).open(workspace.root().join("apps/big.yaml")).unwrap();
    big.set_len(100 * 1024 * 1024).unwrap();
    let mut deck = open_file(workspace.stage(), "big.yaml");
    deck.tells("cannot show apps/big.yaml: it has 102400 KiB");
    deck.sees("look at it with a pager");
    assert!(deck.resident() < 100 * 1024 * 1024, "{}", deck.resident());
}

#[test]
fn invalid_yaml_is_marked_with_its_line() {
    let workspace = Workspace::on(&Api::healthy());
    workspace.write("apps/bad.yaml", "kind: ConfigMap\ndata: [bar\nkind: none\n");
    let mut deck = open_file(workspace.stage(), "bad.yaml");
    deck.sees("the file is not valid YAML");
    deck.tells("Flux would refuse the whole Kustomization");
    deck.press("<esc>");
    deck.sees_row(&["bad.yaml", "(x)"]);
    // Mended while it is shown, it is as any other.
    workspace.write("apps/bad.yaml", "kind: ConfigMap\n");
    deck.sees_no("(x)");
}

#[test]
fn nowhere_to_write_says_what_is_not_kept() {
    let workspace = Workspace::on(&Api::healthy());
    let stage =
        workspace.stage().knowing("XDG_STATE_HOME", "/dev/null/state").knowing("XDG_CACHE_HOME", "/dev/null/cache");
    let mut deck = stage.open();
    deck.sees("staging: healthy");
    deck.press("J");
    deck.sees("no journal and no drafts are kept");
    deck.sees("no renderings are kept");
}

#[test]
fn nothing_needs_kustomize() {
    // A search path with git alone: neither kustomize nor kubectl nor flux nor sops.
    let workspace = Workspace::on(&Api::healthy());
    let programs = workspace.beside("programs");
    std::fs::create_dir(&programs).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).expect("git");
    std::os::unix::fs::symlink(git, programs.join("git")).unwrap();
    let mut deck = Stage::fluxdeck().with(["demo"]).knowing("PATH", &programs).open();
    deck.lives(&["staging", "production"]);
    deck.press("2jjR");
    deck.sees("1 running");
    // Which file becomes what is read from the manifests themselves.
    let mut deck = workspace.stage().knowing("PATH", &programs).open();
    deck.sees("staging: healthy");
    deck.press("1j");
    deck.sees_row(&["> ", "settings.yaml"]);
    deck.sees_row(&["*= apps", "*= apps"]);
}
