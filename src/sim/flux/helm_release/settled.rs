//! The final state of a release, and the state of one that is weeks old.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::report::{ReportLevel, log, run_id};
use super::super::{conditions, interval, observe_generation};
use super::chart::{chart_of, keep_chart};
use super::strategy::{Act, Decision, decide};
use super::{release, save};
use crate::model::ObjectRef;
use crate::sim::json::{list, number, set, text};
use crate::sim::world::SimulatedCluster;

/// The age of a release that the scenario does not mention.
const INSTALLED: SignedDuration = SignedDuration::from_hours(19 * 24);

/// The time since the first attempt of the newest version if there was an earlier one, and the duration of an attempt.
const TRIED: SignedDuration = SignedDuration::from_mins(64);
const TRIES: SignedDuration = SignedDuration::from_mins(7);

/// Ends with the state of the release's own condition.
pub(super) fn settle(world: &SimulatedCluster, object: &mut Value) {
    conditions::remove(object, "Reconciling");
    if conditions::is(object, "Released", "False") {
        // The result of a remediation is the new goal, such as after a rollback.
        let (action, latest) = (
            if text(object, "/status/lastAttemptedReleaseAction") == "install" { "install" } else { "upgrade" },
            list(object, "/status/history").first().cloned().unwrap_or_default(),
        );
        let message = format!(
            "Helm {action} succeeded for release {}/{}.v{} with chart {}@{}",
            text(&latest, "/namespace"),
            text(&latest, "/name"),
            number(&latest, "/version"),
            text(&latest, "/chartName"),
            text(&latest, "/chartVersion"),
        );
        let reason = if action == "install" { "InstallSucceeded" } else { "UpgradeSucceeded" };
        conditions::mark(object, "Released", "True", reason, &message, world.now());
        conditions::remove(object, "Remediated");
    }
    if let Some(released) = conditions::get(object, "Released").cloned() {
        mirror(world, object, &released);
    }
    observe_generation(object);
}

/// Gives up: Ready repeats the remediation's condition if there was one, and else the release's.
pub(super) fn stall(world: &SimulatedCluster, object: &mut Value, reason: &str, message: &str) {
    conditions::remove(object, "Reconciling");
    conditions::mark(object, "Stalled", "True", reason, message, world.now());
    let cause = conditions::get(object, "Remediated").or_else(|| conditions::get(object, "Released")).cloned();
    if let Some(cause) = cause {
        mirror(world, object, &cause);
    }
    observe_generation(object);
}

/// Logs that there are no more attempts.
pub(super) fn complain(world: &mut SimulatedCluster, object: &Value, id: &str, cannot: &str) {
    let error = format!("terminal error: exceeded maximum retries: cannot {cannot}");
    log(world, object, id, ReportLevel::Error, "Reconciler error", &json!({"error": error}));
}

/// Copies another condition to Ready. A successful remediation is no success.
fn mirror(world: &SimulatedCluster, object: &mut Value, condition: &Value) {
    let status = if text(condition, "/type") == "Remediated" { "False" } else { text(condition, "/status") };
    conditions::mark(object, "Ready", status, text(condition, "/reason"), text(condition, "/message"), world.now());
}

/// Builds an older release, with its chart and the revisions of the scenario, oldest first: each with its chart's
/// version and its age.
pub(crate) fn settled(
    world: &mut SimulatedCluster,
    key: &ObjectRef,
    revisions: &[(String, Duration)],
    since: Duration,
) {
    let Some(mut object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    keep_chart(world, &mut object);
    super::super::source::settled(world, &chart_of(&object), since);
    let now = world.now();
    let current = text(&object, "/spec/chart/spec/version").to_owned();
    for (version, ago) in revisions {
        world.as_of = SignedDuration::try_from(*ago).ok().and_then(|ago| now.checked_sub(ago).ok());
        set(&mut object, &["spec", "chart", "spec", "version"], version.as_str());
        follow(world, &mut object);
    }
    set(&mut object, &["spec", "chart", "spec", "version"], current.as_str());
    let before = if revisions.is_empty() { INSTALLED } else { TRIED };
    world.as_of = now.checked_sub(before).ok();
    let end = follow(world, &mut object);
    world.as_of = Some(now);
    set(&mut object, &["status", "lastAttemptedReleaseActionDuration"], "6.21s");
    let id = run_id(world, key);
    if let Decision::Stall { reason, message, cannot } = end {
        stall(world, &mut object, reason, &message);
        save(world, &object);
        complain(world, &object, &id, cannot);
        return;
    }
    settle(world, &mut object);
    save(world, &object);
    log(world, &object, &id, ReportLevel::Info, "release in-sync with desired state", &json!({}));
    super::super::again(world, key, interval(&object).saturating_sub(since));
}

/// Performs one action after the other until nothing is left to do.
fn follow(world: &mut SimulatedCluster, object: &mut Value) -> Decision {
    release::attempt(object, false);
    loop {
        match decide(object, false) {
            Decision::Do(act) => {
                if matches!(act, Act::Install | Act::Upgrade) {
                    set(object, &["status", "lastAttemptedReleaseAction"], act.word());
                }
                release::perform(world, object, act);
                world.settle();
                // Attempts follow one another.
                world.as_of = Some(world.now().checked_add(TRIES).unwrap_or_default());
            }
            end => return end,
        }
    }
}
