//! An hour of work in some minutes, and the memory that is held after it: edits and surveys of 700 files with both clusters on stand-ins,
//! reconciles, and logs that are followed. Alone, without a testbed: `cargo test --release --test figures -- --ignored --nocapture soak`.

use std::time::Duration;

use jiff::Timestamp;

use super::repository;
use super::support::api::{Answer, Api, apps};
use super::support::pty::{Deck, Stage};
use super::support::workspace::Workspace;
use super::table::{Measured, Table};

/// One for each minute of the hour.
const ROUNDS: usize = 60;

/// The screen rests once nothing came for so long: a survey begins within this after a change.
const REST: Duration = Duration::from_millis(1500);

/// What is held after the hour, at most.
const TARGET: u64 = 60 << 20;

pub(crate) fn measure(table: &mut Table) {
    let mut begun = 0;
    table.measure("memory after an hour on 700 files", Measured::Memory(TARGET), || {
        let (before, after) = hour_of_edits();
        begun = before;
        println!(
            "{:.1} MiB at the start, {:.1} after the hour: {:.2} times",
            mebibytes(before),
            mebibytes(after),
            ratio(after, before)
        );
        Measured::Memory(after)
    });
    table.floor("the same at its start", || Measured::Memory(begun));
    table.measure("memory after an hour of logs", Measured::Memory(TARGET), || Measured::Memory(hour_of_logs()));
}

#[test]
#[ignore = "it takes minutes"]
fn soak() {
    // Without optimisation the program itself is larger than what it holds.
    assert!(cfg!(not(debug_assertions)), "the goal is one of the product: measure it with --release");
    let mut table = Table::default();
    measure(&mut table);
    println!("{table}");
    assert!(table.missing().is_empty(), "these could not be measured: {}", table.missing().join(", "));
    assert!(table.over().is_empty(), "over the goal: {}", table.over().join(", "));
}

/// Edits a file in each minute, which is rendered and looked at anew, and reconciles; returns the memory at the start and at the end.
fn hour_of_edits() -> (u64, u64) {
    let api = Api::new(|request| {
        let read = request.starts_with("GET") && request.contains("/kustomizations/apps");
        read.then(|| Answer::Object(apps(Timestamp::now(), "before")))
    });
    let workspace = Workspace::on(&api);
    repository::write(&workspace.root());
    workspace.commit("applications");
    let mut deck = workspace.stage().sized(180, 50).patient(Duration::from_mins(2)).open();
    deck.lives(&["staging"]);
    deck.rest(REST);
    let begun = deck.resident();
    for round in 0..ROUNDS {
        workspace.write(
            &format!("apps/base/app-{:02}/configmap.yaml", round % 45),
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{:02}\ndata:\n  round: \"{round}\"\n",
                round % 45
            ),
        );
        deck.rest(REST);
        deck.press("R");
        deck.rest(Duration::from_millis(200));
        deck.press("X");
        if round % 10 == 0 {
            println!("{round}: {:.1} MiB", mebibytes(deck.resident()));
        }
    }
    deck.rest(REST);
    (begun, deck.resident())
}

/// Opens the log of a pod in each minute and follows it for a moment.
fn hour_of_logs() -> u64 {
    let mut deck: Deck = Stage::fluxdeck().with(["demo"]).sized(180, 50).open();
    deck.sees("cert-manager");
    deck.rest(REST);
    for _ in 0..ROUNDS {
        deck.press("p");
        deck.sees(" pods");
        deck.press("l");
        deck.rest(Duration::from_millis(400));
        deck.press("<esc><esc>");
        deck.rest(Duration::from_millis(200));
    }
    deck.rest(REST);
    deck.resident()
}

fn ratio(after: u64, before: u64) -> f64 {
    mebibytes(after) / mebibytes(before)
}

#[allow(clippy::cast_precision_loss, reason = "a figure of some millions")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
