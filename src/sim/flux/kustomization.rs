//! kustomize-controller: applies what the scenario says that a Kustomization builds, prunes, and waits until it is healthy.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::{Level, event, go_string, log, run_id};
use super::{DEPENDENCY_RETRY, Next, conditions, depends_on, duration, handle_request, interval, observe_generation};
use crate::model::ObjectRef;
use crate::sim::apply;
use crate::sim::json::{self, is_true, list, number, part, set, sha256, stamp, text};
use crate::sim::workload::health;
use crate::sim::world::World;

/// How long it takes to fetch the artifact, to build, to apply, and to look at what is healthy already.
const FETCHES: Duration = Duration::from_millis(130);
const BUILDS: Duration = Duration::from_millis(380);
const APPLIES: Duration = Duration::from_millis(640);
const LOOKS: Duration = Duration::from_millis(90);
/// How often what is not healthy yet is looked at again.
const POLLS: Duration = Duration::from_secs(5);
/// How many snapshots the history keeps.
const HISTORY: usize = 5;

/// One reconciliation of a Kustomization.
pub(crate) struct Run {
    object: Value,
    phase: Phase,
    id: String,
    revision: String,
    started: Instant,
    checking_since: Instant,
    was_healthy: bool,
    drifted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Build,
    Detect,
    Apply,
    Check,
}

impl Run {
    /// Begins with the object as it is now.
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
        }
    }

    /// Takes the next step.
    pub(crate) fn step(&mut self, world: &mut World) -> Next {
        match self.phase {
            Phase::Begin => self.begin(world),
            Phase::Build => {
                set(&mut self.object, &["status", "lastAttemptedRevision"], self.revision.as_str());
                self.progress(world, "Building manifests");
                self.phase = Phase::Detect;
                Next::Step(BUILDS)
            }
            Phase::Detect => {
                self.progress(world, "Detecting drift");
                self.phase = Phase::Apply;
                Next::Step(APPLIES)
            }
            Phase::Apply => self.apply(world),
            Phase::Check => self.check(world),
        }
    }

    fn begin(&mut self, world: &mut World) -> Next {
        self.id = run_id(world, &json::reference(&self.object));
        if is_true(&self.object, "/spec/suspend") {
            self.say(world, Level::Info, "Reconciliation is suspended for this object", &json!({}));
            finalize(world, &mut self.object);
            return Next::Over(None);
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
            self.say(world, Level::Info, &said, &json!({}));
            finalize(world, &mut self.object);
            return Next::Over(Some(retry_interval(&self.object)));
        };
        if artifact.is_null() {
            let message = "Source artifact not found, retrying in 30s";
            conditions::mark(&mut self.object, "Ready", "False", "ArtifactFailed", message, now);
            self.say(world, Level::Info, message, &json!({}));
            finalize(world, &mut self.object);
            return Next::Over(Some(DEPENDENCY_RETRY));
        }
        text(&artifact, "/revision").clone_into(&mut self.revision);
        if let Some(message) = unmet(world, &self.object, &self.revision) {
            conditions::mark(&mut self.object, "Ready", "False", "DependencyNotReady", &message, now);
            let said = "Dependencies do not meet ready condition, retrying in 30s";
            self.say(world, Level::Info, said, &json!({}));
            event(world, &self.object, "Normal", "DependencyNotReady", said);
            finalize(world, &mut self.object);
            return Next::Over(Some(DEPENDENCY_RETRY));
        }
        if !depends_on(&self.object).is_empty() {
            let said = "All dependencies are ready, proceeding with reconciliation";
            self.say(world, Level::Info, said, &json!({}));
        }
        conditions::mark(&mut self.object, "Ready", "Unknown", "Progressing", "Reconciliation in progress", now);
        self.progress(world, "Fetching manifests");
        self.phase = Phase::Build;
        Next::Step(FETCHES)
    }

    fn apply(&mut self, world: &mut World) -> Next {
        let changes = apply::apply(world, &self.object);
        if !changes.log.is_empty() {
            let said: serde_json::Map<String, Value> = changes
                .log
                .iter()
                .filter_map(|line| line.rsplit_once(' ').map(|(subject, action)| (subject.to_owned(), action.into())))
                .collect();
            let more = json!({"output": said, "revision": self.revision});
            self.say(world, Level::Info, "server-side apply completed", &more);
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
        Next::Step(LOOKS)
    }

    fn check(&mut self, world: &mut World) -> Next {
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
            // A scenario may cut the waiting short; what is said of it stays what the controller would say.
            let said = if failed { waited } else { limit };
            return self.fail(world, &error, said);
        }
        Next::Step(POLLS.min(patience.saturating_sub(waited)))
    }

    fn fail(&mut self, world: &mut World, error: &str, waited: Duration) -> Next {
        fail(world, &mut self.object, &self.revision, self.started.elapsed(), error, waited);
        let error = conditions::get(&self.object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
        let retry = retry_interval(&self.object);
        let said = format!(
            "Reconciliation failed after {}, next try in {}",
            go_string(self.started.elapsed()),
            go_string(retry)
        );
        self.say(world, Level::Error, &said, &json!({"revision": self.revision, "error": error}));
        event(world, &self.object, "Warning", "HealthCheckFailed", &error);
        finalize(world, &mut self.object);
        Next::Over(Some(retry))
    }

    fn succeed(&mut self, world: &mut World) -> Next {
        succeed(world, &mut self.object, &self.revision, self.started.elapsed());
        finalize(world, &mut self.object);
        let interval = interval(&self.object);
        let said = finished(self.started.elapsed(), interval);
        self.say(world, Level::Info, &said, &json!({"revision": self.revision}));
        event(world, &self.object, "Normal", "ReconciliationSucceeded", &said);
        Next::Over(Some(interval))
    }

    fn message(&self, what: &str) -> String {
        format!("{what} for revision {} with a timeout of {}", self.revision, go_string(timeout(&self.object)))
    }

    fn progress(&mut self, world: &mut World, what: &str) {
        let message = self.message(what);
        let now = world.now();
        conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", &message, now);
        save(world, &self.object);
    }

    fn say(&self, world: &mut World, level: Level, message: &str, more: &Value) {
        log(world, &self.object, &self.id, level, message, more);
    }
}

fn finished(took: Duration, interval: Duration) -> String {
    format!("Reconciliation finished in {}, next run in {}", go_string(took), go_string(interval))
}

/// Returns what is not healthy of what a Kustomization applied, with kstatus' word for it. It never waits for itself.
fn unhealthy(world: &World, object: &Value) -> Vec<(ObjectRef, &'static str)> {
    let own = json::reference(object);
    apply::inventory(object)
        .into_iter()
        .filter(|key| *key != own)
        .filter_map(|key| {
            let status = world.store.get(&key).map_or("NotFound", |object| health(object));
            (status != "Current").then_some((key, status))
        })
        .collect()
}

fn verdict(unhealthy: &[(ObjectRef, &str)], failed: bool) -> String {
    let named: Vec<String> = unhealthy
        .iter()
        .filter(|(_, status)| !failed || *status == "Failed")
        .map(|(key, status)| format!("{} status: '{status}'", apply::subject(key)))
        .collect();
    let what = if failed { "failed early due to stalled resources" } else { "timeout waiting for" };
    format!("{what}: [{}]", named.join(", "))
}

/// Returns the first dependency that is not met, in the controller's words.
fn unmet(world: &World, object: &Value, revision: &str) -> Option<String> {
    depends_on(object).into_iter().find_map(|key| {
        let named = format!("{}/{}", key.namespace, key.name);
        let Some(dependency) = world.store.get(&key) else {
            return Some(format!(
                "dependency '{named}' not found: kustomizations.kustomize.toolkit.fluxcd.io \"{}\" not found",
                key.name
            ));
        };
        let observed = number(dependency, "/status/observedGeneration");
        if observed != number(dependency, "/metadata/generation") || !conditions::is(dependency, "Ready", "True") {
            return Some(format!("dependency '{named}' is not ready"));
        }
        let same_source = super::source_of(dependency) == super::source_of(object);
        (same_source && text(dependency, "/status/lastAppliedRevision") != revision)
            .then(|| format!("dependency '{named}' revision is not up to date"))
    })
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

/// Adds a snapshot to the history, or counts it to the one of the same digest and outcome.
fn remember(world: &World, object: &mut Value, revision: &str, took: Duration, status: &str) {
    let now = stamp(world.now());
    // The digest is that of what was built: a commit that changes nothing here counts to the snapshot that is there.
    let built = Value::from(world.script.manifests(text(object, "/metadata/name")));
    let digest = format!("sha256:{}", sha256(&built.to_string()));
    let mut history: Vec<Value> = list(object, "/status/history").to_vec();
    let same =
        history.iter().position(|one| text(one, "/digest") == digest && text(one, "/lastReconciledStatus") == status);
    let earlier = same.map(|place| history.remove(place));
    let first = earlier.as_ref().map_or(now.as_str(), |one| text(one, "/firstReconciled")).to_owned();
    let total = earlier.as_ref().map_or(0, |one| number(one, "/totalReconciliations")) + 1;
    history.insert(
        0,
        json!({
            "digest": digest,
            "firstReconciled": first,
            "lastReconciled": now,
            "lastReconciledDuration": go_string(took),
            "lastReconciledStatus": status,
            "metadata": {"revision": revision},
            "totalReconciliations": total,
        }),
    );
    history.truncate(HISTORY);
    set(object, &["status", "history"], history);
}

fn succeed(world: &World, object: &mut Value, revision: &str, took: Duration) {
    set(object, &["status", "lastAppliedRevision"], revision);
    set(object, &["status", "lastAttemptedRevision"], revision);
    let message = format!("Applied revision: {revision}");
    conditions::mark(object, "Ready", "True", "ReconciliationSucceeded", &message, world.now());
    remember(world, object, revision, took, "ReconciliationSucceeded");
}

/// Says that the health checks failed: Healthy tells what was waited for, Ready how long too.
fn fail(world: &World, object: &mut Value, revision: &str, took: Duration, error: &str, waited: Duration) {
    let (now, reason) = (world.now(), "HealthCheckFailed");
    let message = format!("health check failed after {}: {error}", go_string(waited));
    conditions::mark(object, "Ready", "False", reason, &message, now);
    conditions::mark(object, "Healthy", "False", reason, error, now);
    remember(world, object, revision, took, reason);
}

/// Ends a reconciliation: the request is handled, and what went well is observed.
fn finalize(world: &mut World, object: &mut Value) {
    handle_request(object);
    if conditions::is(object, "Ready", "True") {
        conditions::remove(object, "Reconciling");
        observe_generation(object);
    }
    if conditions::is(object, "Ready", "False")
        && let Some(message) =
            conditions::get(object, "Reconciling").map(|condition| text(condition, "/message").to_owned())
    {
        conditions::mark(object, "Reconciling", "True", "ProgressingWithRetry", &message, world.now());
    }
    save(world, object);
}

fn save(world: &mut World, object: &Value) {
    world.save_status(object, "kustomize-controller");
}

/// Gives a Kustomization the state that it has after its last reconciliation, which was so long ago, and arranges the next: applied, failed on what is
/// not healthy, or waiting for a dependency that is.
pub(crate) fn settled(world: &mut World, key: &ObjectRef, since: Duration) {
    let Some(mut object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    let earlier = world.script.previous().revision();
    let revision = world.script.head().revision();
    let took = Duration::from_millis(1240 + u64::from(u8::try_from(key.name.len()).unwrap_or(0)) * 37);
    let suspended = is_true(&object, "/spec/suspend");
    let reached = if suspended { &earlier } else { &revision };
    // What was there before the newest commit: every state below grows out of it.
    let changes = apply::apply(world, &object);
    set(&mut object, &["status", "inventory"], json!({"entries": changes.inventory}));
    succeed(world, &mut object, &earlier, took);
    observe_generation(&mut object);
    let waits_for = unmet(world, &object, &revision);
    let unhealthy = unhealthy(world, &object);
    let now = world.now();
    let wait = if suspended {
        None
    } else if let Some(message) = waits_for {
        conditions::mark(&mut object, "Ready", "False", "DependencyNotReady", &message, now);
        Some(DEPENDENCY_RETRY)
    } else if waits(&object) && !unhealthy.is_empty() {
        let error = verdict(&unhealthy, false);
        let limit = timeout(&object);
        set(&mut object, &["status", "lastAttemptedRevision"], revision.as_str());
        let message = format!("Running health checks for revision {revision} with a timeout of {}", go_string(limit));
        conditions::mark(&mut object, "Reconciling", "True", "Progressing", &message, now);
        fail(world, &mut object, &revision, limit, &error, limit);
        Some(retry_interval(&object))
    } else {
        if waits(&object) {
            conditions::mark(&mut object, "Healthy", "True", "Succeeded", "Health check passed in 87.4ms", now);
        }
        succeed(world, &mut object, reached, took);
        Some(interval(&object))
    };
    finalize(world, &mut object);
    tell_of(world, &object, took);
    if let Some(wait) = wait {
        super::again(world, key, wait.saturating_sub(since.min(wait.mul_f32(0.8))));
    }
}

/// Tells the event and the line of log of the reconciliation that a settled state came from.
fn tell_of(world: &mut World, object: &Value, took: Duration) {
    let id = run_id(world, &json::reference(object));
    let revision = text(object, "/status/lastAttemptedRevision").to_owned();
    let reason = conditions::get(object, "Ready").map_or("", |ready| text(ready, "/reason")).to_owned();
    let message = conditions::get(object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
    match reason.as_str() {
        "DependencyNotReady" => {
            let said = "Dependencies do not meet ready condition, retrying in 30s";
            event(world, object, "Normal", &reason, said);
            log(world, object, &id, Level::Info, said, &json!({}));
        }
        "HealthCheckFailed" => {
            let limit = go_string(timeout(object));
            event(world, object, "Warning", &reason, &message);
            let said =
                format!("Reconciliation failed after {limit}, next try in {}", go_string(retry_interval(object)));
            log(world, object, &id, Level::Error, &said, &json!({"revision": revision, "error": message}));
        }
        _ => {
            let said = finished(took, interval(object));
            event(world, object, "Normal", &reason, &said);
            log(world, object, &id, Level::Info, &said, &json!({"revision": revision}));
        }
    }
}
