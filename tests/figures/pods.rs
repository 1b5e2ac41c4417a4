//! Ten thousand pods on the screen.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::cockpit::first_byte;
use super::support::pty::Deck;
use super::support::testbed::Testbed;
use super::table::{Measured, Table, median};

/// The environment that is filled.
pub(crate) const ENV: &str = "staging";
const COUNT: &str = "10000";
/// What a row of a pod says, whichever pods the order by state puts first.
const ROWS: [&str; 2] = ["Pending", "Running"];
/// The count on the screen: there are some hundreds of pods besides.
const COUNTS: std::ops::Range<u32> = 10_000..11_000;
const STARTS: usize = 5;

/// Makes the pods, unless they are there.
pub(crate) fn fill(testbed: &Testbed) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/pods.sh");
    let mut command = Command::new(script);
    command.args([ENV, COUNT]).envs(testbed.variables());
    assert!(command.status().expect("pods.sh runs").success(), "tests/testbed/pods.sh failed");
}

fn open(testbed: &Testbed) -> Deck {
    testbed.deck().with(["--env", ENV, "--open", "pods"]).sized(180, 50).open()
}

fn shows_rows(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    ROWS.iter().any(|state| text.contains(state))
}

fn shows_the_count(screen: &vt100::Screen) -> bool {
    // It has a comma or none, before and after the rows are there.
    let text = screen.contents().replace(',', "");
    text.split_whitespace().filter_map(|word| word.parse().ok()).any(|count| COUNTS.contains(&count))
}

/// Measures the list of pods.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let time = |until: &dyn Fn(&mut Deck) -> Instant| {
        let start = || {
            let mut deck = open(testbed);
            until(&mut deck) - deck.started()
        };
        Measured::Time(median((0..STARTS).map(|_| start()).collect()))
    };
    table.measure("10,000 pods: first rows", Measured::Time(Duration::from_millis(100)), || {
        time(&|deck| deck.wait_for("rows of pods", shows_rows))
    });
    table.measure("10,000 pods: the count", Measured::Time(Duration::from_millis(250)), || {
        time(&|deck| deck.wait_for("the count of pods", shows_the_count))
    });
    table.measure("10,000 pods: all rows", Measured::Time(Duration::from_millis(1500)), || {
        time(&|deck| {
            deck.wait_for("the count of pods", shows_the_count);
            deck.lives(&["staging"])
        })
    });
    table.measure("10,000 pods: from a key to the first byte", Measured::Time(Duration::from_millis(1)), || {
        let mut deck = open(testbed);
        deck.wait_for("the count of pods", shows_the_count);
        deck.lives(&["staging"]);
        deck.rest(Duration::from_millis(500));
        first_byte(&mut deck)
    });
    table.measure("10,000 pods: memory", Measured::Memory(40 << 20), || {
        let mut deck = open(testbed);
        deck.wait_for("the count of pods", shows_the_count);
        deck.lives(&["staging"]);
        deck.rest(Duration::from_millis(500));
        Measured::Memory(deck.resident())
    });
}
