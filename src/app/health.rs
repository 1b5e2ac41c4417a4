//! How an environment fares as a whole: the one judgement behind Home's titles, the header and what stands first in a panel.

use std::collections::BTreeMap;

use super::Facts;
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Env, ObjectRef, Row, RowKey, State};
use crate::theme::Scope;

/// Says how bad a problem is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Nothing new arrives: what feeds the environment, or what runs it, does not work.
    Cut,
    /// It failed.
    Failed,
    /// It is not as it should be, and may become so.
    Unready,
    /// Somebody stopped it.
    Suspended,
}

/// Names something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub gravity: Gravity,
    /// Which object.
    pub object: ObjectRef,
    /// What is wrong, in a few words that name the object: `fetch fails`, `node-2 does not answer`.
    pub what: String,
    /// The controller's word on it, as far as there is one.
    pub why: String,
}

impl Problem {
    /// Writes both on one line.
    pub fn line(&self) -> String {
        if self.why.is_empty() { self.what.clone() } else { format!("{}: {}", self.what, self.why) }
    }
}

/// Counts what is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many are.
    pub good: usize,
    /// How many there are.
    pub all: usize,
}

impl Share {
    /// Tells whether all are.
    pub fn is_whole(self) -> bool {
        self.good == self.all
    }

    fn count(&mut self, is_good: bool) {
        self.good += usize::from(is_good);
        self.all += 1;
    }
}

/// Holds how an environment fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentHealth {
    /// What is wrong, worst first.
    pub problems: Vec<Problem>,
    /// What feeds the environment, and the revision that it has fetched.
    pub source: Option<(ObjectRef, String)>,
    /// The Kustomizations of that source that have applied this revision.
    pub applied: Share,
    /// The workloads that are ready; `None` where they are not known (yet).
    pub workloads: Option<Share>,
    /// The nodes that are ready; `None` where they are not known (yet).
    pub nodes: Option<Share>,
    /// How many objects of Flux, workloads and nodes are being worked on.
    pub progressing: usize,
}

impl EnvironmentHealth {
    /// Judges an environment by what is known of it.
    pub fn judge(facts: &Facts, env: Env) -> Self {
        let mut health = Self { source: followed(facts, env), ..Self::default() };
        health.add_sources(facts, env);
        health.add_nodes(facts, env);
        health.add_flux(facts, env);
        health.add_workloads(facts, env);
        health.problems.sort_by_key(|problem| problem.gravity);
        health
    }

    /// Says in a few words how it is: `healthy`, or the worst of what is wrong and how much else is.
    pub fn verdict(&self) -> String {
        let Some(worst) = self.problems.first() else {
            return match self.progressing {
                0 => "healthy".to_owned(),
                _ => "reconciling".to_owned(),
            };
        };
        match self.problems.len() - 1 {
            0 => worst.what.clone(),
            more => format!("{}, {more} more", worst.what),
        }
    }

    /// Says in a word how it is, for the header.
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

    /// Returns the state that stands for it.
    pub fn state(&self) -> State {
        match self.problems.first().map(|problem| problem.gravity) {
            Some(Gravity::Cut | Gravity::Failed) => State::Failed,
            Some(Gravity::Unready) => State::Waiting,
            Some(Gravity::Suspended) => State::Suspended,
            None if self.progressing > 0 => State::Progressing,
            None => State::Ready,
        }
    }

    fn add(&mut self, gravity: Gravity, object: ObjectRef, what: String, why: impl Into<String>) {
        self.problems.push(Problem { gravity, object, what, why: why.into() });
    }

    /// Sources: that of the environment is told first of all, the others where they fail.
    fn add_sources(&mut self, facts: &Facts, env: Env) {
        for kind in kinds::sources() {
            for row in facts.table(env, kind).into_iter().flat_map(|table| &table.rows) {
                let object = kind.object(&row.key.namespace, &row.key.name);
                let feeds = self.source.as_ref().is_some_and(|(source, _)| *source == object);
                let gravity = if feeds { Gravity::Cut } else { Gravity::Failed };
                let name = if feeds { String::new() } else { format!("{} ", object.short()) };
                match row.state {
                    State::Failed => {
                        let what = format!("{name}fetch fails{}", since(facts, env, row));
                        self.add(gravity, object, what, kinds::essence(&row.message));
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

    /// Kustomizations, HelmReleases and whatever else of Flux is no source.
    fn add_flux(&mut self, facts: &Facts, env: Env) {
        for kind in kinds::watched().filter(|kind| !kinds::is_source(kind)) {
            for row in facts.table(env, kind).into_iter().flat_map(|table| &table.rows) {
                let object = kind.object(&row.key.namespace, &row.key.name);
                self.count_applied(kinds::KUSTOMIZATION.is(&object), row);
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
        // Before anything was fetched, and where the source may not be read, nothing lags behind it.
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
                let (state, why) = workload(facts, env, &object, row);
                share.count(state == State::Ready);
                if state == State::Ready {
                    continue;
                }
                let gravity = if state == State::Failed { Gravity::Failed } else { Gravity::Unready };
                let ready = row.cells.first().map(|ready| format!(" {ready}")).unwrap_or_default();
                self.add(gravity, object, format!("{}{ready}", row.key.name), why);
            }
        }
        self.workloads = Some(share).filter(|_| known);
    }
}

/// Tells how a workload fares, and why: one that was scaled to 0 by hand is not ready, whatever it says of itself, and one whose pods fail
/// says what they say.
pub fn workload(facts: &Facts, env: Env, object: &ObjectRef, row: &Row) -> (State, String) {
    if row.state == State::Ready {
        let wanted = row.cells.first().and_then(|cell| cell.split_once('/')).map(|(_, wanted)| wanted);
        if wanted != Some("0") {
            return (State::Ready, String::new());
        }
        let said = facts.survey.as_ref().and_then(|survey| survey.find(facts.name(env), object));
        return match said.and_then(|said| said.replicas).filter(|replicas| *replicas > 0) {
            Some(replicas) => (State::Waiting, format!("scaled to 0 by hand; Git says {replicas}")),
            None => (State::Ready, String::new()),
        };
    }
    let pod = pod_of(facts, env, object);
    let state = match pod {
        Some(pod) if pod.state == State::Failed => State::Failed,
        _ => row.state,
    };
    (state, pod.map_or_else(|| row.message.to_string(), |pod| pod_problem(facts, env, pod)))
}

/// Finds the worst pod of a workload, by its name: the pods of a `ReplicaSet`, a `StatefulSet` and a `DaemonSet` begin with it.
fn pod_of<'a>(facts: &'a Facts, env: Env, workload: &ObjectRef) -> Option<&'a Row> {
    let table = facts.table(env, kinds::POD)?;
    let prefix = format!("{}-", workload.name);
    let parts = if workload.kind == "Deployment" { 2 } else { 1 };
    // The rows are in the order of namespace and name: only those that begin so are looked at, of however many.
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

/// Says what is wrong with a pod; one on a node that does not answer is not to blame itself.
fn pod_problem(facts: &Facts, env: Env, pod: &Row) -> String {
    let node = pod.cells.get(3).map(|node| kinds::NODE.object("", node));
    if let Some(node) = node.filter(|node| facts.row(env, node).is_some_and(|row| row.state == State::Failed)) {
        return format!("its node {} does not answer", node.name);
    }
    let status = pod.cells.get(1).map(|status| &**status).unwrap_or_default();
    match &*pod.message {
        "" => format!("pod {} {status}", pod.key.name),
        why => format!("{status}: {}", why.lines().next().unwrap_or_default()),
    }
}

/// Says since when a row is as it is: ` since 4m`, or nothing where that is not known.
fn since(facts: &Facts, env: Env, row: &Row) -> String {
    let since = row.flux.as_ref().and_then(|flux| flux.since);
    since.map(|since| format!(" since {}", age(facts.now_in(env), since))).unwrap_or_default()
}

/// Says how an object of Flux is broken.
fn broken(row: &Row) -> &'static str {
    if row.flux.as_ref().is_some_and(|flux| flux.is_stuck) { "is stuck" } else { "failed" }
}

/// Finds the source that feeds an environment: the one called `flux-system` where a Kustomization uses it, else the one that most use; with the
/// revision that it has fetched.
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
    use crate::model::{Connection, Env, Kind};

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

    /// A cluster on which all is well.
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
        assert_eq!(health.verdict(), "fetch fails since 4m, 1 more");
        assert_eq!(health.word(), "fetch fails since 4m");
        assert_eq!(health.problems[0].gravity, Gravity::Cut);
        assert!(health.problems[0].why.ends_with("connection refused"), "{}", health.problems[0].why);
    }

    #[test]
    fn one_that_lags_behind_is_counted() {
        let mut facts = whole();
        let old = "main@sha1:0000000000000000000000000000000000000000";
        put(&mut facts, kinds::KUSTOMIZATION, &[kustomization("apps", old), kustomization("flux-system", REVISION)]);
        assert_eq!(health(&facts).applied, Share { good: 1, all: 2 });
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
