//! One simulated cluster: its objects, logs and agenda behind one lock, and the signals for its changes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::agenda::{Agenda, Job};
use super::fault::Faults;
use super::fields::{self, Writer};
use super::flux::{self, Queue};
use super::json::{self, list, set, text};
use super::logs::LogStore;
use super::script::Script;
use super::store::{Happened, Store};
use super::{kinds, workload};
use crate::model::{Clock, ObjectRef};

/// Holds the state of one cluster.
pub(crate) struct SimulatedCluster {
    /// The environment's name.
    pub(crate) name: String,
    /// The objects.
    pub(crate) store: Store,
    /// The containers' logs.
    pub(crate) logs: LogStore,
    /// The scheduled jobs.
    pub(crate) agenda: Agenda,
    /// The controllers' queue.
    pub(crate) queue: Queue,
    /// The scenario's script of this environment.
    pub(crate) script: Script,
    /// The number of failed image pulls of each pod.
    pub(crate) pulls: BTreeMap<ObjectRef, u32>,
    /// The time at which the past is played, while the scenario is set up.
    pub(crate) as_of: Option<Timestamp>,
    /// The version up to which the controllers have seen the changes.
    seen: u64,
    clock: Clock,
}

impl SimulatedCluster {
    /// Builds an empty cluster.
    pub(crate) fn new(name: &str, script: Script, clock: Clock) -> Self {
        let store = Store::new();
        let seen = store.version();
        Self {
            name: name.to_owned(),
            store,
            logs: LogStore::default(),
            agenda: Agenda::default(),
            queue: Queue::default(),
            script,
            pulls: BTreeMap::new(),
            as_of: None,
            seen,
            clock,
        }
    }

    /// Returns the cluster's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.as_of.unwrap_or_else(|| self.clock.now())
    }

    /// Returns the time of the clock, even while the past is played.
    pub(crate) fn present(&self) -> Timestamp {
        self.clock.now()
    }

    /// Completes a new object as the API server does, without storing it.
    pub(crate) fn draft(&self, mut object: Value, writer: Writer<'_>) -> Value {
        let key = json::reference(&object);
        let now = self.now();
        let uid = json::uuid(&format!("{} {key} {}", self.name, self.store.version()));
        set(&mut object, &["metadata", "uid"], uid);
        set(&mut object, &["metadata", "creationTimestamp"], json::stamp(now));
        if counts_generations(&key) {
            set(&mut object, &["metadata", "generation"], 1);
        }
        if flux::is_reconciled(&key) {
            set(&mut object, &["metadata", "finalizers"], json!([flux::FINALIZER]));
        }
        json::remove(&mut object, &["metadata", "managedFields"]);
        if flux::is_reconciled(&key) {
            // The CRDs' default: nothing has been observed yet.
            set(&mut object, &["status"], json!({"observedGeneration": -1}));
        }
        if let Some(status) = workload::initial_status(self, &key, &object) {
            set(&mut object, &["status"], status);
        }
        fields::record(&mut object, None, writer, now);
        object
    }

    /// Creates an object.
    pub(crate) fn create(&mut self, object: Value, writer: Writer<'_>) -> Arc<Value> {
        let object = self.draft(object, writer);
        self.store.put(object)
    }

    /// Changes an object; stores nothing without a change. `None` if there is no such object.
    pub(crate) fn update(
        &mut self,
        key: &ObjectRef,
        writer: Writer<'_>,
        change: impl FnOnce(&mut Value),
    ) -> Option<Arc<Value>> {
        let before = Arc::clone(self.store.get(key)?);
        let after = self.changed(&before, writer, change);
        if after == *before {
            return Some(before);
        }
        let is_let_go = !text(&after, "/metadata/deletionTimestamp").is_empty()
            && key.kind != "Pod"
            && list(&after, "/metadata/finalizers").is_empty();
        if is_let_go {
            self.delete(key);
            return Some(Arc::new(after));
        }
        Some(self.store.put(after))
    }

    /// Returns an object after a change, with its bookkeeping, without storing it.
    pub(crate) fn changed(&self, before: &Value, writer: Writer<'_>, change: impl FnOnce(&mut Value)) -> Value {
        let mut after = before.clone();
        change(&mut after);
        if after == *before {
            return after;
        }
        let mut without = [before.clone(), after.clone()];
        for object in &mut without {
            json::remove(object, &["metadata"]);
            json::remove(object, &["status"]);
        }
        let [old, new] = &without;
        if old != new && counts_generations(&json::reference(before)) {
            set(&mut after, &["metadata", "generation"], json::number(before, "/metadata/generation") + 1);
        }
        fields::record(&mut after, Some(before), writer, self.now());
        after
    }

    /// Stores a controller's computed status; other changes of the object in the meantime stay.
    pub(crate) fn save_status(&mut self, object: &Value, controller: &str) {
        let status = object["status"].clone();
        self.update(&json::reference(object), Writer::status(controller), |live| set(live, &["status"], status));
    }

    /// Deletes an object without its owned objects.
    pub(crate) fn delete_alone(&mut self, key: &ObjectRef) -> Option<Arc<Value>> {
        self.store.remove(key)
    }

    /// Deletes an object and its owned objects.
    pub(crate) fn delete(&mut self, key: &ObjectRef) -> Option<Arc<Value>> {
        let last = self.store.remove(key)?;
        let uid = text(&last, "/metadata/uid").to_owned();
        let owned: Vec<ObjectRef> = [("apps", "ReplicaSet"), ("batch", "Job"), ("", "Pod")]
            .into_iter()
            .filter_map(|(group, kind)| kinds::by_kind(group, kind))
            .flat_map(|served| self.store.list(served, &key.namespace))
            .filter(|(_, object)| {
                list(object, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in owned {
            self.delete(&key);
        }
        if key.kind == "Pod" {
            self.logs.end_pod(&key.namespace, &key.name);
        }
        Some(last)
    }

    /// Passes changes to the controllers, until there are no new ones.
    pub(crate) fn settle(&mut self) {
        while self.seen < self.store.version() {
            let changes = self.store.changes_after(self.seen);
            let fresh: Vec<_> = changes.map(|changes| changes.cloned().collect()).unwrap_or_default();
            self.seen = self.store.version();
            for change in fresh {
                flux::observe(self, &change);
                if change.key.group == "apps"
                    && matches!(change.key.kind.as_str(), "Deployment" | "DaemonSet")
                    && change.happened != Happened::Deleted
                {
                    workload::observe(self, &change);
                }
            }
        }
    }

    /// Runs every job that is due.
    pub(crate) fn work(&mut self) {
        while let Some(job) = self.agenda.take_due() {
            match job {
                Job::Reconcile(key) => flux::begin(self, &key),
                Job::Continue(key) => flux::go_on(self, &key),
                Job::Start(pod) => workload::start(self, &pod),
                Job::Speak(pod) => workload::speak(self, &pod),
                Job::End(pod) => workload::end(self, &pod),
            }
            self.settle();
        }
    }

    fn beat(&self) -> u64 {
        self.store.version() + self.logs.beat
    }
}

/// Tells whether the API server counts the generations of a kind: those with a spec that a controller follows.
fn counts_generations(key: &ObjectRef) -> bool {
    !matches!(key.kind.as_str(), "ConfigMap" | "Secret" | "Event" | "Namespace" | "Node" | "ServiceAccount" | "Service")
}

/// Holds one cluster and signals its changes.
pub(crate) struct Site {
    world: Mutex<SimulatedCluster>,
    /// The beat: it changes whenever an object or a log does.
    pub(crate) beat: watch::Sender<u64>,
    /// The faults of the server.
    pub(crate) faults: watch::Sender<Faults>,
    wake: Arc<Notify>,
    started: AtomicBool,
}

impl Site {
    /// Puts a cluster behind its lock.
    pub(crate) fn new(world: SimulatedCluster, faults: Faults) -> Arc<Self> {
        Arc::new(Self {
            beat: watch::Sender::new(world.beat()),
            faults: watch::Sender::new(faults),
            world: Mutex::new(world),
            wake: Arc::new(Notify::new()),
            started: AtomicBool::new(false),
        })
    }

    /// Reads or changes the cluster; its controllers see the changes first.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut SimulatedCluster) -> R) -> R {
        let mut world = self.lock();
        let before = world.agenda.next();
        let result = act(&mut world);
        world.settle();
        let beat = world.beat();
        let after = world.agenda.next();
        drop(world);
        self.beat.send_if_modified(|last| std::mem::replace(last, beat) != beat);
        if before != after {
            self.wake.notify_one();
        }
        result
    }

    /// Starts the task that runs the cluster's jobs when they are due; it ends with the cluster. Needs a tokio runtime;
    /// later calls do nothing.
    pub(crate) fn start(self: &Arc<Self>) {
        if self.started.swap(true, Ordering::Relaxed) {
            return;
        }
        let wake = Arc::clone(&self.wake);
        let site = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(alive) = site.upgrade() {
                alive.with(SimulatedCluster::work);
                let next = alive.lock().agenda.next();
                drop(alive);
                match next {
                    Some(at) => {
                        let _ = tokio::time::timeout_at(at, wake.notified()).await;
                    }
                    None => wake.notified().await,
                }
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, SimulatedCluster> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}
