//! The health of an environment: the one judgement behind Home's titles, the header and the first rows of a panel.

use std::collections::BTreeMap;

use super::Facts;
use jiff::Timestamp;

use crate::kinds;
use crate::model::clock::age;
use crate::model::{Env, ObjectRef, Row, RowKey, State};
use crate::theme::Scope;

/// Ranks a problem, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Nothing new arrives: the environment's source, or the controller that applies it, does not work.
    Cut,
    /// It failed.
    Failed,
    /// It is not ready, and may still become so.
    Unready,
    /// A user suspended it.
    Suspended,
}

/// Names an object with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rank.
    pub gravity: Gravity,
    /// The object.
    pub object: ObjectRef,
    /// The fault, in a few words that name the object: `fetch fails`, `node-2 does not answer`.
    pub what: String,
    /// The age of the fault, if it is known.
    pub since: Option<String>,
    /// The controller's message, if there is one.
    pub why: String,
}

impl Problem {
    /// Writes fault and message on one line.
    pub fn line(&self) -> String {
        let since = self.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        format!("{}{since}{why}", self.what)
    }

    /// Writes fault and short cause: `fetch fails: connection refused, since 4m`.
    fn headline(&self) -> String {
        self.with_cause(kinds::short_cause(&self.why))
    }

    fn with_cause(&self, cause: &str) -> String {
        let cause = if cause.is_empty() { String::new() } else { format!(": {cause}") };
        let since = self.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
        format!("{}{cause}{since}", self.what)
    }
}

/// Counts good items among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// The number of good items.
    pub good: usize,
    /// The number of all items.
    pub all: usize,
}

impl Share {
    /// Tells whether all items are good.
    pub fn is_whole(self) -> bool {
        self.good == self.all
    }

    fn count(&mut self, is_good: bool) {
        self.good += usize::from(is_good);
        self.all += 1;
    }
}

/// Holds the health of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentHealth {
    /// The problems, worst first.
    pub problems: Vec<Problem>,
    /// The source that feeds the environment, and the revision that it has fetched.
    pub source: Option<(ObjectRef, String)>,
    /// The Kustomizations of that source that have applied this revision.
    pub applied: Share,
    /// The workloads that are ready; `None` if they are unknown (yet).
    pub workloads: Option<Share>,
    /// The nodes that are ready; `None` if they are unknown (yet).
    pub nodes: Option<Share>,
    /// The number of Flux objects, workloads and nodes in progress.
    pub progressing: usize,
    /// The number of ready Kustomizations at an older commit than the fetched one.
    pub lagging: usize,
    /// The time at which the source fetched its last new revision.
    pub fetched: Option<Timestamp>,
}

impl EnvironmentHealth {
    /// Judges an environment by the facts.
    pub fn judge(facts: &Facts, env: Env) -> Self {
        let mut health = Self { source: followed(facts, env), ..Self::default() };
        health.add_sources(facts, env);
        health.add_nodes(facts, env);
        health.add_flux(facts, env);
        health.add_workloads(facts, env);
        health.problems.sort_by_key(|problem| problem.gravity);
        health
    }

    /// Writes the health in a few words: `healthy` if the fetched revision is applied and all is ready, else the worst
    /// problem and the number of the others.
    pub fn verdict(&self) -> String {
        self.verdicts(|_| None).pop().unwrap_or_default()
    }

    /// Writes the same in several forms: with the root cause of the worst problem where it is known, with the cause that it tells itself, without it,
    /// and without its age.
    pub fn verdicts(&self, root_of: impl Fn(&ObjectRef) -> Option<String>) -> Vec<String> {
        let Some(worst) = self.problems.first() else {
            return vec![match (self.lagging, self.progressing) {
                (0, 0) => "healthy".to_owned(),
                (0, _) => "reconciling".to_owned(),
                (lagging, _) => format!("{lagging} of {} at an older commit", self.applied.all),
            }];
        };
        let more = match self.problems.len() - 1 {
            0 => String::new(),
            more => format!(", {more} more"),
        };
        let since = worst.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        let root = root_of(&worst.object).map(|root| worst.with_cause(&root));
        let forms = [worst.headline(), format!("{}{since}", worst.what), worst.what.clone()];
        let mut forms: Vec<String> = root.into_iter().chain(forms).map(|form| form + &more).collect();
        forms.dedup();
        forms
    }

    /// Writes the health in a word, for the header.
    pub fn word(&self) -> String {
        let count = |gravity| self.problems.iter().filter(|problem| problem.gravity == gravity).count();
        if let Some(cut) = self.problems.first().filter(|problem| problem.gravity == Gravity::Cut) {
            return cut.what.clone();
        }
        match (count(Gravity::Failed), count(Gravity::Unready), count(Gravity::Suspended)) {
            (0, 0, 0) => self.verdict(),
            (0, 0, suspended) => format!("{suspended} suspended"),
            (0, unready, _) => format!("{unready} not ready"),
            (failed, ..) => format!("{failed} failed"),
        }
    }

    /// Returns the state that represents it.
    pub fn state(&self) -> State {
        match self.problems.first().map(|problem| problem.gravity) {
            Some(Gravity::Cut | Gravity::Failed) => State::Failed,
            Some(Gravity::Unready) => State::Waiting,
            Some(Gravity::Suspended) => State::Suspended,
            None if self.progressing > 0 || self.lagging > 0 => State::Progressing,
            None => State::Ready,
        }
    }

    /// Tells whether a ready Kustomization is at an older commit than its source has fetched: the pushed commits are
    /// not applied yet.
    pub fn is_lagging(&self, row: &Row) -> bool {
        let (Some((source, revision)), Some(flux)) = (&self.source, &row.flux) else { return false };
        let follows = flux.source.as_ref() == Some(source) && !revision.is_empty();
        follows && row.state == State::Ready && flux.revision != *revision
    }

    fn add(&mut self, gravity: Gravity, object: ObjectRef, what: String, why: impl Into<String>) {
        self.problems.push(Problem { gravity, object, what, since: None, why: why.into() });
    }

    /// Adds the faults of sources; the environment's own source counts as cut.
    fn add_sources(&mut self, facts: &Facts, env: Env) {
        for kind in kinds::sources() {
            for row in facts.table(env, kind).into_iter().flat_map(|table| &table.rows) {
                let object = kind.object(&row.key.namespace, &row.key.name);
                let feeds = self.source.as_ref().is_some_and(|(source, _)| *source == object);
                let gravity = if feeds { Gravity::Cut } else { Gravity::Failed };
                let name = if feeds { String::new() } else { format!("{} ", object.short()) };
                if feeds {
                    self.fetched = row.flux.as_ref().and_then(|flux| flux.fetched);
                }
                match row.state {
                    State::Failed => {
                        let (what, since) = (format!("{name}fetch fails"), since(facts, env, row));
                        let why = kinds::essence(&row.message);
                        self.problems.push(Problem { gravity, object, what, since, why });
                    }
                    State::Suspended if feeds => self.add(gravity, object, "fetch is suspended".to_owned(), ""),
                    State::Progressing => self.progressing += 1,
                    _ => {}
                }
            }
        }
    }

    fn add_nodes(&mut self, facts: &Facts, env: Env) {
        let Some(table) = facts.table(env, kinds::NODE).filter(|table| table.link.is_listed()) else { return };
        let mut share = Share::default();
        for row in &table.rows {
            share.count(matches!(row.state, State::Ready | State::Suspended));
            let object = kinds::NODE.object("", &row.key.name);
            let name = &row.key.name;
            match row.state {
                State::Failed => {
                    self.add(Gravity::Failed, object, format!("node {name} is not ready"), &*row.message);
                }
                State::Waiting => {
                    self.add(Gravity::Unready, object, format!("node {name} is under pressure"), &*row.message);
                }
                State::Suspended => self.add(Gravity::Suspended, object, format!("node {name} is cordoned"), ""),
                _ => {}
            }
        }
        self.nodes = Some(share).filter(|share| share.all > 0);
    }

    /// Adds Kustomizations, HelmReleases and all other Flux objects but sources.
    fn add_flux(&mut self, facts: &Facts, env: Env) {
        for kind in kinds::watched().filter(|kind| !kinds::is_source(kind)) {
            for row in facts.table(env, kind).into_iter().flat_map(|table| &table.rows) {
                let object = kind.object(&row.key.namespace, &row.key.name);
                self.count_applied(kinds::KUSTOMIZATION.is(&object), row);
                self.lagging += usize::from(kinds::KUSTOMIZATION.is(&object) && self.is_lagging(row));
                match row.state {
                    State::Failed => {
                        let what = format!("{} {}", row.key.name, broken(row));
                        self.add(Gravity::Failed, object, what, kinds::essence(&row.message));
                    }
                    State::Waiting => {
                        self.add(Gravity::Unready, object, format!("{} waits", row.key.name), &*row.message);
                    }
                    State::Suspended => {
                        self.add(Gravity::Suspended, object, format!("{} is suspended", row.key.name), "");
                    }
                    State::Progressing => self.progressing += 1,
                    State::Ready | State::Unknown => {}
                }
            }
        }
    }

    fn count_applied(&mut self, is_kustomization: bool, row: &Row) {
        // Before the first fetch, and without access to the source, no object is behind it.
        let Some((source, revision)) = self.source.as_ref().filter(|(_, revision)| !revision.is_empty()) else {
            return;
        };
        let Some(flux) = row.flux.as_ref().filter(|_| is_kustomization) else { return };
        if flux.source.as_ref() == Some(source) {
            self.applied.count(flux.revision == *revision);
        }
    }

    fn add_workloads(&mut self, facts: &Facts, env: Env) {
        let mut share = Share::default();
        let mut known = false;
        for kind in kinds::WORKLOADS {
            let Some(table) = facts.table(env, kind).filter(|table| table.link.is_listed()) else { continue };
            known = true;
            for row in &table.rows {
                let object = kind.object(&row.key.namespace, &row.key.name);
                let WorkloadHealth { state, why, .. } = workload(facts, env, &object, row);
                share.count(state == State::Ready);
                if state == State::Ready {
                    continue;
                }
                let ready = row.cells.first().map(|ready| format!(" {ready}")).unwrap_or_default();
                let is_down = row.cells.first().is_some_and(|ready| ready.starts_with("0/"));
                let (gravity, what) = match state {
                    _ if is_down && is_controller(&object) => (Gravity::Cut, format!("{} is down", row.key.name)),
                    State::Failed => (Gravity::Failed, format!("{}{ready}", row.key.name)),
                    _ => (Gravity::Unready, format!("{}{ready}", row.key.name)),
                };
                self.add(gravity, object, what, why);
            }
        }
        self.workloads = Some(share).filter(|_| known);
    }
}

/// Names the cause that keeps a workload from being ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadyCause {
    /// A user scaled it to 0, against Git.
    ScaledToZero,
    /// The node that its pod ran on does not answer.
    LostNode,
    /// The fault of its worst pod.
    Pod,
    /// The fault in its own status.
    Itself,
}

/// Holds the health of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadHealth {
    /// Its state.
    pub state: State,
    /// The reason, in words.
    pub why: String,
    /// The cause; `None` if it is ready.
    pub cause: Option<UnreadyCause>,
}

/// Judges a workload, with the reason: one that was scaled to 0 by hand is not ready, whatever its status, and one with
/// failing pods gives their reason.
pub fn workload(facts: &Facts, env: Env, object: &ObjectRef, row: &Row) -> WorkloadHealth {
    let of = |state, why, cause| WorkloadHealth { state, why, cause };
    if row.state == State::Ready {
        let wanted = row.cells.first().and_then(|cell| cell.split_once('/')).map(|(_, wanted)| wanted);
        if wanted != Some("0") {
            return of(State::Ready, String::new(), None);
        }
        let scaled = Some(UnreadyCause::ScaledToZero);
        if is_controller(object) {
            return of(State::Failed, "scaled to 0: nothing that it keeps is reconciled".to_owned(), scaled);
        }
        let said = facts.survey.as_ref().and_then(|survey| survey.find(facts.name(env), object));
        return match said.and_then(|said| said.replicas).filter(|replicas| *replicas > 0) {
            Some(replicas) => of(State::Waiting, format!("scaled to 0 by hand; Git says {replicas}"), scaled),
            None => of(State::Ready, String::new(), None),
        };
    }
    let Some(pod) = pod_of(facts, env, object) else {
        return of(row.state, row.message.to_string(), Some(UnreadyCause::Itself));
    };
    if lost_node(facts, env, pod).is_some() {
        return of(State::Progressing, pod_problem(facts, env, pod), Some(UnreadyCause::LostNode));
    }
    let state = if pod.state == State::Failed { State::Failed } else { row.state };
    let why = pod_problem(facts, env, pod);
    of(state, why, Some(UnreadyCause::Pod))
}

/// Tells whether a workload is a controller of Flux.
fn is_controller(object: &ObjectRef) -> bool {
    kinds::DEPLOYMENT.is(object)
        && object.namespace == "flux-system"
        && kinds::flux().any(|kind| kind.controller == object.name)
}

/// Finds the worst pod of a workload by name: the pods of a `ReplicaSet`, a `StatefulSet` and a `DaemonSet` have its
/// name as a prefix.
fn pod_of<'a>(facts: &'a Facts, env: Env, workload: &ObjectRef) -> Option<&'a Row> {
    let table = facts.table(env, kinds::POD)?;
    let prefix = format!("{}-", workload.name);
    let parts = if workload.kind == "Deployment" { 2 } else { 1 };
    // The rows are sorted by namespace and name: only those with the prefix are read, however many there are.
    let first = RowKey { namespace: workload.namespace.as_str().into(), name: prefix.as_str().into() };
    let own = table
        .rows
        .from(&first)
        .take_while(|row| *row.key.namespace == *workload.namespace && row.key.name.starts_with(&prefix));
    let belongs = |row: &&Row| row.key.name.get(prefix.len()..).is_some_and(|rest| rest.split('-').count() == parts);
    let unwell = own.filter(|row| row.state != State::Ready).filter(belongs);
    unwell.min_by_key(|row| match row.state {
        State::Failed => 0,
        State::Waiting => 1,
        _ => 2,
    })
}

/// Returns the fault of a pod; on a node that does not answer, the node is to blame.
pub fn pod_problem(facts: &Facts, env: Env, pod: &Row) -> String {
    match (lost_node(facts, env, pod), &*pod.message) {
        (None, "") => format!("pod {} {}", pod.key.name, status_of(pod)),
        _ => pod_why(facts, env, pod),
    }
}

/// Returns the fault of a pod without its name, for a line that names the pod.
pub fn pod_why(facts: &Facts, env: Env, pod: &Row) -> String {
    if let Some(node) = lost_node(facts, env, pod) {
        return format!("its node {node} does not answer");
    }
    match pod.message.lines().next().unwrap_or_default() {
        "" => status_of(pod).to_owned(),
        why => format!("{}: {why}", status_of(pod)),
    }
}

fn status_of(pod: &Row) -> &str {
    pod.cells.get(1).map(|status| &**status).unwrap_or_default()
}

/// Returns the node of a pod if the node does not answer.
fn lost_node<'a>(facts: &Facts, env: Env, pod: &'a Row) -> Option<&'a str> {
    let name = pod.cells.get(3)?;
    let is_lost = facts.row(env, &kinds::NODE.object("", name)).is_some_and(|row| row.state == State::Failed);
    is_lost.then_some(name)
}

/// Writes the age of a row's state, if it is known.
fn since(facts: &Facts, env: Env, row: &Row) -> Option<String> {
    let since = row.flux.as_ref().and_then(|flux| flux.since)?;
    Some(age(facts.now_in(env), since))
}

/// Describes how a Flux object is broken.
fn broken(row: &Row) -> &'static str {
    if row.flux.as_ref().is_some_and(|flux| flux.is_stuck) { "is stuck" } else { "failed" }
}

/// Finds the source that feeds an environment: `flux-system` if a Kustomization uses it, else the most used one; with
/// its fetched revision.
fn followed(facts: &Facts, env: Env) -> Option<(ObjectRef, String)> {
    let mut users: BTreeMap<&ObjectRef, usize> = BTreeMap::new();
    let kustomizations = facts.table(env, kinds::KUSTOMIZATION)?.rows.iter();
    for flux in kustomizations.filter_map(|row| row.flux.as_ref()) {
        if let Some(source) = &flux.source {
            *users.entry(source).or_default() += 1;
        }
    }
    let most = users
        .into_iter()
        .max_by_key(|(source, users)| (source.name == "flux-system", *users))
        .map(|(source, _)| source)?;
    let revision = facts.row(env, most).and_then(|row| row.flux.as_ref()).map(|flux| flux.revision.clone());
    Some((most.clone(), revision.unwrap_or_default()))
}

/// Returns the colour scope of a state.
pub fn state_scope(state: State) -> Scope {
    match state {
        State::Ready => Scope::Ready,
        State::Progressing => Scope::Progressing,
        State::Failed => Scope::Failed,
        State::Waiting => Scope::Waiting,
        State::Suspended => Scope::Suspended,
        State::Unknown => Scope::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{EnvironmentHealth, Gravity, Share};
    use crate::app::test_support::facts;
    use crate::app::{Facts, KindTable};
    use crate::kinds;
    use crate::model::{Connection, Env, Kind, State};

    const REVISION: &str = "main@sha1:9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b";

    fn put(facts: &mut Facts, kind: &'static Kind, objects: &[Value]) {
        let rows = objects.iter().map(|object| (kind.decode)(object.to_string().as_bytes()).unwrap());
        let rows = rows.collect();
        let table = KindTable { link: Connection::Live, rows, ..KindTable::default() };
        facts.tables.get_mut(Env(0)).unwrap().insert(kind.group_kind(), table);
    }

    fn source(ready: &str, message: &str) -> Value {
        json!({"metadata": {"name": "flux-system", "namespace": "flux-system"}, "spec": {"interval": "1m", "url": "ssh://git@example/x"},
            "status": {"artifact": {"revision": REVISION}, "conditions": [{"type": "Ready", "status": ready, "message": message,
                "lastTransitionTime": "1969-12-31T23:56:00Z"}]}})
    }

    fn kustomization(name: &str, revision: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "flux-system"}, "spec": {"interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
            "status": {"lastAppliedRevision": revision, "conditions": [{"type": "Ready", "status": "True", "message": ""}]}})
    }

    fn deployment(name: &str, wanted: u32, ready: u32) -> Value {
        json!({"metadata": {"name": name, "namespace": "web", "generation": 1}, "spec": {"replicas": wanted}, "status": {
            "observedGeneration": 1, "replicas": wanted, "readyReplicas": ready, "updatedReplicas": wanted, "availableReplicas": ready}})
    }

    fn node(name: &str, ready: &str) -> Value {
        json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready, "message": "Kubelet stopped posting node status."}]}})
    }

    /// A cluster without problems.
    fn whole() -> Facts {
        let mut facts = facts();
        put(&mut facts, kinds::GIT_REPOSITORY, &[source("True", "stored artifact")]);
        put(
            &mut facts,
            kinds::KUSTOMIZATION,
            &[kustomization("apps", REVISION), kustomization("flux-system", REVISION)],
        );
        put(&mut facts, kinds::DEPLOYMENT, &[deployment("web", 1, 1)]);
        put(&mut facts, kinds::NODE, &[node("node-1", "True"), node("node-2", "True")]);
        facts
    }

    fn health(facts: &Facts) -> EnvironmentHealth {
        EnvironmentHealth::judge(facts, Env(0))
    }

    #[test]
    fn all_is_well() {
        let health = health(&whole());
        assert_eq!(health.problems, []);
        assert_eq!((health.verdict().as_str(), health.word().as_str()), ("healthy", "healthy"));
        assert_eq!(health.applied, Share { good: 2, all: 2 });
        assert_eq!(
            (health.workloads, health.nodes),
            (Some(Share { good: 1, all: 1 }), Some(Share { good: 2, all: 2 }))
        );
    }

    #[test]
    fn a_fetch_that_fails_comes_first_however_green_the_rest_is() {
        let mut facts = whole();
        let message =
            "failed to checkout and determine revision: unable to clone 'ssh://git@example/x': connection refused";
        put(&mut facts, kinds::GIT_REPOSITORY, &[source("False", message)]);
        put(&mut facts, kinds::DEPLOYMENT, &[deployment("web", 1, 0)]);
        let health = health(&facts);
        assert_eq!(
            health.verdicts(|_| None),
            [
                "fetch fails: connection refused, since 4m, 1 more",
                "fetch fails since 4m, 1 more",
                "fetch fails, 1 more"
            ]
        );
        assert_eq!(health.word(), "fetch fails");
        assert!(health.problems[0].line().starts_with("fetch fails since 4m: unable to clone"));
        assert_eq!(health.problems[0].gravity, Gravity::Cut);
        assert!(health.problems[0].why.ends_with("connection refused"), "{}", health.problems[0].why);
    }

    #[test]
    fn one_that_lags_behind_is_counted() {
        let mut facts = whole();
        let old = "main@sha1:0000000000000000000000000000000000000000";
        put(&mut facts, kinds::KUSTOMIZATION, &[kustomization("apps", old), kustomization("flux-system", REVISION)]);
        let health = health(&facts);
        assert_eq!(health.applied, Share { good: 1, all: 2 });
        assert_eq!((health.verdict().as_str(), health.state()), ("1 of 2 at an older commit", State::Progressing));
    }

    #[test]
    fn a_controller_that_is_down_comes_before_what_it_leaves_undone() {
        let mut facts = whole();
        for wanted in [0, 1] {
            let mut controller = deployment("helm-controller", wanted, 0);
            controller["metadata"]["namespace"] = "flux-system".into();
            put(&mut facts, kinds::DEPLOYMENT, &[controller, deployment("web", 1, 0)]);
            let health = health(&facts);
            assert_eq!(
                (health.problems[0].gravity, health.problems[0].what.as_str()),
                (Gravity::Cut, "helm-controller is down")
            );
            assert_eq!(health.word(), "helm-controller is down");
        }
    }

    #[test]
    fn a_lost_node_is_named_at_what_ran_on_it() {
        let mut facts = whole();
        put(&mut facts, kinds::NODE, &[node("node-1", "True"), node("node-2", "Unknown")]);
        put(&mut facts, kinds::DEPLOYMENT, &[deployment("web", 1, 0)]);
        let pod = json!({"metadata": {"name": "web-5d4f8c7b9-abcde", "namespace": "web"}, "spec": {"nodeName": "node-2", "containers": [{"name": "a"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}]}});
        let mut other = pod.clone();
        other["metadata"]["name"] = "web-worker-5d4f8c7b9-abcde".into();
        other["spec"]["nodeName"] = "node-1".into();
        put(&mut facts, kinds::POD, &[pod, other]);
        let health = health(&facts);
        assert_eq!(health.nodes, Some(Share { good: 1, all: 2 }));
        let said: Vec<(&str, &str)> =
            health.problems.iter().map(|problem| (problem.what.as_str(), problem.why.as_str())).collect();
        assert_eq!(said[0].0, "node node-2 is not ready");
        assert_eq!(said[1], ("web 0/1", "its node node-2 does not answer"));
    }

    #[test]
    fn what_is_not_known_is_not_counted() {
        let health = health(&facts());
        assert_eq!((health.workloads, health.nodes, health.applied.all), (None, None, 0));
    }
}
