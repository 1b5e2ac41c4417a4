//! The program without a terminal: what it draws is the same each time, and what it cannot do it says.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn fluxdeck(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(arguments).env_clear().env("HOME", home).current_dir(home);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
    command
}

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    fluxdeck(home.path(), arguments).output().unwrap()
}

#[test]
fn a_snapshot_of_the_demo_is_the_same_each_time() {
    for format in ["text", "ansi", "svg"] {
        let call = ["snapshot", "--demo", "--keys", "jj<tab>R", "--size", "100x30", "--format", format];
        let [first, second] = [run(&call), run(&call)];
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        assert_eq!(String::from_utf8_lossy(&first.stdout), String::from_utf8_lossy(&second.stdout), "{format}");
        assert!(String::from_utf8_lossy(&first.stdout).contains("DEMO"), "{format}");
    }
}

#[test]
fn without_a_terminal_the_cockpit_says_what_it_needs() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [["demo"].as_slice(), &[]] {
        let piped = fluxdeck(home.path(), arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&piped.stderr);
        assert_eq!(piped.status.code(), Some(1), "{said}");
        assert!(said.contains("fluxdeck needs a terminal"), "{said}");
        assert!(piped.stdout.is_empty(), "no escape sequence goes into a pipe: {:?}", piped.stdout);
    }
}

#[test]
fn a_standard_output_that_is_closed_is_no_panic() {
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_fluxdeck");
    for (script, code) in [(format!("{program} demo >&-"), 1), (format!("{program} keys | true"), 0)] {
        let output = Command::new("/bin/sh")
            .args(["-c", &script])
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{script}: {said}");
        assert!(!said.contains("panicked"), "{script}: {said}");
    }
}

#[test]
fn wrong_usage_says_what_is_right() {
    let calls: [(&[&str], &str); 6] = [
        (&["--open", "nothing"], "KIND/NAMESPACE/NAME"),
        (&["snapshot", "--demo", "--size", "9x9"], "120x36"),
        (&["snapshot", "--demo", "--keys", "<nokey>"], "jj<enter>"),
        (&["snapshot", "--demo", "--theme", "nothing"], "fluxdeck themes"),
        (&["reconcile", "apps"], "Kustomization/flux-system/apps"),
        (&["status", "--env", "nowhere"], "name it with --repo"),
    ];
    for (arguments, hint) in calls {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(hint), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn every_subcommand_has_a_manual_page() {
    let whole = run(&["man"]);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let page = String::from_utf8(whole.stdout).unwrap();
    for line in [".TH fluxdeck 1", ".SH NAME", ".SH OPTIONS", ".SH SUBCOMMANDS"] {
        assert!(page.contains(line), "{line}:\n{page}");
    }
    let set = run(&["man", "secret", "set"]);
    let page = String::from_utf8(set.stdout).unwrap();
    assert!(page.contains(".TH fluxdeck-secret-set 1") && page.contains("keep\\-newline"), "{page}");

    let folder = tempfile::tempdir().unwrap();
    let all = run(&["man", "--dir", folder.path().to_str().unwrap()]);
    assert!(all.status.success(), "{}", String::from_utf8_lossy(&all.stderr));
    for name in ["fluxdeck", "fluxdeck-status", "fluxdeck-secret", "fluxdeck-secret-set", "fluxdeck-man"] {
        assert!(folder.path().join(format!("{name}.1")).is_file(), "{name}");
    }

    let none = run(&["man", "nothing"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("there are: init"));
}

#[test]
fn every_screen_of_the_demo_is_ascii_where_the_terminal_shows_no_more() {
    let home = tempfile::tempdir().unwrap();
    let screens = [
        "",
        "?",
        ":",
        "p",
        "f",
        "i",
        "K",
        "C",
        "I",
        "E",
        "A",
        "w",
        "S",
        "S<enter>",
        "v",
        "H",
        "O",
        "M",
        "V",
        "<enter>",
        "<enter>]]]",
        "l",
        "s",
        "R",
        ">R",
        ">D",
        "S+",
        "b",
        "/zzz<enter>",
        "y",
        "d",
    ];
    std::thread::scope(|scope| {
        let looks: Vec<_> = screens
            .chunks(screens.len().div_ceil(2))
            .map(|half| scope.spawn(|| half.iter().for_each(|keys| is_ascii(home.path(), keys))))
            .collect();
        for look in looks {
            look.join().unwrap();
        }
    });
}

fn is_ascii(home: &Path, keys: &str) {
    let call = ["snapshot", "--demo", "--size", "120x36", "--keys", keys];
    let output = fluxdeck(home, &call).env("LANG", "C").output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{keys}: {}", String::from_utf8_lossy(&output.stderr));
    let odd: Vec<&str> = screen.lines().filter(|line| !line.is_ascii()).collect();
    assert!(odd.is_empty(), "{keys}: {odd:#?}");
}

#[test]
fn the_history_of_a_file_is_told_with_what_each_commit_changed_in_it() {
    let home = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    for (text, message) in [("a: 1\n", "feat: one"), ("a: 2\n", "fix: two")] {
        std::fs::write(home.path().join("a.yaml"), text).unwrap();
        git(&["add", "a.yaml"]);
        git(&["commit", "--quiet", "-m", message]);
    }
    let told = |arguments: &[&str]| {
        let output = fluxdeck(home.path(), &[&["history", "a.yaml"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = told(&[]);
    let places = ["fix: two", "    -a: 1", "    +a: 2", "feat: one"].map(|part| text.find(part));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "newest first: {text}");
    assert_eq!(told(&["--brief", "--count", "1"]).lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&told(&["-o", "json"])).unwrap();
    assert_eq!((json[0]["subject"].as_str(), json[1]["author"].as_str()), (Some("fix: two"), Some("Test")));
    let yaml = told(&["-o", "yaml"]);
    assert!(yaml.starts_with("- ") && yaml.contains("\n  subject: 'fix: two'\n") && !yaml.contains('{'), "{yaml}");
    git(&["rm", "--quiet", "a.yaml"]);
    git(&["commit", "--quiet", "-m", "feat: without it"]);
    assert!(told(&["--brief"]).contains("feat: without it"), "a file that is gone has its commits");
}
