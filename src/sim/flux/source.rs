//! source-controller: a `GitRepository`, `HelmRepository` or `HelmChart` fetches its target and keeps it as an
//! artifact.

use std::time::Duration;

use serde_json::{Value, json};

use super::report::{ReportLevel, event, log, run_id};
use super::{NextRun, conditions, handle_request, interval, observe_generation};
use crate::model::ObjectRef;
use crate::sim::json::{self, number, part, set, sha256, stamp, text};
use crate::sim::world::SimulatedCluster;

/// The duration of a query of the remote for changes.
const ASKS: Duration = Duration::from_millis(420);
/// The duration of fetching and storing an artifact.
const STORES: Duration = Duration::from_millis(310);

/// The reason when the repository cannot be fetched.
const GIT_FAILED: &str = "GitOperationFailed";

/// The messages of a kind of source in the good case.
struct FetchMessages {
    /// The revision at the remote.
    revision: String,
    /// The reason of `Ready` and `ArtifactInStorage`.
    reason: &'static str,
    /// Their message.
    stored: String,
    /// The condition's message while a new artifact is built.
    new: String,
    /// The reason and message of the event about a new artifact.
    fetched: (&'static str, String),
    /// The reason and message of the event without a change.
    unchanged: (&'static str, String),
}

fn messages(world: &SimulatedCluster, object: &Value) -> FetchMessages {
    match text(object, "/kind") {
        "GitRepository" => {
            let revision = world.script.head().revision();
            FetchMessages {
                reason: "Succeeded",
                stored: format!("stored artifact for revision '{revision}'"),
                new: format!("new upstream revision '{revision}'"),
                fetched: ("NewArtifact", format!("stored artifact for commit '{}'", world.script.head().subject)),
                unchanged: (
                    "GitOperationSucceeded",
                    format!("no changes since last reconcilation: observed revision '{revision}'"),
                ),
                revision,
            }
        }
        "HelmChart" => {
            let (name, version) = (text(object, "/spec/chart"), text(object, "/spec/version"));
            let stored = format!("pulled '{name}' chart with version '{version}'");
            FetchMessages {
                revision: version.to_owned(),
                reason: "ChartPullSucceeded",
                new: stored.clone(),
                fetched: ("ChartPullSucceeded", stored.clone()),
                unchanged: ("ArtifactUpToDate", format!("artifact up-to-date with remote revision: '{version}'")),
                stored,
            }
        }
        _ => {
            let url = text(object, "/spec/url");
            let revision = format!("sha256:{}", sha256(url));
            FetchMessages {
                reason: "Succeeded",
                stored: format!("stored artifact: revision '{revision}'"),
                new: format!("new index revision '{revision}'"),
                fetched: ("NewArtifact", format!("stored fetched index of size 427.5kB from '{url}'")),
                unchanged: ("ArtifactUpToDate", format!("artifact up-to-date with remote revision: '{revision}'")),
                revision,
            }
        }
    }
}

/// One reconciliation of a source.
pub(crate) struct SourceRun {
    object: Value,
    phase: Phase,
    id: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Ask,
    Store,
}

impl SourceRun {
    /// Begins with the present object.
    pub(crate) fn new(object: Value) -> Self {
        Self { object, phase: Phase::Begin, id: String::new() }
    }

    /// Makes the next step.
    pub(crate) fn step(&mut self, world: &mut SimulatedCluster) -> NextRun {
        match self.phase {
            Phase::Begin => self.begin(world),
            Phase::Ask => self.ask(world),
            Phase::Store => {
                store(world, &mut self.object);
                self.finish(world, true)
            }
        }
    }

    fn begin(&mut self, world: &mut SimulatedCluster) -> NextRun {
        self.id = run_id(world, &json::reference(&self.object));
        if json::is_true(&self.object, "/spec/suspend") {
            log(
                world,
                &self.object,
                &self.id,
                ReportLevel::Info,
                "reconciliation is suspended for this object",
                &json!({}),
            );
            handle_request(&mut self.object);
            if conditions::is(&self.object, "Ready", "True") {
                // The summary is computed again, for the generation that suspended it.
                let stored = messages(world, &self.object);
                let message =
                    conditions::get(&self.object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
                conditions::mark(&mut self.object, "Ready", "True", stored.reason, &message, world.now());
                observe_generation(&mut self.object);
            }
            save(world, &self.object);
            return NextRun::Over(None);
        }
        let now = world.now();
        let (observed, generation) =
            (number(&self.object, "/status/observedGeneration"), number(&self.object, "/metadata/generation"));
        let message = if observed == generation {
            "reconciliation in progress".to_owned()
        } else {
            format!("processing object: new generation {observed} -> {generation}")
        };
        progress(&mut self.object, false, &message, now);
        let requested =
            self.object.pointer(super::REQUESTED_AT) != self.object.pointer("/status/lastHandledReconcileAt");
        if observed != generation || (requested && self.object.pointer(super::REQUESTED_AT).is_some()) {
            save(world, &self.object);
        }
        self.phase = Phase::Ask;
        NextRun::Step(ASKS)
    }

    fn ask(&mut self, world: &mut SimulatedCluster) -> NextRun {
        let now = world.now();
        if let Some(message) = missing(world, &self.object) {
            return self.stall(world, &message);
        }
        if text(&self.object, "/kind") == "GitRepository" && world.script.troubles.git.is_some() {
            return self.fail(world);
        }
        let words = messages(world, &self.object);
        let has = text(&self.object, "/status/artifact/revision");
        if has == words.revision {
            return self.finish(world, false);
        }
        if !has.is_empty() {
            conditions::mark(&mut self.object, "ArtifactOutdated", "True", "NewRevision", &words.new, now);
        }
        progress(&mut self.object, true, &format!("building artifact: {}", words.new), now);
        save(world, &self.object);
        self.phase = Phase::Store;
        NextRun::Step(STORES)
    }

    /// Ends without an answer of the remote; it is queried again soon.
    fn fail(&mut self, world: &mut SimulatedCluster) -> NextRun {
        fail(world, &mut self.object);
        handle_request(&mut self.object);
        save(world, &self.object);
        let error = conditions::get(&self.object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
        log(world, &self.object, &self.id, ReportLevel::Error, "Reconciler error", &json!({"error": error}));
        event(world, &self.object, "Warning", GIT_FAILED, &error);
        NextRun::Over(Some(super::back_off(world, &json::reference(&self.object))))
    }

    /// Ends for good: until the reference changes, a retry is useless.
    fn stall(&mut self, world: &mut SimulatedCluster, message: &str) -> NextRun {
        let (now, reason) = (world.now(), "InvalidChartReference");
        conditions::remove(&mut self.object, "Reconciling");
        for (kind, status) in [("Stalled", "True"), ("FetchFailed", "True"), ("Ready", "False")] {
            conditions::mark(&mut self.object, kind, status, reason, message, now);
        }
        let source = world.store.get(&super::source_of(&self.object)).cloned().unwrap_or_default();
        let revision = part(&source, "/status/artifact/revision");
        set(&mut self.object, &["status", "observedSourceArtifactRevision"], revision);
        observe_generation(&mut self.object);
        handle_request(&mut self.object);
        save(world, &self.object);
        log(world, &self.object, &self.id, ReportLevel::Error, "reconciliation stalled", &json!({"error": message}));
        event(world, &self.object, "Warning", reason, message);
        NextRun::Over(None)
    }

    fn finish(&mut self, world: &mut SimulatedCluster, is_new: bool) -> NextRun {
        let words = messages(world, &self.object);
        let recovers = conditions::is(&self.object, "FetchFailed", "True");
        super::forgive(world, &json::reference(&self.object));
        settle(world, &mut self.object);
        handle_request(&mut self.object);
        save(world, &self.object);
        if recovers && !is_new {
            let message = format!("stored artifact for commit '{}'", words.revision);
            event(world, &self.object, "Normal", words.reason, &message);
        }
        let (reason, message) = if is_new { words.fetched } else { words.unchanged };
        log(world, &self.object, &self.id, ReportLevel::Info, &message, &json!({}));
        event(world, &self.object, "Normal", reason, &message);
        NextRun::Over(Some(interval(&self.object)))
    }
}

/// Explains why a chart is unavailable, if its repository does not have the version.
fn missing(world: &SimulatedCluster, object: &Value) -> Option<String> {
    let (chart, version) = (text(object, "/spec/chart"), text(object, "/spec/version"));
    let lacks = text(object, "/kind") == "HelmChart"
        && world.script.troubles.missing_charts.iter().any(|(name, missing)| name == chart && missing == version);
    lacks.then(|| {
        format!(
            "invalid chart reference: failed to get chart version for remote reference: no '{chart}' chart with version matching '{version}' found"
        )
    })
}

/// Reports that the repository cannot be fetched; an earlier artifact stays.
fn fail(world: &SimulatedCluster, object: &mut Value) {
    let (now, url) = (world.now(), text(object, "/spec/url").to_owned());
    let error = world.script.troubles.git.clone().unwrap_or_default();
    let is_first = part(object, "/status/artifact").is_null();
    let does = if is_first { "clone" } else { "list remote for" };
    let message = format!("failed to checkout and determine revision: unable to {does} '{url}': {error}");
    let doing = if is_first { "building artifact" } else { "reconciliation in progress" };
    conditions::mark(object, "Reconciling", "True", "ProgressingWithRetry", doing, now);
    conditions::mark(object, "FetchFailed", "True", GIT_FAILED, &message, now);
    conditions::mark(object, "Ready", "False", GIT_FAILED, &message, now);
}

/// Reports that something is in progress; Ready only changes if it is still unknown, or on drift.
fn progress(object: &mut Value, drift: bool, message: &str, now: jiff::Timestamp) {
    conditions::mark(object, "Reconciling", "True", "Progressing", message, now);
    if drift || conditions::get(object, "Ready").is_none_or(|ready| text(ready, "/status") == "Unknown") {
        conditions::mark(object, "Ready", "Unknown", "Progressing", message, now);
    }
}

/// Builds the artifact.
fn store(world: &SimulatedCluster, object: &mut Value) {
    let words = messages(world, object);
    let about = json::reference(object);
    let (folder, file) = match about.kind.as_str() {
        "GitRepository" => {
            let commit = words.revision.rsplit(':').next().unwrap_or_default();
            ("gitrepository", format!("{commit}.tar.gz"))
        }
        "HelmChart" => ("helmchart", format!("{}-{}.tgz", text(object, "/spec/chart"), words.revision)),
        _ => ("helmrepository", format!("index-{}.yaml", words.revision)),
    };
    let path = format!("{folder}/{}/{}/{file}", about.namespace, about.name);
    let url = format!("http://source-controller.flux-system.svc.cluster.local./{path}");
    let artifact = json!({
        "digest": format!("sha256:{}", sha256(&words.revision)),
        "lastUpdateTime": stamp(world.now()),
        "path": path,
        "revision": words.revision,
        "size": 20_480 + words.revision.len() * 17,
        "url": url,
    });
    set(object, &["status", "artifact"], artifact);
    if about.kind == "HelmRepository" {
        set(object, &["status", "url"], url.replace(&file, "index.yaml"));
    }
    if about.kind == "HelmChart" {
        let (chart, source) = (part(object, "/spec/chart"), super::source_of(object));
        set(object, &["status", "observedChartName"], chart);
        let revision = world.store.get(&source).map(|source| text(source, "/status/artifact/revision").to_owned());
        set(object, &["status", "observedSourceArtifactRevision"], revision.unwrap_or_default());
        set(object, &["status", "url"], url.replace(&file, "latest.tar.gz"));
    }
}

/// Sets the conditions of a source whose artifact is current.
fn settle(world: &SimulatedCluster, object: &mut Value) {
    let now = world.now();
    let words = messages(world, object);
    conditions::remove(object, "Reconciling");
    for stale in ["ArtifactOutdated", "FetchFailed", "Stalled"] {
        conditions::remove(object, stale);
    }
    conditions::mark(object, "ArtifactInStorage", "True", words.reason, &words.stored, now);
    conditions::mark(object, "Ready", "True", words.reason, &words.stored, now);
    observe_generation(object);
}

fn save(world: &mut SimulatedCluster, object: &Value) {
    world.save_status(object, "source-controller");
}

/// Gives a source the state after its last fetch, at an age, and schedules the next.
pub(crate) fn settled(world: &mut SimulatedCluster, key: &ObjectRef, since: Duration) {
    let Some(mut object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    store(world, &mut object);
    settle(world, &mut object);
    save(world, &object);
    let words = messages(world, &object);
    event(world, &object, "Normal", words.unchanged.0, &words.unchanged.1);
    let id = run_id(world, key);
    log(world, &object, &id, ReportLevel::Info, &words.unchanged.1, &json!({}));
    if key.kind == "GitRepository" && world.script.troubles.git.is_some() {
        fail(world, &mut object);
        save(world, &object);
        let error = conditions::get(&object, "Ready").map_or("", |ready| text(ready, "/message")).to_owned();
        event(world, &object, "Warning", GIT_FAILED, &error);
        log(world, &object, &id, ReportLevel::Error, "Reconciler error", &json!({"error": error}));
    }
    super::again(world, key, interval(&object).saturating_sub(since));
}
