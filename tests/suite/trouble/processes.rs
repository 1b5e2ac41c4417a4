//! Two instances at a time, and what one leaves for the next.

use jiff::Timestamp;
use rustix::process::Signal;

use super::super::support::api::{Answer, Api, apps};
use super::super::support::pty::Deck;
use super::super::support::workspace::Workspace;

/// A server whose controller never answers a request.
fn never_done() -> Api {
    Api::new(|request| {
        let read = request.starts_with("GET") && request.contains("/kustomizations/apps");
        read.then(|| Answer::Object(apps(Timestamp::now(), "before")))
    })
}

fn begins(workspace: &Workspace) -> Deck {
    let mut deck = workspace.stage().open();
    deck.sees("staging: healthy");
    deck.press("R");
    deck.sees("1 running");
    deck
}

#[test]
fn a_second_instance_is_not_told_of_the_first_one_s_work() {
    let api = never_done();
    let workspace = Workspace::on(&api);
    let mut first = begins(&workspace);
    assert_eq!(workspace.journal().lines().count(), 1);
    let mut second = workspace.stage().open();
    second.sees_row(&["staging: healthy", "production: healthy"]);
    assert!(!second.text().contains("was cut off"), "{}", second.text());
    second.press("q");
    assert!(second.ends().success());
    assert_eq!(workspace.journal().lines().count(), 1, "nothing is written of what still runs");
    assert!(first.text().contains("1 running"));
}

#[test]
fn what_a_kill_cut_off_is_told_once_at_the_next_start() {
    let api = never_done();
    let workspace = Workspace::on(&api);
    let mut first = begins(&workspace);
    first.signal(Signal::KILL);
    first.ends();
    let mut next = workspace.stage().open();
    next.sees("was cut off");
    next.tells("flux reconcile kustomization apps");
    next.tells("look at the object: its controller may have gone on");
    next.press("q");
    next.ends();
    let mut last = workspace.stage().open();
    last.sees_row(&["staging: healthy", "production: healthy"]);
    assert!(!last.text().contains("was cut off"), "{}", last.text());
    assert_eq!(workspace.journal().lines().count(), 2, "{}", workspace.journal());
}
