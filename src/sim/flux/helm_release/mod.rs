//! helm-controller: keeps a HelmChart for a HelmRelease, installs or upgrades on a change of the chart or the values or
//! on request, remediates failures, and gives up without retries left.

mod chart;
mod drift;
mod release;
mod settled;
mod strategy;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::{ReportLevel, event, go_string, log, run_id};
use super::{
    DEPENDENCY_RETRY, NextRun, conditions, depends_on, duration, handle_request, interval, observe_generation,
};
use crate::model::ObjectRef;
use crate::sim::json::{self, is_true, number, set, text};
use crate::sim::world::SimulatedCluster;
use chart::{chart_of, chart_unready, keep_chart};
pub(crate) use drift::look_again;
pub(crate) use settled::settled;
use strategy::{Act, Decision, decide};

/// The durations of the check of the prerequisites, and of an action.
const LOOKS: Duration = Duration::from_millis(160);
const ACTS: Duration = Duration::from_secs(6);
/// The delay before a failure is retried.
const RETRIES: Duration = Duration::from_secs(1);
/// The annotations that request an action without a change, and a reset of the failures; they count if they equal the
/// request.
const FORCE_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1forceAt";
const RESET_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1resetAt";

/// One reconciliation of a HelmRelease.
pub(crate) struct HelmReleaseRun {
    object: Value,
    phase: Phase,
    id: String,
    acting_since: Instant,
    act: Act,
    /// Whether a requested upgrade is still to be done.
    forced: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Look,
    Act,
}

impl HelmReleaseRun {
    /// Begins with the present object.
    pub(crate) fn new(object: Value) -> Self {
        Self {
            object,
            phase: Phase::Begin,
            id: String::new(),
            acting_since: Instant::now(),
            act: Act::Install,
            forced: false,
        }
    }

    /// Makes the next step.
    pub(crate) fn step(&mut self, world: &mut SimulatedCluster) -> NextRun {
        match self.phase {
            Phase::Begin => self.begin(world),
            Phase::Look => self.observe(world),
            Phase::Act => self.act(world),
        }
    }

    fn begin(&mut self, world: &mut SimulatedCluster) -> NextRun {
        self.id = run_id(world, &json::reference(&self.object));
        if is_true(&self.object, "/spec/suspend") {
            self.say(world, "reconciliation is suspended for this object");
            handle_request(&mut self.object);
            observe_generation(&mut self.object);
            save(world, &self.object);
            return NextRun::Over(None);
        }
        let said = keep_chart(world, &mut self.object);
        self.say(world, &said);
        let now = world.now();
        conditions::remove(&mut self.object, "Stalled");
        conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", "Fulfilling prerequisites", now);
        save(world, &self.object);
        self.phase = Phase::Look;
        NextRun::Step(LOOKS)
    }

    fn observe(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let now = world.now();
        let dependencies = depends_on(&self.object);
        if !dependencies.is_empty() {
            self.say(world, &format!("checking {} dependencies", dependencies.len()));
        }
        if let Some(message) = dependencies.iter().find_map(|dependency| unmet(world, dependency)) {
            conditions::mark(&mut self.object, "Ready", "False", "DependencyNotReady", &message, now);
            event(world, &self.object, "Normal", "DependencyNotReady", &message);
            self.say(world, &format!("dependencies do not meet ready condition ({message}): retrying in 30s"));
            return self.wait(world);
        }
        let chart = world.store.get(&chart_of(&self.object)).cloned();
        if let Some(message) = chart.as_ref().and_then(|chart| chart_unready(chart)) {
            self.say(world, &message);
            conditions::mark(&mut self.object, "Ready", "False", "SourceNotReady", &message, now);
            return self.wait(world);
        }
        if ["DependencyNotReady", "SourceNotReady"]
            .contains(&conditions::get(&self.object, "Ready").map_or("", |ready| text(ready, "/reason")))
        {
            conditions::mark(&mut self.object, "Ready", "Unknown", "Progressing", "reconciliation in progress", now);
        }
        self.forced = asks(&self.object, FORCE_AT, "lastHandledForceAt");
        let reset = asks(&self.object, RESET_AT, "lastHandledResetAt");
        release::attempt(&mut self.object, reset);
        self.proceed(world)
    }

    /// Performs the next action.
    fn proceed(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let now = world.now();
        for line in strategy::state(&self.object, self.forced) {
            self.say(world, line);
        }
        match decide(&self.object, self.forced) {
            Decision::InSync => {
                drift::detect(world, &self.object, &self.id);
                self.finish(world)
            }
            Decision::Stall { reason, message, cannot } => self.stall(world, reason, &message, cannot),
            Decision::Do(act) => {
                let limit = timeout(&self.object);
                let message = format!("Running '{}' action with timeout of {}", act.word(), go_string(limit));
                conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", &message, now);
                conditions::mark(&mut self.object, "Ready", "Unknown", "Progressing", &message, now);
                if matches!(act, Act::Install | Act::Upgrade) {
                    set(&mut self.object, &["status", "lastAttemptedReleaseAction"], act.word());
                }
                save(world, &self.object);
                self.say(world, &message.replacen("Running", "running", 1));
                self.acting_since = Instant::now();
                self.phase = Phase::Act;
                self.act = act;
                let fails = matches!(act, Act::Install | Act::Upgrade)
                    && world
                        .script
                        .troubles
                        .failing_chart(
                            text(&self.object, "/spec/chart/spec/chart"),
                            text(&self.object, "/spec/chart/spec/version"),
                        )
                        .is_some();
                NextRun::Step(if fails { world.script.health_checks_last.unwrap_or(limit).min(limit) } else { ACTS })
            }
        }
    }

    fn act(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let took = go_string(self.acting_since.elapsed());
        let remediates = matches!(self.act, Act::Rollback | Act::Uninstall);
        if !remediates {
            set(&mut self.object, &["status", "lastAttemptedReleaseActionDuration"], took);
            self.forced = false;
        }
        release::perform(world, &mut self.object, self.act);
        if remediates && !strategy::is_exhausted(&self.object) {
            return self.retry(world);
        }
        save(world, &self.object);
        self.proceed(world)
    }

    /// Ends a failed attempt that was remediated; the next one follows.
    fn retry(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let now = world.now();
        let message = conditions::get(&self.object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
        conditions::mark(&mut self.object, "Reconciling", "True", "ProgressingWithRetry", &message, now);
        self.handle_requests();
        save(world, &self.object);
        NextRun::Over(Some(RETRIES))
    }

    /// Gives up until something changes or an operator requests it.
    fn stall(&mut self, world: &mut SimulatedCluster, reason: &str, message: &str, cannot: &str) -> NextRun {
        settled::stall(world, &mut self.object, reason, message);
        self.handle_requests();
        save(world, &self.object);
        settled::complain(world, &self.object, &self.id, cannot);
        NextRun::Over(None)
    }

    fn finish(&mut self, world: &mut SimulatedCluster) -> NextRun {
        settled::settle(world, &mut self.object);
        self.handle_requests();
        save(world, &self.object);
        NextRun::Over(Some(interval(&self.object)))
    }

    fn wait(&mut self, world: &mut SimulatedCluster) -> NextRun {
        handle_request(&mut self.object);
        save(world, &self.object);
        NextRun::Over(Some(DEPENDENCY_RETRY))
    }

    fn handle_requests(&mut self) {
        for (pointer, handled) in [(FORCE_AT, "lastHandledForceAt"), (RESET_AT, "lastHandledResetAt")] {
            if asks(&self.object, pointer, handled) {
                let token = self.object.pointer(pointer).cloned().unwrap_or_default();
                set(&mut self.object, &["status", handled], token);
            }
        }
        handle_request(&mut self.object);
    }

    fn say(&self, world: &mut SimulatedCluster, message: &str) {
        log(world, &self.object, &self.id, ReportLevel::Info, message, &json!({}));
    }
}

fn unmet(world: &SimulatedCluster, key: &ObjectRef) -> Option<String> {
    let named = format!("{}/{}", key.namespace, key.name);
    let Some(dependency) = world.store.get(key) else {
        return Some(format!(
            "unable to get '{named}' dependency: helmreleases.helm.toolkit.fluxcd.io \"{}\" not found",
            key.name
        ));
    };
    let observed = number(dependency, "/status/observedGeneration") == number(dependency, "/metadata/generation");
    (!observed || !conditions::is(dependency, "Ready", "True")).then(|| format!("dependency '{named}' is not ready"))
}

/// Tells whether an annotation has an open request: it must equal the request.
fn asks(object: &Value, pointer: &str, handled: &str) -> bool {
    let token = object.pointer(pointer);
    token.is_some()
        && token == object.pointer(super::REQUESTED_AT)
        && token != object.pointer("/status").and_then(|status| status.get(handled))
}

fn timeout(object: &Value) -> Duration {
    duration(object, "/spec/timeout").unwrap_or(Duration::from_mins(5))
}

fn save(world: &mut SimulatedCluster, object: &Value) {
    world.save_status(object, "helm-controller");
}
