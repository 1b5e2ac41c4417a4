//! A long log, read by us and by kubectl.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::testbed::Testbed;
use super::table::{Measured, Table, median};

const ENV: &str = "staging";
const NAMESPACE: &str = "linkding";
const LINES: usize = 200_000;
/// What follows while it is watched.
const BURST: usize = 50_000;
const RUNS: usize = 3;

/// Reads a program's output to the end of the log; every line must be there.
fn read(command: &mut Command) -> Duration {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
    let lines = BufReader::new(child.stdout.take().expect("its output")).split(b'\n');
    let count = lines.map_while(Result::ok).filter(|line| line.windows(12).any(|part| part == b"line number ")).count();
    assert!(child.wait().expect("its end").success(), "{command:?}");
    assert_eq!(count, LINES, "every line");
    began.elapsed()
}

/// Measures reading.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let pods = testbed.get(ENV, &["pods", "--namespace", NAMESPACE]);
    let pod = pods["items"][0]["metadata"]["name"].as_str().expect("a pod").to_owned();
    testbed.pods_say_many(ENV, (0..LINES).map(|number| format!("line number {number} of a log that is long")));
    let theirs = || {
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(testbed.kubeconfig());
        read(kubectl.args(["--context", ENV, "logs", "--namespace", NAMESPACE, &pod]))
    };
    let kubectl = median((0..RUNS).map(|_| theirs()).collect());
    table.floor("kubectl logs of 200,000 lines", || Measured::Time(kubectl));
    // A tenth more is what one run differs from the next by.
    table.measure("the same log read", Measured::Time(kubectl * 11 / 10), || {
        let ours = || {
            let home = tempfile::tempdir().expect("a home folder");
            read(testbed.headless(home.path()).args(["--env", ENV, "logs", &format!("{NAMESPACE}/{pod}")]))
        };
        Measured::Time(median((0..RUNS).map(|_| ours()).collect()))
    });
    table.floor("50,000 lines that come while the cockpit follows", || {
        let mut deck = testbed.deck().with(["--open", "pods"]).sized(180, 50).open();
        deck.sees(">staging  pods");
        deck.press(&format!("/{pod}<enter>"));
        deck.sees_row(&[">=", &pod]);
        deck.press("l");
        deck.sees(&format!("line number {}", LINES - 1));
        let began = Instant::now();
        testbed.pods_say_many(ENV, (0..BURST).map(|number| format!("one of many {number} while it is followed")));
        Measured::Time(deck.sees(&format!("one of many {} ", BURST - 1)) - began)
    });
    testbed.pods_say_nothing(ENV);
}
