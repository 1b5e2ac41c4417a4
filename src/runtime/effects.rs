//! Performs effects: it spawns and owns every task of the program, and ends it on drop.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::examination::{EXAMINE_AFTER, examined};
use super::files::Files;
use super::lessons::LessonKeeper;
use super::session::Session;
use crate::app::operation::{StepSender, outcome_line};
use crate::app::{
    Effect, Msg, OnScreen, OpId, Operation, PendingAnswer, PendingCount, Reply, Task, TaskContext, Ticket,
};
use crate::check::Survey;
use crate::cluster::{Cluster, WatchEvent, WatchScope, watch};
use crate::model::{Env, Fault, JournalEntry, Kind, LessonHabits, LiveFacts, Outcome};
use crate::render::{Stop, Worker};
use crate::repo::Snapshot;

/// The longest wait for the journal on quitting.
const LEAVING: Duration = Duration::from_secs(1);

/// The quiet time of the repository before it is rendered.
const SURVEY_AFTER: Duration = Duration::from_secs(1);

/// The time for which facts from a cluster are trusted.
const LIVE_KEPT: Duration = Duration::from_mins(5);

/// The longest wait for a cluster to list its nodes, and the controllers of Flux.
const LIVE_WITHIN: Duration = Duration::from_secs(3);

/// The most events of one watch that wait for the app; more would only hold memory.
const WATCH_EVENTS: usize = 64;

/// Performs effects and owns their tasks.
pub struct Performer {
    sender: mpsc::Sender<Msg>,
    pending_count: PendingCount,
    session: Arc<Session>,
    task_context: TaskContext,
    files: Arc<Mutex<Files>>,
    watches: HashMap<(Env, crate::model::GroupKind<'static>), AbortHandle>,
    tasks: HashMap<Ticket, Vec<AbortHandle>>,
    operations: HashMap<OpId, (CancellationToken, JoinHandle<()>)>,
    /// Keeps how often lessons were met.
    lessons: Arc<LessonKeeper>,
    /// The survey in progress; the newest request wins.
    survey: Option<AbortHandle>,
    live: Arc<tokio::sync::Mutex<LiveClusters>>,
    /// The delay of a survey, so that the screen comes first and files that change together are read once.
    survey_after: Duration,
}

/// Holds the facts from the clusters, and the time of the query.
#[derive(Default)]
struct LiveClusters {
    known: BTreeMap<String, LiveFacts>,
    asked: Option<Instant>,
}

impl LiveClusters {
    /// Queries all clusters at once, unless that was done recently; one that does not answer keeps its last facts.
    async fn ask(&mut self, task_context: &TaskContext) {
        if self.asked.is_some_and(|asked| asked.elapsed() < LIVE_KEPT) {
            return;
        }
        let asked =
            task_context.clusters.iter().filter_map(|(_, cluster)| cluster.as_ref().ok()).map(|cluster| async move {
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
    /// Starts without any task; `sender` leads to the app, and with `watch_files` gets changes of files.
    pub fn new(
        session: Arc<Session>,
        sender: mpsc::Sender<Msg>,
        pending_count: PendingCount,
        watch_files: bool,
    ) -> Self {
        let task_context = session.task_context();
        let loader = session.loader.lock().ok().and_then(|mut loader| loader.take());
        let files = Files::new(session.root.clone(), loader, watch_files.then(|| sender.clone()));
        Self {
            sender,
            pending_count,
            session,
            task_context,
            files: Arc::new(Mutex::new(files)),
            watches: HashMap::new(),
            tasks: HashMap::new(),
            operations: HashMap::new(),
            lessons: Arc::default(),
            survey: None,
            live: Arc::default(),
            survey_after: if watch_files { SURVEY_AFTER } else { Duration::ZERO },
        }
    }

    /// Returns the resources of tasks.
    pub fn task_context(&self) -> &TaskContext {
        &self.task_context
    }

    /// Performs the effects on clusters, files and tasks; returns those on the screen.
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
                // Its task continues until the stop is in the journal.
                if let Some((stop, _)) = self.operations.remove(&id) {
                    stop.cancel();
                }
            }
            Effect::Rescan => self.rescan(),
            Effect::Survey(snapshot) => self.survey(snapshot),
            Effect::Examine { env, generation, context, survey } => self.examine(env, generation, context, survey),
            Effect::KeepLessons(habits) => self.keep_lessons(habits),
            Effect::OnScreen(effect) => return Some(effect),
        }
        None
    }

    /// Keeps how often lessons were met, beside the loop. What cannot be kept is counted anew in the next run.
    fn keep_lessons(&self, habits: LessonHabits) {
        let Some(place) = super::lessons::place(&self.session) else { return };
        let keeper = Arc::clone(&self.lessons);
        keeper.take(habits);
        tokio::task::spawn_blocking(move || keeper.keep(&place));
    }

    fn watch(&mut self, env: Env, kind: &'static Kind, generation: u64) {
        let pending = self.pending_count.begin();
        let sender = self.sender.clone();
        let handle = match self.task_context.cluster(env) {
            Ok(cluster) => tokio::spawn(watching(cluster, env, kind, generation, sender, pending)),
            Err(fault) => tokio::spawn(async move {
                let change = WatchEvent::Link(crate::model::Connection::Unreachable(fault));
                let _closed = sender.send(Msg::Watched { env, kind, generation, change, pending: Some(pending) }).await;
            }),
        };
        if let Some(former) = self.watches.insert((env, kind.group_kind()), handle.abort_handle()) {
            former.abort();
        }
    }

    fn task(&mut self, ticket: Ticket, task: Task) {
        let reply = Reply::new(ticket, self.sender.clone(), self.pending_count.begin());
        let handle = tokio::spawn((task.work)(self.task_context.clone(), reply));
        let handles = self.tasks.entry(ticket).or_default();
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle.abort_handle());
    }

    fn operate(&mut self, id: OpId, operation: Operation) {
        let pending = self.pending_count.begin();
        let sender = self.sender.clone();
        let stop = CancellationToken::new();
        let task = tokio::spawn(operating(id, operation, Arc::clone(&self.session), sender, pending, stop.clone()));
        self.operations.retain(|_, (_, task)| !task.is_finished());
        self.operations.insert(id, (stop, task));
    }

    /// Stops every operation, as a quitting operator does, and waits a moment for the journal.
    pub async fn leave(mut self) {
        let running: Vec<_> = self.operations.drain().map(|(_, running)| running).collect();
        for (stop, _) in &running {
            stop.cancel();
        }
        let all = futures::future::join_all(running.into_iter().map(|(_, task)| task));
        // A hanging disk must not block quitting.
        let _late = tokio::time::timeout(LEAVING, all).await;
    }

    /// Renders the repository and checks it by every rule, outside of the loop; drops the work for an older state.
    fn survey(&mut self, snapshot: Arc<Snapshot>) {
        let (pending, sender, after) = (self.pending_count.begin(), self.sender.clone(), self.survey_after);
        let (task_context, live) = (self.task_context.clone(), Arc::clone(&self.live));
        // This ends the renderings of the one before.
        let stop = task_context.renderer.newest("survey");
        let handle = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let mut live = live.lock().await;
            let first = live.known.clone();
            let look = async |live: &BTreeMap<String, LiveFacts>| {
                let survey = surveyed(&snapshot, live, &stop, &task_context.renderer).await;
                // A cancelled survey reports nothing: a newer one does.
                if !stop.is_given_up() {
                    let _closed = sender.send(Msg::Surveyed(survey, None)).await;
                }
            };
            look(&first).await;
            live.ask(&task_context).await;
            if live.known != first {
                look(&live.known).await;
            }
            drop(pending);
        });
        if let Some(former) = self.survey.replace(handle.abort_handle()) {
            former.abort();
        }
    }

    /// Examines an environment for root causes, outside of the loop. The app requests the next one after its answer.
    fn examine(&self, env: Env, generation: u64, context: String, survey: Option<(Arc<Survey>, PathBuf)>) {
        let (pending, sender, tasks) = (self.pending_count.begin(), self.sender.clone(), self.task_context.clone());
        let after = if self.survey_after.is_zero() { Duration::ZERO } else { EXAMINE_AFTER };
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let found = examined(&tasks, env, &context, survey).await;
            let _closed = sender.send(Msg::Examined { env, generation, found, pending: Some(pending) }).await;
        });
    }

    /// Lists the repository's tree at once, for the first frame.
    pub fn list(&self) -> Option<Msg> {
        let mut files = self.files.lock().ok()?;
        Some(Msg::Repository(Ok(Arc::new(files.list()?)), None))
    }

    /// Reads the repository again, outside of the loop: files and git may be slow.
    pub fn rescan(&mut self) {
        let pending = self.pending_count.begin();
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
            let _closed = sender.send(Msg::Repository(found.map(Arc::new), Some(pending))).await;
        });
    }
}

/// Passes the events of a watch to the app; the answer is pending until the first list is in or has failed.
async fn watching(
    cluster: Arc<Cluster>,
    env: Env,
    kind: &'static Kind,
    generation: u64,
    sender: mpsc::Sender<Msg>,
    pending: PendingAnswer,
) {
    let (events, mut seen) = mpsc::channel(WATCH_EVENTS);
    let mut pending = Some(pending);
    let scope = kind.part.map_or_else(WatchScope::default, |part| WatchScope {
        field_selector: part.field_selector.to_owned(),
        most: Some(part.most),
        ..WatchScope::default()
    });
    let watched = watch(cluster, kind, scope, events);
    let forward = async {
        while let Some(event) = seen.recv().await {
            tracing::debug!(env = env.index(), kind = kind.kind, event = event.word(), "watched");
            let settles = matches!(&event, WatchEvent::Link(link) if link.is_settled());
            let pending = if settles { pending.take() } else { None };
            if sender.send(Msg::Watched { env, kind, generation, change: event, pending }).await.is_err() {
                return;
            }
        }
    };
    // Both ends run in this one task: aborting it ends the watch.
    tokio::join!(watched, forward);
}

/// Performs an operation and passes its steps and its outcome to the app.
async fn operating(
    id: OpId,
    operation: Operation,
    session: Arc<Session>,
    sender: mpsc::Sender<Msg>,
    pending: PendingAnswer,
    stop: CancellationToken,
) {
    let steps = sender.clone();
    let reporting: StepSender = Box::new(move |step| {
        // A step that finds the channel full is dropped: its next report, or the outcome, has more.
        let _full = steps.try_send(Msg::Step(id, step));
    });
    let outcome = match begin(&session, &operation) {
        Ok(entry) => {
            let _closed = sender.send(Msg::Noted(id)).await;
            perform(&session, entry, operation, reporting, stop).await
        }
        Err(fault) => Outcome::Failed(fault),
    };
    let _closed = sender.send(Msg::Ended(id, outcome, Some(pending))).await;
}

/// Performs an operation between two lines of the journal, until it ends or is stopped. A write without a line for its
/// begin does not start.
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

/// Performs an operation whose begin is in the journal, and writes the line of its end.
async fn perform(
    session: &Session,
    entry: JournalEntry,
    operation: Operation,
    steps: StepSender,
    stop: CancellationToken,
) -> Outcome {
    let task_context = session.task_context();
    let cluster = operation.env.and_then(|env| task_context.cluster(env).ok());
    let work = (operation.work)(task_context, steps);
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
            // A cluster that does not answer must not delay a stop.
            () = stop.cancelled() => None,
        }
    };
    let (outcome, user) = tokio::join!(work, who);
    let ended = JournalEntry { at: session.clock.now(), user, result: Some(outcome_line(&outcome)), ..entry };
    match session.journal.write(&ended) {
        Ok(()) => outcome,
        // The change is done; its absence in the journal is the more urgent news.
        Err(fault) => {
            Outcome::Failed(Fault { what: format!("{}, but {}", outcome_line(&outcome), fault.what), ..fault })
        }
    }
}
