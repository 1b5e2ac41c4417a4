//! Every scenario of the demo has the root causes that it says, and no other.

use std::sync::Arc;

use clap::Parser as _;

use super::lessons::wrong;
use super::{Arguments, Call};
use crate::doctor::examine;
use crate::model::FaultKind;
use crate::sim::{Scenario, ScenarioRoot};
use crate::theme::Depth;

/// Opens a scenario until it has settled, and examines its environments.
async fn roots(scenario: &str, unusable: &mut Vec<String>) -> Vec<ScenarioRoot> {
    let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
    let session = Arc::new(super::demo::session(scenario, &call, super::demo::snapshot_clock().unwrap()).unwrap());
    let mut app = call.app(&session, Depth::None).unwrap();
    let _drawn = crate::runtime::snapshot(&mut app, Arc::clone(&session), &[], (120, 36)).await.unwrap();
    let tasks = session.task_context();
    let mut found = Vec::new();
    for known in &session.environments {
        let Ok(cluster) = tasks.cluster(known.env) else { continue };
        let examination = match examine(&cluster, &known.name, &tasks.clock, std::future::ready(None)).await {
            Ok(examination) => examination,
            // One scenario has a cluster that does not answer.
            Err(fault) => {
                assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}");
                continue;
            }
        };
        assert_eq!(examination.unread, Vec::<String>::new(), "{scenario}");
        for root in examination.roots {
            let remedies = root.fix.iter().map(|remedy| &remedy.shell).filter(|shell| !shell.is_empty());
            for line in remedies.chain(&root.look_at).flat_map(|shell| shell.as_str().lines()) {
                if let Some(why) = wrong(line) {
                    unusable.push(format!("{scenario}: {}: {line}: {why}", root.cause));
                }
            }
            found.push(ScenarioRoot {
                env: known.name.clone(),
                cause: root.cause.to_owned(),
                object: root.object.to_string(),
            });
        }
    }
    found.sort();
    found
}

#[test]
fn every_scenario_has_the_root_causes_that_it_says_and_no_other() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (mut wrong, mut unusable) = (Vec::new(), Vec::new());
    for scenario in Scenario::names() {
        let mut expected = Scenario::named(scenario).unwrap().roots;
        expected.sort();
        let found = runtime.block_on(roots(scenario, &mut unusable));
        if found != expected {
            wrong.push(format!("{scenario}: expected {expected:#?}, found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unusable.is_empty(), "{}", unusable.join("\n"));
}
