//! The cockpit in a terminal, on the simulated clusters of the demo: what only the real program in a real terminal can show.

use std::time::Duration;

use rustix::process::Signal;

use super::support::pty::{Deck, Stage};

/// Keys of which each is measured.
const KEYS: usize = 6;
/// What a key may write at most where the list does not scroll.
const BYTES_PER_KEY: usize = 120;
/// After a key the panels that follow the selection wait for 60 ms; after this long nothing is pending.
const REST: Duration = Duration::from_millis(300);

/// A panel that home alone has; the mark before a panel's name says that it has the focus.
const HOME: &str = " repository ";

fn demo() -> Stage {
    Stage::fluxdeck().with(["demo"])
}

/// Waits until both environments are there, the last of what a start draws, and goes to staging: production, which has
/// a problem, has the focus first.
fn settled(stage: Stage) -> Deck {
    let mut deck = stage.open();
    deck.lives(&["staging", "production"]);
    deck.sees("cert-manager");
    deck.press("2");
    deck.rest(REST);
    deck
}

#[test]
fn the_environment_with_a_problem_has_the_focus_first() {
    let mut deck = demo().open();
    deck.lives(&["staging", "production"]);
    deck.sees(">production  main@");
    let mut chosen = demo().with(["--env", "staging"]).open();
    chosen.lives(&["staging"]);
    chosen.sees(">staging  main@");
}

fn shows_demo(deck: &mut Deck, what: &str) {
    deck.sees("DEMO");
    let text = deck.text();
    assert!(text.lines().next().is_some_and(|header| header.contains("DEMO")), "{what}:\n{text}");
}

#[test]
fn every_screen_says_that_it_is_a_demo() {
    let mut deck = settled(demo());
    shows_demo(&mut deck, "home");
    for (key, panel) in
        [("f", ">staging  kustomizations"), ("p", ">staging  pods"), ("?", ">help"), ("O", ">operations")]
    {
        deck.press(key);
        deck.sees(panel);
        shows_demo(&mut deck, key);
        deck.press("<esc>");
        deck.sees(HOME);
    }
    // Both environments side by side; one at a time where there is less room, and `>` shows the other.
    assert_eq!(deck.text().matches("infrastructure-controllers").count(), 2);
    deck.resize(80, 24);
    deck.wait_for("one environment", |screen| screen.contents().matches("infrastructure-controllers").count() == 1);
    shows_demo(&mut deck, "home at 80x24");
    deck.press(">");
    deck.sees("enter see what it waits for");
    shows_demo(&mut deck, "production at 80x24");
}

#[test]
fn sizes_that_come_in_a_storm_end_in_a_whole_screen() {
    let mut deck = settled(demo().sized(80, 24));
    shows_demo(&mut deck, "a start at 80x24");
    for (columns, rows) in [(200, 50), (20, 5), (19, 4), (1, 1), (37, 11), (300, 90), (20, 5)] {
        deck.resize(columns, rows);
    }
    deck.rest(REST);
    deck.press("j");
    deck.resize(120, 36);
    deck.wait_for("both environments again", |screen| {
        screen.contents().matches("infrastructure-controllers").count() == 2 && screen.contents().contains("? help")
    });
    deck.rest(REST);
    let after = deck.text();
    // Drawn anew the screen is the same: the storm left nothing behind.
    deck.press("<ctrl-l>");
    deck.rest(REST);
    assert_eq!(deck.text(), after);
}

#[test]
fn staging_is_reconciled_at_once_and_production_asks() {
    let mut deck = settled(demo().patient(Duration::from_secs(40)));
    deck.press("jjR");
    let told = "Reconcile HelmRelease/cert-manager in staging: released cert-manager v1.21.2";
    deck.sees(told);
    deck.press("<esc>");
    deck.sees_no(told);

    deck.press("<tab>jjR");
    deck.sees_row(&["production", "PROTECTED", "environment"]);
    deck.sees("flux reconcile helmrelease cert-manager -n cert-manager --context");
    deck.press("n");
    deck.sees_no("Reconcile?");
    deck.press("O");
    deck.sees(">operations");
    deck.sees("released cert-manager v1.21.2");
    assert!(!deck.text().contains("v1.21.1"), "what was not agreed to is not begun:\n{}", deck.text());
    deck.press("<esc>");
    deck.sees(HOME);

    deck.press("R");
    deck.sees("Reconcile?");
    deck.press("y");
    deck.sees_no("Reconcile?");
    deck.sees("Reconcile HelmRelease/cert-manager in production: released cert-manager v1.21.1");
}

#[test]
fn read_only_refuses_and_pasted_text_runs_nothing() {
    let mut deck = settled(demo().with(["--read-only"]));
    deck.sees("READ-ONLY");
    for keys in ["R", "<ctrl-r>", "s", "r"] {
        deck.press(keys);
        deck.sees("is refused");
        deck.press("<esc>");
        deck.sees_no("is refused");
    }
    deck.paste("Rq\nq");
    deck.sees("pasted text was dropped");
    deck.press("<esc>");
    deck.sees_no("pasted text was dropped");
    deck.press("O");
    deck.sees(">operations");
    deck.sees("nothing has been done yet");
    deck.press("<esc>");
    deck.sees(HOME);
    // An input takes the first line, and the end of that line does not end it.
    deck.press("/");
    deck.paste("monit\nq");
    deck.sees_no("cert-manager");
    deck.sees("monitoring");
}

#[test]
fn keys_are_cheap_and_silence_is_silent() {
    let mut deck = settled(demo());
    let measure = |deck: &mut Deck, what: &str| {
        // On a busy machine what follows once keys rest can arrive together with what the key wrote: the median press has the key alone.
        let mut written = Vec::new();
        for key in ["j", "k"].into_iter().cycle().take(KEYS) {
            let mark = deck.mark();
            deck.press(key);
            deck.writes_after(mark);
            written.push(deck.written_since(mark));
            deck.rest(REST);
        }
        written.sort_unstable();
        let median = written[written.len() / 2];
        assert!(median <= BYTES_PER_KEY, "a key in {what} writes {median} bytes: {written:?}");
    };
    // The lesson follows once keys rest: what a key itself costs is the list alone.
    deck.press("t");
    deck.rest(REST);
    measure(&mut deck, "home");
    deck.press("p");
    deck.sees("helm-controller");
    deck.rest(REST);
    measure(&mut deck, "the pods");
    // A rendering says twice a second how far it has come: it is over once nothing came for longer.
    deck.rest(Duration::from_secs(2));
    assert_eq!(deck.listen(Duration::from_secs(1)), 0, "an idle screen writes nothing");
}

/// What every end must leave: the former screen, a cursor, no bracketed paste, and a terminal that echoes lines.
fn is_restored(deck: &mut Deck, what: &str) {
    let screen = deck.screen();
    assert!(!screen.alternate_screen(), "{what}: the alternate screen is left");
    assert!(!screen.hide_cursor(), "{what}: the cursor is shown");
    assert!(!screen.bracketed_paste(), "{what}: bracketed paste is off");
    assert!(deck.is_cooked(), "{what}: the terminal is out of raw mode");
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    type End = fn(&mut Deck);
    let folder = tempfile::tempdir().unwrap();
    let ends: [(&str, End); 4] = [
        ("q", |deck| {
            deck.press("q");
        }),
        ("ctrl-c", |deck| {
            deck.press("<ctrl-c>");
        }),
        ("SIGTERM", |deck| deck.signal(Signal::TERM)),
        ("SIGHUP", |deck| deck.signal(Signal::HUP)),
    ];
    for (what, end) in ends {
        let mut deck = settled(demo().knowing("TMPDIR", folder.path()));
        assert!(deck.screen().alternate_screen() && deck.screen().hide_cursor() && !deck.is_cooked());
        end(&mut deck);
        deck.ends();
        is_restored(&mut deck, what);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{what}: the demo's folder is gone");
    }
}

#[test]
fn a_panic_restores_the_terminal_before_it_speaks() {
    let this = std::env::current_exe().unwrap();
    let mut deck = Stage::new(this).with(["--ignored", "--exact", "--nocapture", "demo::panics_on_its_screen"]).open();
    assert!(!deck.ends().success());
    is_restored(&mut deck, "a panic");
    let raw = String::from_utf8_lossy(deck.raw()).into_owned();
    let (before, after) = raw.split_once("\x1b[?1049l").unwrap();
    assert!(!before.contains("on fire") && after.contains("the deck is on fire"), "{raw:?}");
}

/// Not a test by itself: the process that the test above looks at.
#[test]
#[ignore = "run by a_panic_restores_the_terminal_before_it_speaks in a terminal of its own"]
fn panics_on_its_screen() {
    fluxdeck::runtime::restore_on_panic();
    let _screen = fluxdeck::runtime::Screen::enter().unwrap();
    panic!("the deck is on fire");
}

/// Tells whether a program wrote a colour: an SGR sequence with 30 to 49 or 90 to 107.
fn has_colour(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw);
    text.split("\x1b[").skip(1).any(|rest| {
        let Some((parameters, _)) = rest.split_once(|c: char| !c.is_ascii_digit() && c != ';') else { return false };
        let colour = |number: &str| matches!(number.parse::<u8>(), Ok(30..=49 | 90..=107));
        rest.chars().nth(parameters.len()) == Some('m') && parameters.split(';').any(colour)
    })
}

#[test]
fn colours_and_signs_follow_the_terminal() {
    let mut plain = settled(demo());
    assert!(has_colour(plain.raw()), "a terminal with colours gets them");
    assert!(!plain.text().is_ascii(), "a locale in UTF-8 gets lines");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut deck = settled(demo().knowing(name, value));
        assert!(!has_colour(deck.raw()), "{name}={value} has no colours");
        assert!(deck.text().contains("PROTECTED"), "state never rests on colour alone");
    }
    let mut ascii = settled(demo().knowing("LANG", "C"));
    ascii.press("?");
    ascii.sees("Reconcile the environment");
    assert!(ascii.raw().is_ascii(), "a locale that is not UTF-8 gets ASCII");
}
