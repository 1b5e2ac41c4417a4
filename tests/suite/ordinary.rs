//! The program in the hands of an ordinary user: little memory that may be locked, a home that cannot be written or is not there, a full
//! disk, and any umask. Where the tests run as root the program runs as `nobody`, else as whoever runs them.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;

use super::support::api::{Answer, Api, apps};
use super::support::pty::{Deck, Stage};
use super::support::workspace::Workspace;

/// The user and the group that own nothing.
const NOBODY: &str = "65534:65534";

/// What a shell does before it becomes the program, in a home that can be written, and what is expected then.
const CASES: &[(&str, &str, Home)] = &[
    ("no memory may be locked", "ulimit -l 0", Home::Kept),
    ("64 KiB may be locked", "ulimit -l 64", Home::Kept),
    ("8 MiB may be locked", "ulimit -l 8192", Home::Kept),
    ("a home that is read-only", "chmod -R a-w \"$HOME\"", Home::Refused),
    ("no HOME", "unset HOME", Home::None),
    ("a full disk", "trap '' XFSZ; ulimit -f 0", Home::Refused),
    ("umask 077", "umask 077", Home::Kept),
    ("umask 000", "umask 000", Home::Kept),
];

/// Says what becomes of the journal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// It is written, for its owner alone.
    Kept,
    /// It cannot be written, and nothing is done without it.
    Refused,
    /// There is nowhere to keep one.
    None,
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Puts the program where everybody may run it, beside a workspace: what cargo built may lie in a home that is nobody's business.
fn program(workspace: &Workspace) -> PathBuf {
    let program = workspace.beside("fluxdeck");
    if !program.exists() {
        let built = env!("CARGO_BIN_EXE_fluxdeck");
        let linked = std::fs::hard_link(built, &program);
        linked.or_else(|_| std::fs::copy(built, &program).map(drop)).expect("a copy of the program");
        open_to_all(&program);
    }
    program
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a folder of ours");
}

/// Gives the ground to the user that the program runs as.
fn hand_over(workspace: &Workspace) {
    open_to_all(&workspace.beside(""));
    if is_root() {
        let given = Command::new("chown").args(["-R", NOBODY]).arg(workspace.beside("")).status();
        assert!(given.expect("chown runs").success());
    }
}

/// Prepares the program in the repository of a workspace, after a line of shell.
fn stage(workspace: &Workspace, line: &str, arguments: &str) -> Stage {
    let program = program(workspace);
    let program = program.display();
    let become_nobody = if is_root() {
        "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "
    } else {
        ""
    };
    let script = format!("{line}; exec {become_nobody}{program} {arguments}");
    Stage::new("/bin/sh")
        .with(["-c", &script])
        .knowing("KUBECONFIG", workspace.kubeconfig())
        .knowing("HOME", workspace.home())
        .inside(workspace.root())
}

fn leaves(mut deck: Deck, case: &str) {
    deck.press("q");
    assert!(deck.ends().success(), "{case}: {}", deck.text());
}

#[test]
fn the_cockpit_opens_and_its_journal_is_kept_or_missed() {
    let api = Api::new(|request| {
        let read = request.starts_with("GET") && request.contains("/kustomizations/apps");
        read.then(|| Answer::Object(apps(Timestamp::now(), "before")))
    });
    for (case, line, home) in CASES {
        let workspace = Workspace::on(&api);
        hand_over(&workspace);
        let mut deck = stage(&workspace, line, "").open();
        deck.sees_row(&["staging: healthy", "production: healthy"]);
        deck.press("R");
        if *home == Home::Refused {
            deck.tells("cannot write the journal");
            leaves(deck, case);
            assert!(workspace.journal().is_empty(), "{case}");
            continue;
        }
        deck.sees("1 running");
        let journal = workspace.home().join(".local/state/fluxdeck/journal.jsonl");
        assert_eq!(workspace.journal().lines().count(), usize::from(*home == Home::Kept), "{case}");
        if *home == Home::Kept {
            assert_eq!(std::fs::metadata(journal).unwrap().mode() & 0o777, 0o600, "{case}");
        }
        deck.press("q");
        deck.sees("One operation runs");
        deck.press("y");
        assert!(deck.ends().success(), "{case}: {}", deck.text());
    }
}

#[test]
fn the_demo_opens_or_says_what_it_lacks() {
    for (case, line, _) in CASES {
        let workspace = Workspace::new();
        hand_over(&workspace);
        let mut deck = stage(&workspace, line, "demo").open();
        if line.contains("ulimit -f") {
            // It writes a repository: no disk, no demo, and nothing but a word about it.
            assert_eq!(deck.ends().code(), Some(1), "{case}: {}", deck.text());
            assert!(deck.text().contains("what to do") && !deck.text().contains("panicked"), "{case}: {}", deck.text());
            continue;
        }
        deck.sees("DEMO");
        leaves(deck, case);
    }
}

#[test]
fn what_it_holds_is_nobody_else_s() {
    let workspace = Workspace::new();
    hand_over(&workspace);
    // A command that reads from a pipe that never ends, in place of one that waits for an editor.
    let mut deck = stage(&workspace, "ulimit -c unlimited 2>/dev/null", "demo").open();
    deck.sees("DEMO");
    let process = format!("/proc/{}", deck.id());
    // What may not be dumped belongs to root, whoever runs it.
    assert_eq!(std::fs::metadata(format!("{process}/mem")).unwrap().uid(), 0);
    if is_root() {
        let limits = std::fs::read_to_string(format!("{process}/limits")).unwrap();
        let core: Vec<_> = limits.lines().filter(|line| line.starts_with("Max core file size")).collect();
        assert!(core[0].split_whitespace().skip(4).take(2).all(|limit| limit == "0"), "{core:?}");
    }
    leaves(deck, "undumpable");
}
