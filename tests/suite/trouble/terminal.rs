//! The terminal is small, taken away, and given back as another one.

use std::time::Duration;

use rustix::process::Signal;

use super::super::support::api::Api;
use super::super::support::pty::{Deck, Stage};
use super::super::support::workspace::Workspace;

const REST: Duration = Duration::from_millis(200);

#[test]
fn forty_columns_show_one_panel_whole() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().sized(40, 10).open();
    deck.sees_row(&["= apps", "next 6m"]);
    deck.sees(">staging");
    deck.press("1");
    deck.sees(">repository");
    deck.sees("settings.yaml");
    deck.press("2<enter>");
    deck.sees_row(&["state", "ready"]);
    deck.press("?");
    deck.sees(">help");
    deck.press("<esc>");
    deck.sees_row(&["state", "ready"]);
    deck.press("<esc>");
    deck.sees_row(&["= apps", "next 6m"]);
    // A fault has its advice there too.
    let workspace = Workspace::new();
    let mut deck = workspace.stage().sized(40, 10).open();
    deck.tells("no kubeconfig");
    deck.tells("or set KUBECONFIG");
}

/// Returns what is seen, without the blanks at the ends of rows, which may be written or not.
fn seen(deck: &mut Deck) -> Vec<String> {
    written(deck.screen())
}

fn written(screen: &vt100::Screen) -> Vec<String> {
    screen.contents().lines().map(|row| row.trim_end().to_owned()).collect()
}

/// Asks a shell with job control to run the program, as a person does.
fn from_a_shell(workspace: &Workspace) -> Deck {
    let script =
        format!("set -m; '{}'; echo stopped; read -r go; fg >/dev/null; echo ended", env!("CARGO_BIN_EXE_fluxdeck"));
    let stage = Stage::new("bash").with(["-c", &script]).knowing("KUBECONFIG", workspace.kubeconfig());
    stage.knowing("HOME", workspace.home()).inside(workspace.root()).open()
}

#[test]
fn stopped_and_back_the_screen_is_whole() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    for from_outside in [false, true] {
        let mut deck = from_a_shell(&workspace);
        deck.sees_row(&["staging: healthy", "production: healthy"]);
        // Without the lesson, which teaches the last key.
        deck.press("t");
        deck.sees_no("Why:");
        deck.sees("settings.yaml");
        deck.rest(REST);
        let before = seen(&mut deck);
        if from_outside {
            deck.signal_children(Signal::TSTP);
        } else {
            deck.press("<ctrl-z>");
        }
        deck.sees("stopped");
        assert!(!deck.screen().alternate_screen() && !deck.screen().hide_cursor(), "the shell has its screen");
        assert!(deck.is_cooked(), "and its lines");
        deck.press("<enter>");
        deck.wait_for("the screen", vt100::Screen::alternate_screen);
        deck.wait_for("the screen as it was", |screen| written(screen) == before);
        assert!(!deck.is_cooked());
        deck.press("q");
        deck.sees("ended");
        assert!(deck.is_cooked());
    }
}

#[test]
fn reattached_at_another_size_and_term_it_is_whole() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    // A program keeps the TERM that it was started with; the terminal that comes back may be any other. Only what all of them know is sent.
    for (term, columns, rows) in [("tmux-256color", 80, 24), ("vt100", 200, 50)] {
        let mut deck = workspace.stage().knowing("TERM", term).open();
        deck.sees_row(&["staging: healthy", "production: healthy"]);
        deck.sees("settings.yaml");
        deck.rest(REST);
        let before = seen(&mut deck);
        deck.resize(columns, rows);
        deck.wait_for("the screen at its new size", |screen| {
            let footer = screen.contents();
            footer.contains("enter open")
                && footer.lines().next().is_some_and(|header| header.trim_end().ends_with("? help"))
        });
        deck.rest(REST);
        deck.resize(120, 36);
        deck.wait_for(&format!("the screen as it was in {term}"), |screen| written(screen) == before);
        let sent = String::from_utf8_lossy(deck.raw()).into_owned();
        assert!(!sent.contains("\x1b[6n") && !sent.contains("\x1b[c"), "{term}: the terminal is asked nothing");
    }
}
