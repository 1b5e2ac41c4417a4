//! Lessons as they are taught on rows of the real clusters: the commands that read are run, as their key copied them. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::support::pty::Deck;
use super::support::testbed::{ENVIRONMENTS, Testbed, age_key};

/// What begins commands that only look, and end by themselves.
const READING: [&str; 20] = [
    "flux get ",
    "flux trace ",
    "flux logs ",
    "flux build ",
    "kubectl get ",
    "kubectl describe ",
    "kubectl logs ",
    "kubectl api-resources ",
    "sops decrypt ",
    "git log ",
    "git diff ",
    "git status ",
    "git ls-files ",
    "git grep ",
    "fluxdeck keys",
    "fluxdeck themes",
    "kubectl kustomize ",
    "kubectl rollout status ",
    "kubectl rollout history ",
    "kubectl top ",
];

/// Keys of commands that open a screen from a Kustomization of home.
const SCREENS: [&str; 14] = ["d", "y", "l", "f", "p", "i", "K", "w", "C", "I", "E", "S", "A", "v"];

/// Tells whether a command only looks: nothing is written, here or there.
fn reads(command: &str) -> bool {
    let begins = READING.iter().any(|start| format!("{command} ").starts_with(start));
    begins && !command.contains("kubectl apply") && !command.contains("kubectl diff") && !command.contains(" > ")
}

/// Copies the lesson that is shown by its key, and returns its commands.
fn copied(deck: &mut Deck) -> Vec<String> {
    deck.press("<esc>");
    copied_here(deck)
}

/// Copies it where esc would leave the screen.
fn copied_here(deck: &mut Deck) -> Vec<String> {
    deck.rest(std::time::Duration::from_millis(150));
    let before = deck.raw().len();
    deck.press("<ctrl-y>");
    let is_copied =
        |deck: &mut Deck| String::from_utf8_lossy(deck.raw().get(before..).unwrap_or_default()).contains("]52;c;");
    // The notice of a copy before may still be on the screen: the sequence itself is waited for.
    for _ in 0..100 {
        if is_copied(deck) {
            break;
        }
        deck.rest(std::time::Duration::from_millis(100));
    }
    let raw = String::from_utf8_lossy(deck.raw().get(before..).unwrap_or_default()).into_owned();
    let Some((_, rest)) = raw.rsplit_once("\u{1b}]52;c;") else { panic!("nothing was copied: {raw:?}") };
    let text = rest.split(['\u{7}', '\u{1b}']).next().unwrap_or_default();
    let text = STANDARD.decode(text).expect("base64");
    String::from_utf8(text).expect("text").lines().map(str::to_owned).collect()
}

/// Opens home with the panel of an environment, its first line selected.
fn home(testbed: &Testbed, env: &str) -> Deck {
    let mut deck = testbed.deck().sized(200, 60).open();
    deck.lives(&["staging", "production"]);
    deck.press(if env == "staging" { "2g" } else { "3g" });
    deck.sees(&format!(">{env} "));
    deck.sees(" copies it");
    deck
}

fn run(testbed: &Testbed, env: &str, command: &str) -> Result<(), String> {
    // What follows would never end.
    let command = command.replace(" --follow", "");
    let mut shell: Command = testbed.shell(&command);
    let output = shell.env("SOPS_AGE_KEY_FILE", age_key(env)).output().expect("bash runs");
    // Without an index, git diff says by 1 that the two differ.
    let differs = command.starts_with("git diff --no-index") && output.status.code() == Some(1);
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || differs || (error.contains("not found") && outlives(testbed, env, &command)) {
        return Ok(());
    }
    Err(format!("{env}: {command}\n{}{error}", output.status))
}

/// Tells whether a command is about an object that a warning outlives: home lists warnings for ten minutes, and of a kind that it does not watch it
/// cannot know that the object is gone.
fn outlives(testbed: &Testbed, env: &str, command: &str) -> bool {
    let has_warned = |name: &str| {
        let of = format!("--field-selector=type=Warning,involvedObject.name={name}");
        !testbed.kubectl(env, ["get", "events", "--all-namespaces", "--output=name", &of]).trim().is_empty()
    };
    command.split_whitespace().skip(2).filter(|word| !word.starts_with('-')).any(has_warned)
}

/// Runs each command that home and its screens teach, as soon as it is copied and once: other tests delete their objects meanwhile. Returns how many
/// there were, and what those said that failed.
fn failing(testbed: &Testbed, is_asked: &dyn Fn(&str) -> bool) -> (usize, BTreeMap<String, String>) {
    let (mut seen, mut failed) = (BTreeSet::new(), BTreeMap::new());
    let mut try_all = |lesson: &[String], env: &str| {
        for command in lesson.iter().filter(|command| reads(command) && is_asked(command)) {
            if seen.insert(command.clone())
                && let Err(error) = run(testbed, env, command)
            {
                failed.insert(command.clone(), error);
            }
        }
    };
    for env in ENVIRONMENTS {
        let mut deck = home(testbed, env);
        // Every row of the panel: the cursor stays on the last.
        let mut last = Vec::new();
        for _ in 0..40 {
            let lesson = copied(&mut deck);
            if lesson == last {
                break;
            }
            try_all(&lesson, env);
            last = lesson;
            deck.press("j");
            deck.rest(std::time::Duration::from_millis(200));
        }
        drop(deck);
        for key in SCREENS {
            let mut deck = home(testbed, env);
            deck.press(key);
            deck.sees("esc back");
            // In a log the key that opens the whole lesson shows times.
            let lesson = if key == "l" {
                copied_here(&mut deck)
            } else {
                deck.press("T");
                deck.sees(">lesson: ");
                copied_whole(&mut deck)
            };
            try_all(&lesson, env);
        }
    }
    (seen.len(), failed)
}

#[test]
fn the_reading_commands_of_lessons_run_on_the_testbed() {
    let testbed = Testbed::find();
    let (count, mut failed) = failing(&testbed, &|_| true);
    assert!(count > 20, "{count}: {failed:#?}");
    // An object may have gone just then: only a command that is still taught, and fails again, is at fault.
    for _ in 0..2 {
        if failed.is_empty() {
            return;
        }
        let before = failed;
        failed = failing(&testbed, &|command| before.contains_key(command)).1;
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Copies each command of the whole lesson by itself.
fn copied_whole(deck: &mut Deck) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for _ in 0..20 {
        let before = deck.raw().len();
        deck.press("c");
        deck.rest(std::time::Duration::from_millis(200));
        let raw = String::from_utf8_lossy(deck.raw().get(before..).unwrap_or_default()).into_owned();
        let Some((_, rest)) = raw.rsplit_once("\u{1b}]52;c;") else { break };
        let text = rest.split(['\u{7}', '\u{1b}']).next().unwrap_or_default();
        let command = String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text");
        if found.last() == Some(&command) {
            break;
        }
        found.push(command);
        deck.press("j");
    }
    found
}
