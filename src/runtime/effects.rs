//! Performs effects: every task of the program is spawned here, owned here, and ended here by dropping it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::files::Files;
use super::session::Session;
use crate::app::operation::{StepSender, outcome_line};
use crate::app::{
    Effect, Msg, OnScreen, OpId, Operation, PendingAnswer, PendingCount, Reply, Task, TaskContext, Ticket,
};
use crate::check::Survey;
use crate::cluster::{Cluster, WatchEvent, WatchScope, watch};
use crate::model::{Env, Fault, JournalEntry, Kind, LiveFacts, Outcome};
use crate::render::{Stop, Worker};
use crate::repo::Snapshot;

/// How long quitting waits for the journal.
const LEAVING: Duration = Duration::from_secs(1);

/// How long the repository must have rested before it is rendered.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// How long what a cluster said of itself is taken for true.
const LIVE_KEPT: Duration = Duration::from_mins(5);

/// How long a cluster may take to list its nodes, and the controllers of Flux.
const LIVE_WITHIN: Duration = Duration::from_secs(3);

/// How many events of one watch may wait for the app; more would only hold memory.
const WATCH_EVENTS: usize = 64;

/// Performs effects and owns the tasks that they become.
pub struct Performer {
    sender: mpsc::Sender<Msg>,
    ledger: PendingCount,
    session: Arc<Session>,
    reach: TaskContext,
    files: Arc<Mutex<Files>>,
    watches: HashMap<(Env, crate::model::GroupKind<'static>), AbortHandle>,
    tasks: HashMap<Ticket, Vec<AbortHandle>>,
    operations: HashMap<OpId, (CancellationToken, JoinHandle<()>)>,
    /// The survey that is under way; the newest request wins.
    survey: Option<AbortHandle>,
    live: Arc<tokio::sync::Mutex<LiveClusters>>,
    /// How long a survey waits, so that the screen comes first and files that change together are looked at once.
    survey_after: Duration,
}

/// Holds what the clusters said of themselves, and when.
#[derive(Default)]
struct LiveClusters {
    known: BTreeMap<String, LiveFacts>,
    asked: Option<Instant>,
}

impl LiveClusters {
    /// Asks each cluster, side by side, unless that was done not long ago; one that does not answer leaves what was known.
    async fn ask(&mut self, reach: &TaskContext) {
        if self.asked.is_some_and(|asked| asked.elapsed() < LIVE_KEPT) {
            return;
        }
        let asked = reach.clusters.iter().filter_map(|(_, cluster)| cluster.as_ref().ok()).map(|cluster| async move {
            let nodes = tokio::time::timeout(LIVE_WITHIN, cluster.nodes());
            let flux = tokio::time::timeout(LIVE_WITHIN, cluster.flux_version());
            let (nodes, flux) = futures::future::join(nodes, flux).await;
            let (nodes, flux) = (nodes.ok().and_then(Result::ok), flux.ok().and_then(Result::ok));
            (cluster.name.clone(), nodes, flux)
        });
        for (name, nodes, flux) in futures::future::join_all(asked).await {
            if nodes.is_none() && flux.is_none() {
                continue;
            }
            let known = self.known.entry(name).or_default();
            known.nodes = nodes.unwrap_or_else(|| std::mem::take(&mut known.nodes));
            known.flux = flux.unwrap_or(known.flux);
        }
        self.asked = Some(Instant::now());
    }
}

async fn surveyed(
    snapshot: &Arc<Snapshot>,
    live: &BTreeMap<String, LiveFacts>,
    stop: &Stop,
    renderer: &Worker,
) -> Result<Arc<Survey>, Fault> {
    let (snapshot, live, stop) = (Arc::clone(snapshot), live.clone(), stop.clone());
    let renderer = renderer.clone();
    let look = move || Survey::until(&stop, &snapshot, &live, &renderer).map(Arc::new);
    let lost = |why: String| Fault::failed("cannot look at the repository", why, "this is a defect of fluxdeck");
    tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| Err(lost(error.to_string())))
}

impl Performer {
    /// Starts without any task; `sender` is the way into the app, and changes of files are told there with `watch_files`.
    pub fn new(session: Arc<Session>, sender: mpsc::Sender<Msg>, ledger: PendingCount, watch_files: bool) -> Self {
        let reach = session.task_context();
        let loader = session.loader.lock().ok().and_then(|mut loader| loader.take());
        let files = Files::new(session.root.clone(), loader, watch_files.then(|| sender.clone()));
        Self {
            sender,
            ledger,
            session,
            reach,
            files: Arc::new(Mutex::new(files)),
            watches: HashMap::new(),
            tasks: HashMap::new(),
            operations: HashMap::new(),
            survey: None,
            live: Arc::default(),
            survey_after: if watch_files { SURVEY_AFTER } else { Duration::ZERO },
        }
    }

    /// Returns what tasks may reach.
    pub fn task_context(&self) -> &TaskContext {
        &self.reach
    }

    /// Performs what concerns clusters, files and tasks; what concerns the screen is handed back.
    pub fn perform(&mut self, effect: Effect) -> Option<OnScreen> {
        match effect {
            Effect::Watch { env, kind, generation } => self.watch(env, kind, generation),
            Effect::Unwatch { env, kind } => {
                if let Some(handle) = self.watches.remove(&(env, kind.group_kind())) {
                    handle.abort();
                }
            }
            Effect::Task(ticket, task) => self.task(ticket, task),
            Effect::Drop(ticket) => {
                for handle in self.tasks.remove(&ticket).unwrap_or_default() {
                    handle.abort();
                }
            }
            Effect::Operate(id, operation) => self.operate(id, operation),
            Effect::Cancel(id) => {
                // Its task goes on for as long as it takes to write down that it was stopped.
                if let Some((stop, _)) = self.operations.remove(&id) {
                    stop.cancel();
                }
            }
            Effect::Rescan => self.rescan(),
            Effect::Survey(snapshot) => self.survey(snapshot),
            Effect::OnScreen(effect) => return Some(effect),
        }
        None
    }

    fn watch(&mut self, env: Env, kind: &'static Kind, generation: u64) {
        let owed = self.ledger.owe();
        let sender = self.sender.clone();
        let handle = match self.reach.cluster(env) {
            Ok(cluster) => tokio::spawn(watching(cluster, env, kind, generation, sender, owed)),
            Err(fault) => tokio::spawn(async move {
                let change = WatchEvent::Link(crate::model::Connection::Unreachable(fault));
                let _closed = sender.send(Msg::Watched { env, kind, generation, change, owed: Some(owed) }).await;
            }),
        };
        if let Some(former) = self.watches.insert((env, kind.group_kind()), handle.abort_handle()) {
            former.abort();
        }
    }

    fn task(&mut self, ticket: Ticket, task: Task) {
        let reply = Reply::new(ticket, self.sender.clone(), self.ledger.owe());
        let handle = tokio::spawn((task.work)(self.reach.clone(), reply));
        let handles = self.tasks.entry(ticket).or_default();
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle.abort_handle());
    }

    fn operate(&mut self, id: OpId, operation: Operation) {
        let owed = self.ledger.owe();
        let sender = self.sender.clone();
        let stop = CancellationToken::new();
        let task = tokio::spawn(operating(id, operation, Arc::clone(&self.session), sender, owed, stop.clone()));
        self.operations.retain(|_, (_, task)| !task.is_finished());
        self.operations.insert(id, (stop, task));
    }

    /// Stops every operation, as the operator does who quits, and waits a moment until the journal has it.
    pub async fn leave(mut self) {
        let running: Vec<_> = self.operations.drain().map(|(_, running)| running).collect();
        for (stop, _) in &running {
            stop.cancel();
        }
        let all = futures::future::join_all(running.into_iter().map(|(_, task)| task));
        // A disk that hangs keeps nobody here.
        let _late = tokio::time::timeout(LEAVING, all).await;
    }

    /// Renders the repository and looks at it by every rule, away from the loop; what was begun for an older one is dropped.
    fn survey(&mut self, snapshot: Arc<Snapshot>) {
        let (owed, sender, after) = (self.ledger.owe(), self.sender.clone(), self.survey_after);
        let (reach, live) = (self.reach.clone(), Arc::clone(&self.live));
        // Ends the renderings of the one before.
        let stop = reach.renderer.newest("survey");
        let handle = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let mut live = live.lock().await;
            let first = live.known.clone();
            let look = async |live: &BTreeMap<String, LiveFacts>| {
                let survey = surveyed(&snapshot, live, &stop, &reach.renderer).await;
                // One that was given up says nothing: a newer one tells.
                if !stop.is_given_up() {
                    let _closed = sender.send(Msg::Surveyed(survey, None)).await;
                }
            };
            look(&first).await;
            live.ask(&reach).await;
            if live.known != first {
                look(&live.known).await;
            }
            drop(owed);
        });
        if let Some(former) = self.survey.replace(handle.abort_handle()) {
            former.abort();
        }
    }

    /// Lists the repository's tree at once, for the first frame.
    pub fn list(&self) -> Option<Msg> {
        let mut files = self.files.lock().ok()?;
        Some(Msg::Repository(Ok(Arc::new(files.list()?)), None))
    }

    /// Reads the repository again, away from the loop: files and git may be slow.
    pub fn rescan(&mut self) {
        let owed = self.ledger.owe();
        let sender = self.sender.clone();
        let (files, session) = (Arc::clone(&self.files), Arc::clone(&self.session));
        tokio::spawn(async move {
            let lost = |why: String| Fault::failed("cannot read the repository", why, "this is a defect of fluxdeck");
            let read = move || match files.lock() {
                Ok(mut files) => files.read(),
                Err(poisoned) => poisoned.into_inner().read(),
            };
            let found = tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(lost(error.to_string())));
            if let Ok(snapshot) = &found {
                session.look_in_namespaces(snapshot);
            }
            let _closed = sender.send(Msg::Repository(found.map(Arc::new), Some(owed))).await;
        });
    }
}

/// Brings what a watch sees to the app; the answer is owed until the first list is in or has failed.
async fn watching(
    cluster: Arc<Cluster>,
    env: Env,
    kind: &'static Kind,
    generation: u64,
    sender: mpsc::Sender<Msg>,
    owed: PendingAnswer,
) {
    let (events, mut seen) = mpsc::channel(WATCH_EVENTS);
    let mut owed = Some(owed);
    let watched = watch(cluster, kind, WatchScope::default(), events);
    let forward = async {
        while let Some(event) = seen.recv().await {
            tracing::debug!(env = env.index(), kind = kind.kind, event = event.word(), "watched");
            let settles = matches!(&event, WatchEvent::Link(link) if link.is_settled());
            let owed = if settles { owed.take() } else { None };
            if sender.send(Msg::Watched { env, kind, generation, change: event, owed }).await.is_err() {
                return;
            }
        }
    };
    // Both ends live in this one task: aborting it ends the watch.
    tokio::join!(watched, forward);
}

/// Performs an operation and brings its steps and its outcome to the app.
async fn operating(
    id: OpId,
    operation: Operation,
    session: Arc<Session>,
    sender: mpsc::Sender<Msg>,
    owed: PendingAnswer,
    stop: CancellationToken,
) {
    let steps = sender.clone();
    let reporting: StepSender = Box::new(move |step| {
        // A step that finds the channel full is dropped: the next report of it, or the outcome, says more.
        let _full = steps.try_send(Msg::Step(id, step));
    });
    let outcome = match begin(&session, &operation) {
        Ok(entry) => {
            let _closed = sender.send(Msg::Noted(id)).await;
            perform(&session, entry, operation, reporting, stop).await
        }
        Err(fault) => Outcome::Failed(fault),
    };
    let _closed = sender.send(Msg::Ended(id, outcome, Some(owed))).await;
}

/// Performs an operation between two lines of the journal, until it ends or is stopped. A write whose beginning cannot be noted is not
/// begun.
pub async fn note(session: &Session, operation: Operation, steps: StepSender, stop: CancellationToken) -> Outcome {
    match begin(session, &operation) {
        Ok(entry) => perform(session, entry, operation, steps, stop).await,
        Err(fault) => Outcome::Failed(fault),
    }
}

/// Writes the line of an operation's beginning.
fn begin(session: &Session, operation: &Operation) -> Result<JournalEntry, Fault> {
    let number = session.next_operation();
    let entry = JournalEntry {
        at: session.clock.now(),
        id: format!("{}-{}-{number}", session.started.as_millisecond(), std::process::id()),
        user: None,
        login: session.login.clone(),
        env: operation.env.and_then(|env| session.environments.get(env.index())).map(|known| known.name.clone()),
        object: operation.object.clone(),
        command: operation.shell.kept(),
        result: None,
    };
    session.journal.write(&entry)?;
    Ok(entry)
}

/// Performs an operation whose beginning is noted, and writes the line of its end.
async fn perform(
    session: &Session,
    entry: JournalEntry,
    operation: Operation,
    steps: StepSender,
    stop: CancellationToken,
) -> Outcome {
    let reach = session.task_context();
    let cluster = operation.env.and_then(|env| reach.cluster(env).ok());
    let work = (operation.work)(reach, steps);
    let work = async {
        tokio::select! {
            outcome = work => outcome,
            () = stop.cancelled() => Outcome::Cancelled(operation.stopped),
        }
    };
    let who = async {
        let cluster = cluster?;
        tokio::select! {
            user = cluster.user() => user.ok().map(ToOwned::to_owned),
            // A cluster that does not answer holds up no one who stops.
            () = stop.cancelled() => None,
        }
    };
    let (outcome, user) = tokio::join!(work, who);
    let ended = JournalEntry { at: session.clock.now(), user, result: Some(outcome_line(&outcome)), ..entry };
    match session.journal.write(&ended) {
        Ok(()) => outcome,
        // What was done is done; that the journal does not tell of it is the more urgent news.
        Err(fault) => {
            Outcome::Failed(Fault { what: format!("{}, but {}", outcome_line(&outcome), fault.what), ..fault })
        }
    }
}
