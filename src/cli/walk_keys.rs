//! Every walk is gone in the cockpit by its keys: the question comes first, then what is wrong; and one is gone to its end.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;

use super::exercises::{SIZE, drawn, press, sees};
use super::{Arguments, Call};
use crate::runtime::{Rehearsal, Session};
use crate::theme::Depth;
use crate::walks;

/// The walks, each with a scenario in which something is left to do.
const OPEN: &[(&str, &str)] = &[
    ("bootstrap", "unreachable"),
    ("decryption-key", "no-key"),
    ("failed-reconcile", "broken-chain"),
    ("stuck-release", "helm-exhausted"),
    ("certificate", "certificate"),
    ("degraded-volume", "healthy"),
    ("restore-postgres", "healthy"),
    ("rebuild", "unreachable"),
];

/// The labels of a question, and of what is wrong.
const ASKED: &str = "asked    ";
const WRONG: &str = "wrong    ";

fn session(scenario: &str) -> (Call, Arc<Session>) {
    let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
    let session = super::demo::session(scenario, &call, super::demo::snapshot_clock().unwrap()).unwrap();
    (call, Arc::new(session))
}

/// Opens a walk of production.
async fn open(rehearsal: &mut Rehearsal<'_>, walk: &str) {
    let title = walks::named(walk).unwrap().title;
    press(rehearsal, &format!("3g./{title}<enter><enter>")).await;
    sees(rehearsal, &format!("{title} in production"));
}

#[test]
fn a_walk_asks_first_and_says_then_what_is_wrong() {
    let known: Vec<&str> = walks::all().map(|walk| walk.id).collect();
    assert_eq!(OPEN.iter().map(|(walk, _)| *walk).collect::<Vec<_>>(), known);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    for (walk, scenario) in OPEN {
        runtime.block_on(async {
            let (call, session) = session(scenario);
            let mut app = call.app(&session, Depth::None).unwrap();
            let mut rehearsal = Rehearsal::open(&mut app, session, SIZE).await.unwrap();
            open(&mut rehearsal, walk).await;
            let has = |rehearsal: &Rehearsal<'_>, label: &str| drawn(rehearsal).contains(label);
            assert!(!has(&rehearsal, ASKED), "{walk}: {}", drawn(&rehearsal));
            // What cannot be verified is taken from the operator.
            for _ in 0..4 {
                if !has(&rehearsal, ASKED) {
                    press(&mut rehearsal, ".").await;
                }
            }
            assert!(has(&rehearsal, ASKED) && !has(&rehearsal, WRONG), "{walk}: {}", drawn(&rehearsal));
            sees(&rehearsal, "answer the question first");
            press(&mut rehearsal, ".").await;
            assert!(has(&rehearsal, ASKED) && has(&rehearsal, WRONG), "{walk}: {}", drawn(&rehearsal));
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_without_an_object_takes_one_that_is_there_and_says_so() {
    let (call, session) = session("healthy");
    let mut app = call.app(&session, Depth::None).unwrap();
    let mut rehearsal = Rehearsal::open(&mut app, session, SIZE).await.unwrap();
    press(&mut rehearsal, ":explain HelmRelease.interval<enter>").await;
    sees(&rehearsal, ", as an example");
    sees(&rehearsal, "kubectl --context staging get helmrelease cert-manager -n cert-manager");
    assert!(!drawn(&rehearsal).contains("NAME -n NAMESPACE"), "{}", drawn(&rehearsal));
}

#[tokio::test(start_paused = true)]
async fn a_walk_is_gone_to_its_end_by_its_own_lines() {
    let (call, session) = session("no-key");
    let mut app = call.app(&session, Depth::None).unwrap();
    let mut rehearsal = Rehearsal::open(&mut app, session, SIZE).await.unwrap();
    open(&mut rehearsal, "decryption-key").await;
    sees(&rehearsal, "2 of 4 done");
    // The line of the step runs the command that does the same, after its question.
    press(&mut rehearsal, "/age-key --create<enter><enter>").await;
    sees(&rehearsal, "Give the cluster its age key?");
    press(&mut rehearsal, "y").await;
    press(&mut rehearsal, ".").await;
    sees(&rehearsal, "done: ");
    rehearsal.pass(Duration::from_mins(15)).await.unwrap();
    press(&mut rehearsal, ".").await;
    sees(&rehearsal, "4 of 4 done");
    sees(&rehearsal, "every step is done");
}
