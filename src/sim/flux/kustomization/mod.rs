//! kustomize-controller: applies the scenario's objects of a Kustomization, prunes, and waits until it is healthy.

mod checks;
mod outcome;
mod settled;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::{ReportLevel, event, go_string, log, run_id};
use super::{DEPENDENCY_RETRY, NextRun, conditions, depends_on, duration, interval};
use crate::sim::apply;
use crate::sim::json::{self, is_true, list, part, set, text};
use crate::sim::world::SimulatedCluster;
pub(crate) use checks::cannot_be_built;
use checks::{Refusal, refusal, unhealthy, unmet, verdict};
use outcome::{finalize, save, succeed};
pub(crate) use settled::settled;

/// The durations of fetching the artifact, building, applying, and the first health check.
const FETCHES: Duration = Duration::from_millis(130);
const BUILDS: Duration = Duration::from_millis(380);
const APPLIES: Duration = Duration::from_millis(640);
const LOOKS: Duration = Duration::from_millis(90);
/// The interval of further health checks.
const POLLS: Duration = Duration::from_secs(5);

/// One reconciliation of a Kustomization.
pub(crate) struct KustomizationRun {
    object: Value,
    phase: Phase,
    id: String,
    revision: String,
    started: Instant,
    checking_since: Instant,
    was_healthy: bool,
    drifted: bool,
    refusal: Option<Refusal>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Build,
    Detect,
    Apply,
    Check,
}

impl KustomizationRun {
    /// Begins with the present object.
    pub(crate) fn new(object: Value) -> Self {
        let now = Instant::now();
        Self {
            object,
            phase: Phase::Begin,
            id: String::new(),
            revision: String::new(),
            started: now,
            checking_since: now,
            was_healthy: false,
            drifted: false,
            refusal: None,
        }
    }

    /// Makes the next step.
    pub(crate) fn step(&mut self, world: &mut SimulatedCluster) -> NextRun {
        match self.phase {
            Phase::Begin => self.begin(world),
            Phase::Build => {
                self.refusal = refusal(world, &self.object);
                if let Some(refusal) = self.refusal.take_if(|refusal| !refusal.fetched) {
                    return self.refuse(world, &refusal);
                }
                set(&mut self.object, &["status", "lastAttemptedRevision"], self.revision.as_str());
                self.progress(world, "Building manifests");
                self.phase = Phase::Detect;
                NextRun::Step(BUILDS)
            }
            Phase::Detect => {
                if let Some(refusal) = self.refusal.take() {
                    return self.refuse(world, &refusal);
                }
                self.progress(world, "Detecting drift");
                self.phase = Phase::Apply;
                NextRun::Step(APPLIES)
            }
            Phase::Apply => self.apply(world),
            Phase::Check => self.check(world),
        }
    }

    fn begin(&mut self, world: &mut SimulatedCluster) -> NextRun {
        self.id = run_id(world, &json::reference(&self.object));
        if is_true(&self.object, "/spec/suspend") {
            self.say(world, ReportLevel::Info, "Reconciliation is suspended for this object", &json!({}));
            finalize(world, &mut self.object);
            return NextRun::Over(None);
        }
        let source = super::source_of(&self.object);
        let now = world.now();
        let Some(artifact) = world.store.get(&source).map(|source| part(source, "/status/artifact")) else {
            let message = format!(
                "{}.{} \"{}\" not found",
                crate::sim::kinds::by_kind(&source.group, &source.kind).map_or("sources", |served| served.plural),
                source.group,
                source.name
            );
            conditions::mark(&mut self.object, "Ready", "False", "ArtifactFailed", &message, now);
            let said = format!("Source '{}/{}/{}' not found", source.kind, source.namespace, source.name);
            self.say(world, ReportLevel::Info, &said, &json!({}));
            finalize(world, &mut self.object);
            return NextRun::Over(Some(retry_interval(&self.object)));
        };
        if artifact.is_null() {
            let message = "Source artifact not found, retrying in 30s";
            conditions::mark(&mut self.object, "Ready", "False", "ArtifactFailed", message, now);
            self.say(world, ReportLevel::Info, message, &json!({}));
            finalize(world, &mut self.object);
            return NextRun::Over(Some(DEPENDENCY_RETRY));
        }
        text(&artifact, "/revision").clone_into(&mut self.revision);
        if let Some(message) = unmet(world, &self.object, &self.revision) {
            conditions::mark(&mut self.object, "Ready", "False", "DependencyNotReady", &message, now);
            let said = "Dependencies do not meet ready condition, retrying in 30s";
            self.say(world, ReportLevel::Info, said, &json!({}));
            event(world, &self.object, "Normal", "DependencyNotReady", said);
            finalize(world, &mut self.object);
            return NextRun::Over(Some(DEPENDENCY_RETRY));
        }
        if !depends_on(&self.object).is_empty() {
            let said = "All dependencies are ready, proceeding with reconciliation";
            self.say(world, ReportLevel::Info, said, &json!({}));
        }
        conditions::mark(&mut self.object, "Ready", "Unknown", "Progressing", "Reconciliation in progress", now);
        self.progress(world, "Fetching manifests");
        self.phase = Phase::Build;
        NextRun::Step(FETCHES)
    }

    fn apply(&mut self, world: &mut SimulatedCluster) -> NextRun {
        self.tell_what_is_not_rendered(world);
        let changes = apply::apply(world, &self.object);
        if !changes.log.is_empty() {
            let said: serde_json::Map<String, Value> = changes
                .log
                .iter()
                .filter_map(|line| line.rsplit_once(' ').map(|(subject, action)| (subject.to_owned(), action.into())))
                .collect();
            let more = json!({"output": said, "revision": self.revision});
            self.say(world, ReportLevel::Info, "server-side apply completed", &more);
            event(world, &self.object, "Normal", "Progressing", &changes.log.join("\n"));
        }
        set(&mut self.object, &["status", "inventory"], json!({"entries": changes.inventory}));
        if !waits(&self.object) || changes.inventory.is_empty() {
            conditions::remove(&mut self.object, "Healthy");
            return self.succeed(world);
        }
        self.was_healthy = conditions::is(&self.object, "Healthy", "True");
        self.drifted = !changes.log.is_empty();
        let message = self.message("Running health checks");
        let now = world.now();
        conditions::mark(&mut self.object, "Healthy", "Unknown", "Progressing", &message, now);
        self.progress(world, "Running health checks");
        self.checking_since = Instant::now();
        self.phase = Phase::Check;
        NextRun::Step(LOOKS)
    }

    fn check(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let unhealthy = unhealthy(world, &self.object);
        let waited = self.checking_since.elapsed();
        if unhealthy.is_empty() {
            let message = format!("Health check passed in {}", go_string(waited));
            let now = world.now();
            if !self.was_healthy || (self.drifted && self.revision != text(&self.object, "/status/lastAppliedRevision"))
            {
                event(world, &self.object, "Normal", "Progressing", &message);
            }
            conditions::mark(&mut self.object, "Healthy", "True", "Succeeded", &message, now);
            save(world, &self.object);
            return self.succeed(world);
        }
        let (failed, limit) = (unhealthy.iter().any(|(_, status)| *status == "Failed"), timeout(&self.object));
        let patience = world.script.health_checks_last.unwrap_or(limit);
        if waited >= patience || failed {
            let error = verdict(&unhealthy, failed);
            // A scenario may cut the wait short; the message stays the controller's.
            let said = if failed { waited } else { limit };
            return self.fail(world, &error, said);
        }
        NextRun::Step(POLLS.min(patience.saturating_sub(waited)))
    }

    fn refuse(&mut self, world: &mut SimulatedCluster, refusal: &Refusal) -> NextRun {
        outcome::refuse(world, &mut self.object, refusal.reason, &refusal.message);
        self.give_up(world)
    }

    fn fail(&mut self, world: &mut SimulatedCluster, error: &str, waited: Duration) -> NextRun {
        outcome::unhealthy(world, &mut self.object, &self.revision, self.started.elapsed(), error, waited);
        self.give_up(world)
    }

    /// Reports the failure of Ready, and schedules the next try.
    fn give_up(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let ready = conditions::get(&self.object, "Ready").cloned().unwrap_or_default();
        let (reason, error) = (text(&ready, "/reason"), text(&ready, "/message"));
        let retry = retry_interval(&self.object);
        let said = failed(self.started.elapsed(), retry);
        self.say(world, ReportLevel::Error, &said, &json!({"revision": self.revision, "error": error}));
        event(world, &self.object, "Warning", reason, error);
        finalize(world, &mut self.object);
        NextRun::Over(Some(retry))
    }

    fn succeed(&mut self, world: &mut SimulatedCluster) -> NextRun {
        succeed(world, &mut self.object, &self.revision, self.started.elapsed());
        finalize(world, &mut self.object);
        let interval = interval(&self.object);
        let said = finished(self.started.elapsed(), interval);
        self.say(world, ReportLevel::Info, &said, &json!({"revision": self.revision}));
        event(world, &self.object, "Normal", "ReconciliationSucceeded", &said);
        NextRun::Over(Some(interval))
    }

    /// Reports that a commit's changes are not applied: there is no kustomize in here, and its output was prepared
    /// beforehand.
    fn tell_what_is_not_rendered(&self, world: &mut SimulatedCluster) {
        let Some((file, count)) = world.script.unrendered(text(&self.object, "/spec/path")) else { return };
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let said = format!(
            "This demonstration needs kustomize to apply {file}{more}: it applies what it was built with instead. A real cluster applies your commit."
        );
        self.say(world, ReportLevel::Error, &said, &json!({"revision": self.revision}));
        event(world, &self.object, "Warning", "KustomizeNeeded", &said);
    }

    fn message(&self, what: &str) -> String {
        format!("{what} for revision {} with a timeout of {}", self.revision, go_string(timeout(&self.object)))
    }

    fn progress(&mut self, world: &mut SimulatedCluster, what: &str) {
        let message = self.message(what);
        let now = world.now();
        conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", &message, now);
        save(world, &self.object);
    }

    fn say(&self, world: &mut SimulatedCluster, level: ReportLevel, message: &str, more: &Value) {
        log(world, &self.object, &self.id, level, message, more);
    }
}

fn finished(took: Duration, interval: Duration) -> String {
    format!("Reconciliation finished in {}, next run in {}", go_string(took), go_string(interval))
}

fn failed(took: Duration, retry: Duration) -> String {
    format!("Reconciliation failed after {}, next try in {}", go_string(took), go_string(retry))
}

fn waits(object: &Value) -> bool {
    is_true(object, "/spec/wait") || !list(object, "/spec/healthChecks").is_empty()
}

fn timeout(object: &Value) -> Duration {
    let least = Duration::from_secs(30);
    duration(object, "/spec/timeout").unwrap_or_else(|| interval(object).saturating_sub(least)).max(least)
}

fn retry_interval(object: &Value) -> Duration {
    duration(object, "/spec/retryInterval").unwrap_or_else(|| interval(object))
}
