//! The tests of a chart failed after an install or upgrade.

use super::MANUAL;
use super::release_retries_exhausted::reset;
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, Evidence, LiveGraph, LiveObject, Remedy};
use crate::kinds;
use crate::model::{Condition, ObjectRef, State};

pub(super) const CAUSE: Cause = Cause { id: "release-test-failed", title: "The tests of a chart failed", find };

/// helm-controller 1.4 to 1.6: `TestSuccess=False`, `Helm test failed for release apps/web.v2 with chart web@1.2.0: 1 error
/// occurred:⏎* pod web-test failed`; the pods stand in `status.history[0].testHooks`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let kind = kinds::HELM_RELEASE;
    let working = graph.all(kind.group, kind.kind).filter(|live| !live.is_true("/spec/suspend") && !live.is_deleting());
    let failed =
        working.filter_map(|live| Some((live, live.condition("TestSuccess").filter(|test| test.status == "False")?)));
    failed.map(|(live, test)| diagnosis(graph, &live, &test)).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, test: &Condition) -> Diagnosis {
    let object = live.object;
    let said = test.message.lines().map(|line| line.trim().trim_start_matches("* ")).rfind(|line| !line.is_empty());
    let said = short(said.unwrap_or_default().rsplit(": ").next().unwrap_or_default());
    let hooks = live.value.pointer("/status/history/0/testHooks").and_then(serde_json::Value::as_object);
    let failed = hooks.into_iter().flatten().filter(|(_, hook)| crate::doctor::live::text(hook, "/phase") == "Failed");
    let namespace = match live.text("/status/history/0/namespace") {
        "" => &object.namespace,
        namespace => namespace,
    };
    let pods: Vec<ObjectRef> = failed.map(|(name, _)| ObjectRef::new("Pod", "", namespace, name)).collect();
    let rest = if live.condition("Remediated").is_some_and(|condition| condition.status == "True") {
        ", and it was undone"
    } else {
        ""
    };
    let message = format!("{}: the chart's tests failed{rest}: {said}", object.told());
    let mut diagnosis = Diagnosis::new(CAUSE.id, object, message)
        .seen_all([live.condition_evidence(test)])
        .resting_on(pods.iter().cloned())
        .look_at(graph.describe(object));
    for pod in pods.iter().take(3) {
        diagnosis = diagnosis.look_at(graph.shell("kubectl logs {} -n {}", &[&pod.name, &pod.namespace]));
        let Some(live) = graph.get(pod).found() else { continue };
        let container = live.items("/spec/containers").first().and_then(|one| one.get("name")?.as_str());
        let lines = container.map(|name| graph.log(pod, name, false)).unwrap_or_default();
        let from = format!("log of {}", pod.told());
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
        diagnosis =
            diagnosis.seen_all(last.iter().map(|line| Evidence { text: line.clone(), at: None, from: from.clone() }));
    }
    let is_ready = graph.row(object).is_some_and(|row| row.state == State::Ready);
    let diagnosis = if is_ready {
        diagnosis.warning()
    } else if live.present_condition("Stalled", "True").is_some() {
        diagnosis.mended_by(reset(graph, live))
    } else {
        diagnosis
    };
    diagnosis
        .mended_by(Remedy::change(
            "Mend what the test asks for; where the test itself is wrong, set spec.test.ignoreFailures: true, or leave it out by spec.test.filters.",
            "TestSuccess True",
        ))
        .documented(&format!("{MANUAL}#test-configuration"))
}
