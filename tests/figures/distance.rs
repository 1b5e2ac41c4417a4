//! The same with 80 ms of round trip to the API servers: the first screen does not wait for them, and keys do not either.

use std::time::{Duration, Instant};

use super::cockpit::{EACH_ENVIRONMENT, first_byte};
use super::support::proxy::Link;
use super::support::pty::Deck;
use super::support::testbed::Testbed;
use super::table::{Measured, Table, median};

/// Each way.
const DELAY: Duration = Duration::from_millis(40);
const STARTS: usize = 5;
const REST: Duration = Duration::from_millis(250);

/// Its environment stands alone.
fn is_drawn(deck: &mut Deck) -> Instant {
    deck.wait_for("the environment", |screen| EACH_ENVIRONMENT.iter().all(|object| screen.contents().contains(object)))
}

/// Measures the home screen from far away.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let (_proxy, kubeconfig) = testbed.through("staging", Link::Slow(DELAY));
    let open = || -> Deck {
        testbed.deck_with(kubeconfig.path(), &testbed.repository()).with(["--env", "staging"]).sized(180, 50).open()
    };
    table.measure("80 ms away: first frame", Measured::Time(Duration::from_millis(20)), || {
        let start = || {
            let mut deck = open();
            deck.sees("v clusters") - deck.started()
        };
        Measured::Time(median((0..STARTS).map(|_| start()).collect()))
    });
    table.floor("80 ms away: the cluster drawn", || {
        let start = || {
            let mut deck = open();
            is_drawn(&mut deck) - deck.started()
        };
        Measured::Time(median((0..STARTS).map(|_| start()).collect()))
    });
    table.measure("80 ms away: from a key to the first byte", Measured::Time(Duration::from_millis(1)), || {
        let mut deck = open();
        is_drawn(&mut deck);
        deck.rest(REST);
        first_byte(&mut deck)
    });
}
