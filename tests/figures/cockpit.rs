//! Start, keys and silence of the home screen.

use std::time::{Duration, Instant};

use super::support::pty::Deck;
use super::support::testbed::Testbed;
use super::table::{Measured, Table, median};

/// What the first frame shows: a folder of the repository's tree.
const FIRST_FRAME: &str = "v clusters";
/// What each environment shows once its objects are drawn with their state; from the repository alone it would be `? apps`.
pub(super) const EACH_ENVIRONMENT: [&str; 3] = ["= flux-system", "= cert-manager", "= apps"];
/// Starts of which the middle one counts.
const STARTS: usize = 11;
/// Keys of which the middle one counts, each way.
const KEYS: usize = 10;
/// After a key the screen rests when nothing came for this long; panels that follow the selection wait for 60 ms.
const REST: Duration = Duration::from_millis(250);

fn open(testbed: &Testbed) -> Deck {
    testbed.deck().sized(180, 50).open()
}

fn both_are_drawn(deck: &mut Deck) -> Instant {
    deck.wait_for("both environments", |screen| {
        EACH_ENVIRONMENT.iter().all(|object| screen.contents().matches(object).count() >= 2)
    })
}

/// Measures the home screen.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    table.measure("first frame", Measured::Time(Duration::from_millis(20)), || {
        let start = || {
            let mut deck = open(testbed);
            deck.sees(FIRST_FRAME) - deck.started()
        };
        Measured::Time(median((0..STARTS).map(|_| start()).collect()))
    });
    table.measure("repository and both clusters drawn", Measured::Time(Duration::from_millis(40)), || {
        let start = || {
            let mut deck = open(testbed);
            both_are_drawn(&mut deck) - deck.started()
        };
        Measured::Time(median((0..STARTS).map(|_| start()).collect()))
    });
    table.measure("one key in a list that does not scroll", Measured::Bytes(120), || {
        Measured::Bytes(median(each_key(&mut settled(testbed)).map(|(key, _)| key).collect()))
    });
    table.floor("the panels that follow, once keys rest", || {
        Measured::Bytes(median(each_key(&mut settled(testbed)).map(|(_, following)| following).collect()))
    });
    table.measure("from a key to the first byte", Measured::Time(Duration::from_millis(1)), || {
        first_byte(&mut settled(testbed))
    });
    table.measure("ten idle seconds", Measured::Bytes(0), || {
        let mut deck = settled(testbed);
        // A rendering says twice a second how far it has come: it is over once nothing came for longer.
        deck.rest(Duration::from_secs(2));
        // Ages are shown by the minute: of three times ten seconds at most one has the turn of a minute.
        Measured::Bytes(median((0..3).map(|_| deck.listen(Duration::from_secs(10))).collect()))
    });
    table.measure("memory of the home screen", Measured::Memory(40 << 20), || {
        Measured::Memory(settled(testbed).resident())
    });
}

/// Measures from a key to the first byte that it writes, on a screen that rests.
pub(super) fn first_byte(deck: &mut Deck) -> Measured {
    let mut press = |key| {
        let mark = deck.mark();
        let pressed = deck.press(key);
        let first = deck.writes_after(mark);
        deck.rest(REST);
        first.saturating_duration_since(pressed)
    };
    Measured::Time(median((0..KEYS).flat_map(|_| [press("j"), press("k")]).collect()))
}

/// Presses down and up again by single steps, so that the list never scrolls and both directions count; returns what each key writes at
/// once, and what follows when no other key comes.
fn each_key(deck: &mut Deck) -> impl Iterator<Item = (usize, usize)> + use<'_> {
    ["j", "k"].into_iter().cycle().take(2 * KEYS).map(|key| {
        let mark = deck.mark();
        deck.press(key);
        deck.writes_after(mark);
        let at_once = deck.written_since(mark);
        deck.rest(REST);
        (at_once, deck.written_since(mark) - at_once)
    })
}

fn settled(testbed: &Testbed) -> Deck {
    let mut deck = open(testbed);
    both_are_drawn(&mut deck);
    deck.rest(REST);
    deck
}
