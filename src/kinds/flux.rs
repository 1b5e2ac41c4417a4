//! The common parts of all Flux kinds: metadata, suspension, conditions, references, and the next run of their
//! controllers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::essence::in_source;
use crate::model::clock::go_duration;
use crate::model::health::{find, flux_state, is_old};
use crate::model::text::without_credentials;
use crate::model::{Condition, FluxFacts, Labels, ObjectRef, Row, RowKey, State, Suspension};

pub use crate::model::known::{HELM, IMAGE, KUSTOMIZE, NOTIFICATION, SOURCE};

/// Holds an object's metadata, as far as rows need it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(default)]
    pub(super) name: Box<str>,
    #[serde(default)]
    pub(super) namespace: Box<str>,
    #[serde(default)]
    pub(super) creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(super) deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(super) generation: Option<i64>,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    annotations: Annotations,
    #[serde(default, borrow)]
    managed_fields: Vec<ManagedField<'a>>,
}

#[derive(Deserialize, Default)]
struct Annotations {
    #[serde(default, rename = "fluxdeck.dev/suspend-reason")]
    reason: Option<String>,
    #[serde(default, rename = "fluxdeck.dev/suspend-by")]
    by: Option<String>,
    #[serde(default, rename = "fluxdeck.dev/suspend-until")]
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagedField<'a> {
    #[serde(default)]
    manager: Box<str>,
    #[serde(default)]
    subresource: Box<str>,
    #[serde(default)]
    time: Option<Timestamp>,
    #[serde(default, borrow)]
    fields_v1: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<SpecFields>,
}

#[derive(Deserialize)]
struct SpecFields {
    #[serde(rename = "f:suspend")]
    suspend: Option<serde::de::IgnoredAny>,
}

/// Holds a reference to another object, as in `spec.sourceRef` and `spec.dependsOn`.
#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(default)]
    pub(super) kind: Option<String>,
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: Option<String>,
}

impl Reference {
    /// Returns the object; `kind` and `group` are defaults, `namespace` is that of the referring object.
    pub(super) fn object(&self, kind: &str, group: &str, namespace: &str) -> ObjectRef {
        let kind = self.kind.as_deref().unwrap_or(kind);
        ObjectRef::new(kind, group, self.namespace.as_deref().unwrap_or(namespace), &self.name)
    }
}

/// Holds a kind's facts of an object, for [`row`] to complete.
#[derive(Default)]
pub(super) struct Facts<'a> {
    pub(super) metadata: Metadata<'a>,
    pub(super) suspend: bool,
    pub(super) observed: Option<i64>,
    pub(super) conditions: Vec<Condition>,
    pub(super) revision: String,
    pub(super) attempted: Option<String>,
    pub(super) interval: Option<&'a str>,
    pub(super) retry_interval: Option<&'a str>,
    /// The last reconciliation, by the status.
    pub(super) reconciled: Option<Timestamp>,
    pub(super) depends_on: Vec<ObjectRef>,
    pub(super) source: Option<ObjectRef>,
    pub(super) path: Option<String>,
    pub(super) inventory: Vec<Box<str>>,
    /// When a source made its artifact.
    pub(super) fetched: Option<Timestamp>,
}

impl Facts<'_> {
    /// Decides the state, in the same way for every Flux kind.
    fn state(&self) -> State {
        let state = flux_state(self.suspend, self.observed, self.metadata.generation, &self.conditions);
        if self.metadata.deletion_timestamp.is_some() && state != State::Suspended { State::Progressing } else { state }
    }

    /// Computes the controller's next run. No field holds it: it is derived from the last change of the status.
    fn next(&self) -> Option<Timestamp> {
        let stalled = find(&self.conditions, "Stalled").is_some_and(|stalled| stalled.status == "True");
        if self.suspend || stalled {
            return None;
        }
        let ready = find(&self.conditions, "Ready");
        let written = self
            .metadata
            .managed_fields
            .iter()
            .filter(|field| &*field.subresource == "status")
            .filter_map(|field| field.time)
            .max();
        let since = ready.and_then(|ready| ready.last_transition_time);
        let last = [written, self.reconciled, since].into_iter().flatten().max()?;
        let interval = self.interval.and_then(go_duration)?;
        let pause = match ready {
            Some(ready) if ready.status == "False" => match ready.reason.as_str() {
                "DependencyNotReady" => FluxFacts::DEPENDENCY_RETRY,
                "ArtifactFailed" if ready.message.contains("artifact not found") => FluxFacts::DEPENDENCY_RETRY,
                _ => self.retry_interval.and_then(go_duration).unwrap_or(interval),
            },
            _ => interval,
        };
        last.checked_add(SignedDuration::try_from(pause).ok()?).ok()
    }

    /// Finds the user who suspended it, the reason, the start and the end.
    fn suspension(&self) -> Option<Suspension> {
        if !self.suspend {
            return None;
        }
        let writes = |field: &&ManagedField<'_>| {
            let fields = field.fields_v1.and_then(|raw| serde_json::from_str::<Fields>(raw.get()).ok());
            fields.and_then(|fields| fields.spec).and_then(|spec| spec.suspend).is_some()
        };
        let manager = self.metadata.managed_fields.iter().filter(writes).max_by_key(|field| field.time);
        let annotations = &self.metadata.annotations;
        Some(Suspension {
            reason: annotations.reason.clone(),
            by: annotations.by.clone().or_else(|| manager.map(|field| field.manager.to_string())),
            until: annotations.until.clone(),
            since: manager.and_then(|field| field.time),
        })
    }
}

/// Completes a Flux object's row.
pub(super) fn row(facts: Facts<'_>, cells: Vec<String>) -> Row {
    let state = facts.state();
    let next = facts.next();
    let suspended = facts.suspension();
    let reconciling = find(&facts.conditions, "Reconciling").filter(|reconciling| reconciling.status == "True");
    let ready = match find(&facts.conditions, "Ready") {
        // A condition about an older generation gives way to the current action of the controller.
        Some(ready) if is_old(ready, facts.metadata.generation) && !facts.suspend => reconciling,
        ready => ready,
    };
    let until = ends(&facts.conditions, state);
    let stalled = find(&facts.conditions, "Stalled").filter(|stalled| stalled.status == "True");
    let message = match ready {
        Some(ready) if ready.kind == "Ready" && ready.status == "False" => cause(&facts.conditions, ready),
        // It failed, though Ready does not say so yet.
        Some(_) if state == State::Failed => stalled.map_or("", |stalled| stalled.message.as_str()),
        Some(ready) => ready.message.as_str(),
        None if facts.suspend => "",
        None => "waiting to be reconciled",
    };
    let labels = &facts.metadata.labels;
    let owner = labels.get("kustomize.toolkit.fluxcd.io/name").map(|name| {
        let namespace = labels.get("kustomize.toolkit.fluxcd.io/namespace").unwrap_or_default();
        ObjectRef::new("Kustomization", KUSTOMIZE, namespace, name)
    });
    Row {
        state,
        message: without_credentials(&in_source(message)).into(),
        created: facts.metadata.creation_timestamp,
        cells: cells.into_iter().map(Into::into).collect(),
        note: None,
        labels: facts.metadata.labels,
        since: None,
        flux: Some(Box::new(FluxFacts {
            until,
            is_stuck: false,
            stalled: stalled.map(|stalled| stalled.reason.clone()),
            is_checking: reconciling.is_some() && is_waiting_for_health(&facts.conditions),
            fetched: facts.fetched,
            ready: ready.filter(|ready| ready.kind == "Ready").and_then(|ready| match ready.status.as_str() {
                "True" => Some(true),
                "False" => Some(false),
                _ => None,
            }),
            reason: ready.map(|ready| ready.reason.clone()).unwrap_or_default(),
            since: ready.and_then(|ready| ready.last_transition_time),
            attempted: facts.attempted.filter(|attempted| !attempted.is_empty() && *attempted != facts.revision),
            revision: facts.revision,
            suspended,
            next,
            interval: facts.interval.and_then(go_duration),
            depends_on: facts.depends_on,
            source: facts.source,
            path: facts.path,
            owner,
            inventory: facts.inventory,
        })),
        key: RowKey { namespace: facts.metadata.namespace, name: facts.metadata.name },
    }
}

/// Tells whether kustomize-controller waits until what it applied is healthy: it says so in a condition of its own (kustomize-controller 1.7,
/// `checkHealth`; tests/recordings/kustomization-checking.json).
fn is_waiting_for_health(conditions: &[Condition]) -> bool {
    find(conditions, "Healthy").is_some_and(|healthy| healthy.status == "Unknown")
}

/// Finds the deadline of the controller's current action, from messages such as
/// `Running 'install' action with timeout of 5m0s` (helm-controller 1.4) and
/// `Running health checks for revision main@sha1:… with a timeout of 4m30s` (kustomize-controller 1.7). `None` without
/// an action, or without a timeout in its message.
fn ends(conditions: &[Condition], state: State) -> Option<(Timestamp, Duration)> {
    if state != State::Progressing {
        return None;
    }
    let spoken = ["Ready", "Reconciling"].into_iter().filter_map(|kind| find(conditions, kind));
    let limit = |condition: &Condition| {
        let (_, rest) = condition.message.split_once("timeout of ")?;
        go_duration(rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').next()?)
    };
    let limit = spoken.clone().filter(|condition| condition.status != "False").find_map(limit)?;
    let since = spoken.filter_map(|condition| condition.last_transition_time).max()?;
    since.checked_add(SignedDuration::try_from(limit).ok()?).ok().map(|until| (until, limit))
}

/// Finds the true cause of a failure. After a rollback, a HelmRelease has the reason in Released, not in Ready.
fn cause<'a>(conditions: &'a [Condition], ready: &'a Condition) -> &'a str {
    let remediated = find(conditions, "Remediated").is_some_and(|remediated| remediated.status == "True");
    match find(conditions, "Released") {
        Some(released) if remediated && released.status == "False" && !released.message.is_empty() => &released.message,
        _ => &ready.message,
    }
}

/// Shortens a revision for display: hashes to seven digits, `main@sha1:dc5f0391…` to `main@dc5f039`.
pub fn short_revision(revision: &str) -> String {
    let (name, digest) = match revision.rsplit_once('@') {
        Some((name, digest)) => (Some(name), digest),
        None => (None, revision),
    };
    let hash = digest.rsplit_once(':').map_or(digest, |(_, hash)| hash);
    if hash.len() < 40 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return revision.to_owned();
    }
    let short = crate::model::revision::short(hash);
    match name {
        Some(name) => format!("{name}@{short}"),
        None => short.to_owned(),
    }
}

/// Converts an optional text, such as an interval or a revision.
pub(super) fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::short_revision;

    #[test]
    fn revisions_are_short_and_still_told_apart() {
        let hash = "dc5f0391c7c5b1ac1e0e9a5e4d3f0b6c7a8d9e0f";
        assert_eq!(short_revision(&format!("main@sha1:{hash}")), "main@dc5f039");
        assert_eq!(short_revision(&format!("sha256:{hash}{hash}")), "dc5f039");
        assert_eq!(short_revision("refs/tags/v1@sha1:abc"), "refs/tags/v1@sha1:abc");
        assert_eq!(short_revision("6.5.1"), "6.5.1");
        assert_eq!(short_revision(""), "");
    }
}
