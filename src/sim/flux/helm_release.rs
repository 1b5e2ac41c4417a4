//! helm-controller: keeps a HelmChart for a HelmRelease, and installs or upgrades when the chart, the values or an operator ask for it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::{Level, event, go_string, log, run_id};
use super::{DEPENDENCY_RETRY, Next, conditions, depends_on, duration, handle_request, interval, observe_generation};
use crate::model::ObjectRef;
use crate::sim::apply::apply_one;
use crate::sim::helm_storage::{self, Release};
use crate::sim::json::{self, is_true, list, number, part, set, sha256, stamp, text};
use crate::sim::kinds::{HELM, SOURCE};
use crate::sim::world::World;

/// How long it takes to look at the prerequisites, and to run an action.
const LOOKS: Duration = Duration::from_millis(160);
const ACTS: Duration = Duration::from_secs(6);
/// The annotation that asks for an action although nothing changed; it counts where it equals the request.
const FORCE_AT: &str = "/metadata/annotations/reconcile.fluxcd.io~1forceAt";

/// One reconciliation of a HelmRelease.
pub(crate) struct Run {
    object: Value,
    phase: Phase,
    id: String,
    acting_since: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Look,
    Act,
}

impl Run {
    /// Begins with the object as it is now.
    pub(crate) fn new(object: Value) -> Self {
        Self { object, phase: Phase::Begin, id: String::new(), acting_since: Instant::now() }
    }

    /// Takes the next step.
    pub(crate) fn step(&mut self, world: &mut World) -> Next {
        match self.phase {
            Phase::Begin => self.begin(world),
            Phase::Look => self.look(world),
            Phase::Act => self.act(world),
        }
    }

    fn begin(&mut self, world: &mut World) -> Next {
        self.id = run_id(world, &json::reference(&self.object));
        if is_true(&self.object, "/spec/suspend") {
            self.say(world, "reconciliation is suspended for this object");
            handle_request(&mut self.object);
            observe_generation(&mut self.object);
            save(world, &self.object);
            return Next::Over(None);
        }
        let said = keep_chart(world, &mut self.object);
        self.say(world, &said);
        let now = world.now();
        conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", "Fulfilling prerequisites", now);
        save(world, &self.object);
        self.phase = Phase::Look;
        Next::Step(LOOKS)
    }

    fn look(&mut self, world: &mut World) -> Next {
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
        attempt(&mut self.object);
        let latest = list(&self.object, "/status/history").first().cloned().unwrap_or_default();
        let in_sync = text(&latest, "/chartVersion") == text(&self.object, "/status/lastAttemptedRevision")
            && text(&latest, "/configDigest") == text(&self.object, "/status/lastAttemptedConfigDigest");
        if in_sync && !forced(&self.object) {
            self.say(world, "release in-sync with desired state");
            return self.finish(world);
        }
        let action = if latest.is_null() { "install" } else { "upgrade" };
        let message = format!("Running '{action}' action with timeout of {}", go_string(timeout(&self.object)));
        conditions::mark(&mut self.object, "Reconciling", "True", "Progressing", &message, now);
        conditions::mark(&mut self.object, "Ready", "Unknown", "Progressing", &message, now);
        set(&mut self.object, &["status", "lastAttemptedReleaseAction"], action);
        save(world, &self.object);
        self.say(world, &message.replacen("Running", "running", 1));
        self.acting_since = Instant::now();
        self.phase = Phase::Act;
        Next::Step(ACTS)
    }

    fn act(&mut self, world: &mut World) -> Next {
        let took = go_string(self.acting_since.elapsed());
        set(&mut self.object, &["status", "lastAttemptedReleaseActionDuration"], took);
        let (reason, message) = deploy(world, &mut self.object);
        event(world, &self.object, "Normal", reason, &message);
        self.say(world, "release in-sync with desired state");
        self.finish(world)
    }

    fn finish(&mut self, world: &mut World) -> Next {
        settle(world, &mut self.object);
        handle_request(&mut self.object);
        if forced(&self.object) {
            let token = self.object.pointer(FORCE_AT).cloned().unwrap_or_default();
            set(&mut self.object, &["status", "lastHandledForceAt"], token);
        }
        save(world, &self.object);
        Next::Over(Some(interval(&self.object)))
    }

    fn wait(&mut self, world: &mut World) -> Next {
        handle_request(&mut self.object);
        save(world, &self.object);
        Next::Over(Some(DEPENDENCY_RETRY))
    }

    fn say(&self, world: &mut World, message: &str) {
        log(world, &self.object, &self.id, Level::Info, message, &json!({}));
    }
}

/// Makes or updates the HelmChart of a release and says what was done.
fn keep_chart(world: &mut World, object: &mut Value) -> String {
    let own = json::reference(object);
    let key = chart_of(object);
    let spec = &part(object, "/spec/chart/spec");
    let mut manifest = json!({
        "apiVersion": format!("{SOURCE}/v1"),
        "kind": "HelmChart",
        "metadata": {
            "namespace": key.namespace,
            "name": key.name,
            "labels": {
                format!("{HELM}/name"): own.name,
                format!("{HELM}/namespace"): own.namespace,
            },
        },
        "spec": {
            "chart": spec["chart"],
            "version": spec["version"],
            "reconcileStrategy": "ChartVersion",
            "interval": match text(spec, "/interval") { "" => text(object, "/spec/interval"), own => own },
            "sourceRef": {"kind": part(spec, "/sourceRef/kind"), "name": part(spec, "/sourceRef/name")},
        },
    });
    if part(&manifest, "/spec/version").is_null() {
        set(&mut manifest, &["spec", "version"], "*");
    }
    let source = format!("{}/{}/{}", text(spec, "/sourceRef/kind"), key.namespace, text(spec, "/sourceRef/name"));
    let subject = format!("HelmChart/{}/{}", key.namespace, key.name);
    let done = apply_one(world, &key, manifest, "helm-controller");
    set(object, &["status", "helmChart"], format!("{}/{}", key.namespace, key.name));
    match done {
        Some(action) => {
            let said = format!("{action} {subject} with SourceRef '{source}'");
            let mut letters = said.chars();
            let said = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
            let reason = if action == "created" { "HelmChartCreated" } else { "HelmChartConfigured" };
            event(world, object, "Normal", reason, &said);
            said
        }
        None => format!("{subject} with SourceRef '{source}' is in-sync"),
    }
}

/// Names the HelmChart of a release.
fn chart_of(object: &Value) -> ObjectRef {
    let own = json::reference(object);
    let namespace = match text(object, "/spec/chart/spec/sourceRef/namespace") {
        "" => own.namespace.as_str(),
        named => named,
    };
    ObjectRef::new("HelmChart", SOURCE, namespace, &format!("{}-{}", own.namespace, own.name))
}

fn chart_unready(chart: &Value) -> Option<String> {
    let name = format!("HelmChart '{}/{}'", text(chart, "/metadata/namespace"), text(chart, "/metadata/name"));
    if number(chart, "/metadata/generation") != number(chart, "/status/observedGeneration") {
        return Some(format!("{name} is not ready: latest generation of object has not been reconciled"));
    }
    if conditions::is(chart, "Ready", "False") {
        let message = conditions::get(chart, "Ready").map_or("", |ready| text(ready, "/message"));
        return Some(format!("{name} is not ready: {message}"));
    }
    chart.pointer("/status/artifact").is_none().then(|| format!("{name} is not ready: does not have an artifact"))
}

fn unmet(world: &World, key: &ObjectRef) -> Option<String> {
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

fn forced(object: &Value) -> bool {
    let token = object.pointer(FORCE_AT);
    token.is_some()
        && token == object.pointer(super::REQUESTED_AT)
        && token != object.pointer("/status/lastHandledForceAt")
}

fn timeout(object: &Value) -> Duration {
    duration(object, "/spec/timeout").unwrap_or(Duration::from_mins(5))
}

/// Records what is about to be tried.
fn attempt(object: &mut Value) {
    let generation = number(object, "/metadata/generation");
    let version = text(object, "/spec/chart/spec/version").to_owned();
    let digest = config_digest(object);
    let namespace = text(object, "/metadata/namespace").to_owned();
    set(object, &["status", "storageNamespace"], namespace);
    set(object, &["status", "lastAttemptedGeneration"], generation);
    set(object, &["status", "lastAttemptedRevision"], version);
    set(object, &["status", "lastAttemptedConfigDigest"], digest);
}

fn config_digest(object: &Value) -> String {
    format!("sha256:{}", sha256(&part(object, "/spec/values").to_string()))
}

/// Makes a new revision of a release: storage, history, Released condition. Returns reason and message.
fn deploy(world: &mut World, object: &mut Value) -> (&'static str, String) {
    let now = world.now();
    let own = json::reference(object);
    let chart = text(object, "/spec/chart/spec/chart").to_owned();
    let version = text(object, "/spec/chart/spec/version").to_owned();
    let mut history: Vec<Value> = list(object, "/status/history").to_vec();
    let number_of = history.first().map_or(0, |latest| number(latest, "/version")) + 1;
    let first = history.last().map_or_else(|| stamp(now), |oldest| text(oldest, "/firstDeployed").to_owned());
    for older in &mut history {
        set(older, &["status"], "superseded");
    }
    let what = if number_of == 1 { "Install" } else { "Upgrade" };
    let release = Release {
        namespace: own.namespace.clone(),
        name: own.name.clone(),
        version: number_of,
        chart: chart.clone(),
        chart_version: version.clone(),
        values: part(object, "/spec/values"),
        first_deployed: first.clone(),
        last_deployed: stamp(now),
        status: "deployed",
        description: format!("{what} complete"),
    };
    helm_storage::store(world, &release);
    history.insert(
        0,
        json!({
            "appVersion": version,
            "chartName": chart,
            "chartVersion": version,
            "configDigest": config_digest(object),
            "digest": format!("sha256:{}", sha256(&format!("{own} {number_of}"))),
            "firstDeployed": first,
            "lastDeployed": stamp(now),
            "name": own.name,
            "namespace": own.namespace,
            "status": "deployed",
            "version": number_of,
        }),
    );
    set(object, &["status", "history"], history);
    let reason = if number_of == 1 { "InstallSucceeded" } else { "UpgradeSucceeded" };
    let message = format!(
        "Helm {} succeeded for release {}/{}.v{number_of} with chart {chart}@{version}",
        what.to_lowercase(),
        own.namespace,
        own.name
    );
    conditions::mark(object, "Released", "True", reason, &message, now);
    (reason, message)
}

/// Ends with what the release's own condition says, and forgets history behind the previous revision.
fn settle(world: &World, object: &mut Value) {
    let mut history: Vec<Value> = list(object, "/status/history").to_vec();
    history.truncate(2);
    set(object, &["status", "history"], history);
    conditions::remove(object, "Reconciling");
    if let Some(released) = conditions::get(object, "Released").cloned() {
        let (status, reason, message) =
            (text(&released, "/status"), text(&released, "/reason"), text(&released, "/message"));
        conditions::mark(object, "Ready", status, reason, message, world.now());
    }
    observe_generation(object);
}

fn save(world: &mut World, object: &Value) {
    world.save_status(object, "helm-controller");
}

/// Makes a release that has been there for a while, with its chart and the revisions that the scenario tells of, oldest first: each with its chart's
/// version and how long ago it was made.
pub(crate) fn settled(world: &mut World, key: &ObjectRef, revisions: &[(String, Duration)], since: Duration) {
    let Some(mut object) = world.store.get(key).map(|object| Value::clone(object)) else { return };
    keep_chart(world, &mut object);
    super::source::settled(world, &chart_of(&object), since);
    let now = world.now();
    let current = text(&object, "/spec/chart/spec/version").to_owned();
    for (version, ago) in revisions {
        world.as_of = jiff::SignedDuration::try_from(*ago).ok().and_then(|ago| now.checked_sub(ago).ok());
        set(&mut object, &["spec", "chart", "spec", "version"], version.as_str());
        deploy(world, &mut object);
    }
    set(&mut object, &["spec", "chart", "spec", "version"], current.as_str());
    if revisions.last().is_none_or(|(version, _)| *version != current) {
        deploy(world, &mut object);
    }
    attempt(&mut object);
    let action = if list(&object, "/status/history").len() > 1 { "upgrade" } else { "install" };
    set(&mut object, &["status", "lastAttemptedReleaseAction"], action);
    set(&mut object, &["status", "lastAttemptedReleaseActionDuration"], "6.21s");
    settle(world, &mut object);
    world.as_of = Some(now);
    save(world, &object);
    let id = run_id(world, key);
    log(world, &object, &id, Level::Info, "release in-sync with desired state", &json!({}));
    super::again(world, key, interval(&object).saturating_sub(since));
}
