//! The terminal, lent to programs that need it, and taken back.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::support::pty::{Deck, Stage};

/// A panel that home alone has.
const HOME: &str = "repository ";

/// Writes an editor: a script that has the terminal, asks, and changes the file.
fn editor(folder: &Path, script: &str) -> String {
    let path = folder.join("my editor.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("'{}' --wait", path.display())
}

/// Opens the demo with an editor, with a file of the repository selected that is not encrypted.
fn on_a_plain_file(editor: &str, flags: &[&str]) -> Deck {
    let mut deck = Stage::fluxdeck().with(["demo"]).with(flags).knowing("VISUAL", editor).open();
    deck.sees("cert-manager");
    deck.sees("renovate.json");
    deck.press("1G");
    deck.sees_row(&[">", "renovate.json"]);
    deck
}

#[test]
fn an_editor_has_the_terminal_and_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"stty -a | grep -q ' echo ' && echo cooked; printf '%s: ' "$1 ${2##*/}"; read -r word; echo "// $word" >> "$2""#;
    let mut deck = on_a_plain_file(&editor(folder.path(), script), &[]);
    deck.press("e");
    deck.sees("--wait renovate.json:");
    assert!(deck.text().contains("cooked"), "the editor has a terminal that echoes:\n{}", deck.text());
    assert!(!deck.screen().alternate_screen() && !deck.screen().hide_cursor() && deck.is_cooked());
    // Keys that mean much to the cockpit are the editor's alone.
    deck.press("qRqD<enter>");
    deck.wait_for("the screen", vt100::Screen::alternate_screen);
    deck.sees(HOME);
    assert!(deck.screen().alternate_screen() && !deck.is_cooked());
    // The change is seen, and keys are ours again.
    deck.sees("~1");
    deck.press("O");
    deck.sees("nothing has been done yet");
}

#[test]
fn what_an_editor_says_as_it_fails_stays_until_enter() {
    let folder = tempfile::tempdir().unwrap();
    let mut deck = on_a_plain_file(&editor(folder.path(), "echo the disk is full; exit 3"), &[]);
    deck.press("e");
    deck.sees("the disk is full");
    deck.sees("enter goes back to fluxdeck");
    deck.press("<enter>");
    deck.sees("was not edited");
    deck.sees(HOME);
    deck.press("q");
    deck.ends();
}

#[test]
fn a_read_only_cockpit_edits_no_file() {
    let mut deck = on_a_plain_file("false", &["--read-only"]);
    deck.press("e");
    deck.sees("is refused");
}

/// Opens the pods of the demo with one selected.
fn on_a_pod(name: &str, flags: &[&str]) -> Deck {
    let mut deck = Stage::fluxdeck().with(["demo"]).with(flags).open();
    deck.sees("cert-manager");
    deck.press("2p");
    deck.sees(">staging  pods");
    deck.press(&format!("/{name}<enter>"));
    deck.sees_row(&[">=", name, "1/1"]);
    deck
}

#[test]
fn a_shell_has_the_terminal_and_gives_it_back() {
    let mut deck = on_a_pod("linkding-", &[]);
    deck.press("!");
    deck.sees("sh in linkding of Pod/linkding-");
    deck.sees("in staging; exit or Ctrl-D leads back");
    assert!(!deck.screen().alternate_screen());
    deck.press("echo q:R<enter>");
    deck.sees_row(&["q:R"]);
    deck.press("exit 3<enter>");
    deck.sees("with status 3");
    assert!(deck.screen().alternate_screen() && !deck.is_cooked());
}

#[test]
fn a_port_is_forwarded_until_it_is_stopped() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut deck = on_a_pod("linkding-", &[]);
    deck.press("F");
    deck.sees("Which port?");
    deck.press(&format!("{free}:9090<enter>"));
    deck.sees_row(&["~ Forward", "ssh -L"]);
    assert!(std::net::TcpStream::connect(("127.0.0.1", free)).is_ok());
    deck.press("O");
    deck.sees(&format!("127.0.0.1:{free} reaches port 9090 of Pod/linkding-"));
    deck.press("X");
    deck.sees("the port is closed");
    assert!(std::net::TcpStream::connect(("127.0.0.1", free)).is_err());
}

/// Serves a remote that wants a password and takes none, on a port of its own.
fn a_remote_that_wants_a_password() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 8192];
            let _read = stream.read(&mut request);
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"homelab\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _written = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn git_asks_for_a_password_on_the_terminal() {
    let port = a_remote_that_wants_a_password();
    let repository = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(repository.path().join("clusters/staging")).unwrap();
    std::fs::write(repository.path().join("README.md"), "# A homelab\n").unwrap();
    let remote = format!("http://127.0.0.1:{port}/homelab.git");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "a homelab"],
        &["remote", "add", "origin", &remote],
    ] {
        let git = std::process::Command::new("git").current_dir(repository.path()).args(arguments).status().unwrap();
        assert!(git.success(), "git {arguments:?}");
    }
    let mut deck = Stage::fluxdeck().inside(repository.path()).open();
    deck.sees("README.md");
    deck.press("v");
    deck.sees("a homelab");
    deck.press("u");
    deck.sees("Username for 'http://127.0.0.1:");
    assert!(!deck.screen().alternate_screen() && deck.is_cooked());
    deck.press("maria<enter>");
    deck.sees("Password for 'http://maria@127.0.0.1:");
    deck.press("not-the-password<enter>");
    deck.sees("enter goes back to fluxdeck");
    assert!(!deck.text().contains("not-the-password"), "a password is not echoed");
    deck.press("<enter>");
    deck.sees("nothing was fetched");
    deck.sees("on the terminal, it ended with status 128");
    assert!(deck.screen().alternate_screen() && !deck.is_cooked());
}
