//! The facts: environments, rows, the repository, operations, notices. Views read them; only `App::update` changes
//! them.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::command::CommandTarget;
use super::exercise::ExerciseProgress;
use super::health::EnvironmentHealth;
use super::motion::Motion;
use super::notice::Notice;
use super::operation::Op;
use crate::check::Survey;
use crate::doctor::{Diagnosis, Examination};
use crate::kinds;
use crate::markdown::{DocumentPlace, DocumentSubject, documents_about};
use crate::model::{
    Connection, Env, Environment, Exposure, Fault, FaultKind, GroupKind, Kind, ObjectRef, PerEnv, Protection, Row,
    RowKey, Rows,
};
use crate::render::BuildProgress;
use crate::repo::Snapshot;

/// Holds the rows of one kind in one environment, and how current they are.
#[derive(Debug, Default)]
pub struct KindTable {
    /// The state of the watch behind it.
    pub link: Connection,
    /// The rows by namespace and name.
    pub rows: Rows,
    /// The number of the watch that fills it; later events of an older watch are dropped.
    pub generation: u64,
}

/// Holds everything that views may read.
#[derive(Debug)]
pub struct Facts {
    /// The environments in their order.
    pub environments: PerEnv<Environment>,
    /// The fault of an environment without any connection, such as a context that the kubeconfig lacks.
    pub unconnected: PerEnv<Option<Fault>>,
    /// The rows of each environment by kind.
    pub tables: PerEnv<BTreeMap<GroupKind<'static>, KindTable>>,
    /// The health of each environment.
    health: PerEnv<EnvironmentHealth>,
    /// The last examination of each environment for root causes.
    examinations: BTreeMap<Env, Result<Arc<Examination>, Fault>>,
    /// The repository, once it has been read.
    pub repository: Option<Arc<Snapshot>>,
    /// The rendered repository with its findings; for a moment that of the repository before.
    pub survey: Option<Arc<Survey>>,
    /// The fault of the last survey: the survey above is then of an earlier state.
    pub survey_fault: Option<Fault>,
    /// The progress of a slow build of Kustomizations.
    pub building: Option<BuildProgress>,
    /// The reason that there is no repository.
    pub repository_fault: Option<Fault>,
    /// Operations, oldest first.
    pub operations: Vec<Op>,
    /// The commit message that was started and not committed.
    pub message: String,
    /// Notices, oldest first.
    pub notices: Vec<Notice>,
    /// Whether all writes are refused.
    pub read_only: bool,
    /// Whether the clusters are simulated; shown on every screen.
    pub demo: bool,
    /// The exercise of the demonstration, if one was begun.
    pub exercise: Option<ExerciseProgress>,
    /// The user's login, for annotations and the journal.
    pub login: String,
    /// The address of this machine for `ssh`, such as `maria@jump`, for the command lines that lead here from the
    /// user's desk.
    pub via: String,
    /// The file of each environment's age key, if the settings name one; for lessons, never opened by views.
    pub key_files: PerEnv<Option<PathBuf>>,
    /// The time by this machine's clock, changed once a minute and with every message; [`Facts::now_in`] gives the time
    /// for values from a cluster.
    pub now: Timestamp,
    /// The weakness of the connection to an environment's server, if it has one.
    pub exposed: PerEnv<Option<Exposure>>,
    /// The lead of each environment's server over this machine's clock.
    pub ahead: PerEnv<SignedDuration>,
    /// The environment with the focus at home, or the last one that had it.
    pub focused: Env,
    /// The environment that home shows alone, if `--env` named one; the guard still knows all of them.
    pub only: Option<Env>,
    /// The environment of the screen on top, else the focused one: a new screen begins there.
    pub here: Env,
    /// The selection on the screen on top when a command is requested, regardless of marks.
    pub cursor: Vec<CommandTarget>,
    /// What the screen on top was about as a whole at that key press.
    pub subject: Option<CommandTarget>,
    /// The id of that screen.
    pub screen: &'static str,
    /// The commands that had no effect on that screen as help or the palette opened, each with its reason.
    pub refused: Vec<(&'static str, String)>,
    /// The names of the topics that explain what was selected as help opened, the most special first.
    pub topics: Vec<String>,
    /// The place of the value that was selected then, in sops's form: `["data"]["password"]`.
    pub value: Option<String>,
    /// The number of the last change; see [`RevisedFacts`].
    revision: u64,
}

/// Holds the facts of a session. Every mutable access gives them another revision, so that values derived from the old
/// ones are known to be outdated; facts that no screen shows are set without it.
#[derive(Debug)]
pub struct RevisedFacts(Facts);

impl From<Facts> for RevisedFacts {
    fn from(facts: Facts) -> Self {
        Self(facts)
    }
}

impl Deref for RevisedFacts {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for RevisedFacts {
    fn deref_mut(&mut self) -> &mut Facts {
        self.0.revision += 1;
        &mut self.0
    }
}

impl RevisedFacts {
    /// Sets the time by this machine's clock. Ages are shown in seconds: only the next second changes the screen.
    pub fn tell_time(&mut self, now: Timestamp) {
        if now.as_second() != self.0.now.as_second() {
            self.0.revision += 1;
        }
        self.0.now = now;
    }

    /// Sets the lead of an environment's server.
    pub fn tell_ahead(&mut self, env: Env, ahead: SignedDuration) {
        if self.0.ahead.get(env).is_some_and(|known| *known != ahead)
            && let Some(known) = self.ahead.get_mut(env)
        {
            *known = ahead;
        }
    }

    /// Notes the selection at a key press, for commands.
    pub(super) fn note_cursor(&mut self, screen: &'static str, cursor: Vec<CommandTarget>, value: Option<String>) {
        self.0.screen = screen;
        self.0.cursor = cursor;
        self.0.value = value;
    }

    /// Notes what the screen is about as a whole at a key press.
    pub(super) fn note_subject(&mut self, subject: Option<CommandTarget>) {
        self.0.subject = subject;
    }

    /// Notes the commands that have no effect now.
    pub(super) fn note_refused(&mut self, refused: Vec<(&'static str, String)>) {
        self.0.refused = refused;
    }

    /// Notes the topics of the selection.
    pub(super) fn note_topics(&mut self, topics: Vec<String>) {
        self.0.topics = topics;
    }

    /// Notes the environment in which a new screen begins.
    pub(super) fn note_here(&mut self, here: Env) {
        self.0.here = here;
    }
}

impl Facts {
    /// Starts with nothing but the settings.
    pub fn new(now: Timestamp) -> Self {
        Self {
            environments: PerEnv::default(),
            unconnected: PerEnv::default(),
            tables: PerEnv::default(),
            health: PerEnv::default(),
            examinations: BTreeMap::new(),
            repository: None,
            survey: None,
            survey_fault: None,
            repository_fault: None,
            operations: Vec::new(),
            message: String::new(),
            notices: Vec::new(),
            read_only: false,
            demo: false,
            exercise: None,
            login: String::new(),
            via: String::new(),
            key_files: PerEnv::default(),
            now,
            exposed: PerEnv::default(),
            ahead: PerEnv::default(),
            focused: Env(0),
            building: None,
            only: None,
            here: Env(0),
            cursor: Vec::new(),
            subject: None,
            screen: "",
            refused: Vec::new(),
            topics: Vec::new(),
            value: None,
            revision: 0,
        }
    }

    /// Identifies the present facts: values derived from them are valid as long as this stays the same.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Replaces the declarations in the files by the rendered ones of the last survey: for a moment those of the files
    /// before.
    pub fn take_graph(&mut self) {
        let graph = self.survey.as_ref().and_then(|survey| survey.graph.as_ref());
        if let (Some(snapshot), Some(graph)) = (&self.repository, graph) {
            self.repository = Some(Arc::new(snapshot.with_graph(graph)));
        }
    }

    /// Sets the repository; it also holds the recipients of an environment's secrets.
    pub fn set_repository(&mut self, snapshot: Arc<Snapshot>) {
        for (_, environment) in self.environments.iter_mut() {
            let known = snapshot.environments.iter().find(|known| known.name == environment.name);
            if let Some(known) = known.filter(|known| known.recipients != environment.recipients) {
                environment.recipients.clone_from(&known.recipients);
            }
        }
        self.repository = Some(snapshot);
        self.repository_fault = None;
    }

    /// Replaces the environments, and drops the old rows with their watches.
    pub fn set_environments(&mut self, environments: Vec<Environment>, unconnected: Vec<Option<Fault>>) {
        let mut environments: Vec<Option<Environment>> = environments.into_iter().map(Some).collect();
        let mut unconnected = unconnected.into_iter();
        let count = environments.len();
        let mut taken = Vec::with_capacity(count);
        for slot in &mut environments {
            if let Some(environment) = slot.take() {
                taken.push(environment);
            }
        }
        let mut taken = taken.into_iter();
        self.unconnected = PerEnv::from_fn(count, |_| unconnected.next().flatten());
        self.tables = PerEnv::from_fn(count, |_| BTreeMap::new());
        self.examinations.clear();
        self.ahead = PerEnv::from_fn(count, |_| SignedDuration::ZERO);
        self.environments = PerEnv::from_fn(count, |env| {
            let mut environment = taken.next().unwrap_or(Environment {
                env,
                name: String::new(),
                context: None,
                protected: true,
                protected_by: None,
                path: None,
                recipients: Vec::new(),
                colour: None,
            });
            environment.env = env;
            environment
        });
    }

    /// Removes an environment's protection if its only reason was a context that the user has now agreed to.
    pub fn agree(&mut self, env: Env, context: &str) {
        if let Some(environment) = self.environments.get_mut(env)
            && environment.protected_by == Some(Protection::Unagreed(context.to_owned()))
        {
            environment.protected = false;
            environment.protected_by = None;
        }
    }

    /// Returns an environment's description.
    pub fn environment(&self, env: Env) -> Option<&Environment> {
        self.environments.get(env)
    }

    /// Returns the time by the clock of an environment's server, which wrote the times of its objects: a jump host's
    /// own clock may be wrong.
    pub fn now_in(&self, env: Env) -> Timestamp {
        let ahead = self.ahead.get(env).copied().unwrap_or_default();
        self.now.checked_add(ahead).unwrap_or(self.now)
    }

    /// Marks the Flux objects as stuck that have been progressing for too long; tables without one stay untouched.
    pub fn judge_by_clock(&mut self) {
        for (env, _) in self.environments.iter() {
            let now = self.now_in(env);
            let tables = self.tables.get_mut(env).into_iter().flatten();
            for (_, table) in tables {
                table.rows.change(|row| row.judge_by_clock(now));
            }
        }
    }

    /// Returns an environment's name; empty if there is no such environment.
    pub fn name(&self, env: Env) -> &str {
        self.environment(env).map_or("", |environment| environment.name.as_str())
    }

    /// Returns the kube context of an environment; empty if there is no such environment.
    pub fn context(&self, env: Env) -> &str {
        self.environment(env).map_or("", |known| known.context.as_deref().unwrap_or(&known.name))
    }

    /// Returns a word on an unsafe connection to an environment's server, for a title; `None` if it is safe.
    pub fn exposure(&self, env: Env) -> Option<&'static str> {
        self.exposed.get(env).copied().flatten().map(Exposure::word)
    }

    /// Finds an environment by its name.
    pub fn find_environment(&self, name: &str) -> Option<Env> {
        self.environments.iter().find(|(_, environment)| environment.name == name).map(|(env, _)| env)
    }

    /// Returns the table of a kind in an environment; `None` before its first watch.
    pub fn table(&self, env: Env, kind: &Kind) -> Option<&KindTable> {
        self.tables.get(env)?.get(&kind.group_kind())
    }

    /// Returns the environment that a motion leads to from another, in the order of the screen, with the first after
    /// the last; `None` for any other motion.
    pub fn environment_by(&self, motion: Motion, env: Env) -> Option<Env> {
        let count = self.environments.len().max(1);
        let by = match motion {
            Motion::NextEnvironment => 1,
            Motion::PreviousEnvironment => count - 1,
            _ => return None,
        };
        u8::try_from((env.index() + by) % count).ok().map(Env)
    }

    /// Returns the row of an object.
    pub fn row(&self, env: Env, object: &ObjectRef) -> Option<&Row> {
        let key = RowKey { namespace: object.namespace.as_str().into(), name: object.name.as_str().into() };
        self.tables.get(env)?.get(&kinds::kind_of(object)?.group_kind())?.rows.get(&key)
    }

    /// Returns the row of an object, even of a kind that does not decide the health.
    pub fn known_row(&self, env: Env, object: &ObjectRef) -> Option<&Row> {
        let beside = kinds::BESIDE.iter().find(|kind| kind.is(object));
        let Some(kind) = beside else { return self.row(env, object) };
        let key = RowKey { namespace: object.namespace.as_str().into(), name: object.name.as_str().into() };
        self.table(env, kind)?.rows.get(&key)
    }

    /// Returns the environment that a file of the repository belongs to: the one whose Kustomizations alone read it;
    /// else the one whose name is a folder of its path. `None` for a shared file.
    pub fn environment_of(&self, path: &str) -> Option<Env> {
        let snapshot = self.repository.as_ref()?;
        let mut feeding: Vec<&str> = snapshot.fed_by(path).iter().map(|feed| feed.env.as_str()).collect();
        feeding.sort_unstable();
        feeding.dedup();
        match feeding.as_slice() {
            [only] => self.find_environment(only),
            [] => self.entry_of(path).or_else(|| path.split('/').find_map(|part| self.find_environment(part))),
            _ => None,
        }
    }

    /// Returns the environment whose entry folder contains a file, the innermost; the repository's root belongs to
    /// none.
    fn entry_of(&self, file: &str) -> Option<Env> {
        let entries = self.environments.iter().filter_map(|(env, known)| Some((env, known.path.as_deref()?)));
        let holding = entries.filter(|(_, folder)| !folder.is_empty() && crate::repo::path::is_within(file, folder));
        holding.max_by_key(|(_, folder)| folder.len()).map(|(env, _)| env)
    }

    /// Returns the files that an object of an environment is built from, the best one to change first: those that only
    /// this environment reads, the nearest to it first, then the shared ones.
    pub fn files_of(&self, env: Env, object: &ObjectRef) -> Vec<String> {
        let Some(snapshot) = &self.repository else { return Vec::new() };
        let known = self.survey.as_ref().and_then(|survey| survey.find(self.name(env), object));
        let Some(known) = known else {
            return snapshot.feeds.files_of(self.name(env), object).into_iter().map(str::to_owned).collect();
        };
        let mut files: Vec<String> = known.files.iter().rev().cloned().collect();
        files.sort_by_key(|file| !self.other_readers(env, file).is_empty());
        files
    }

    /// Returns the names of the other environments that read a file.
    pub fn other_readers(&self, env: Env, file: &str) -> Vec<&str> {
        let Some(snapshot) = &self.repository else { return Vec::new() };
        let mut others: Vec<&str> = snapshot.fed_by(file).iter().map(|feed| feed.env.as_str()).collect();
        others.retain(|other| *other != self.name(env));
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Iterates over the documents about an object, the most telling first: those that name it, and those that speak of
    /// its kind, of the reason why it is not ready, or of what it says.
    pub fn pages_about(&self, env: Env, object: &ObjectRef) -> impl Iterator<Item = DocumentPlace<'_>> {
        let mut subject = DocumentSubject::named(&object.name).saying(&object.kind);
        let row = self.row(env, object).filter(|row| row.state == crate::model::State::Failed);
        if let Some(row) = row {
            let reason = row.flux.as_ref().map(|flux| flux.reason.as_str()).unwrap_or_default();
            subject = subject.saying(reason).saying(&row.message);
        }
        if let Some(root) = self.root_of(env, object) {
            subject = subject.quoting(root.cause).saying(&root.message);
        }
        self.pages(&subject).into_iter()
    }

    /// Finds the documents about a subject, once the repository is surveyed.
    pub fn pages(&self, subject: &DocumentSubject) -> Vec<DocumentPlace<'_>> {
        self.survey.as_ref().map(|survey| documents_about(&survey.pages, subject)).unwrap_or_default()
    }

    /// Returns the health of an environment; `None` if there is no such environment.
    pub fn health(&self, env: Env) -> Option<&EnvironmentHealth> {
        self.health.get(env)
    }

    /// Returns the last examination of an environment; `None` before the first, which only a problem or the doctor's
    /// screen begins.
    pub fn examination(&self, env: Env) -> Option<&Result<Arc<Examination>, Fault>> {
        self.examinations.get(&env)
    }

    /// Sets the result of an examination.
    pub(super) fn set_examination(&mut self, env: Env, found: Result<Arc<Examination>, Fault>) {
        self.examinations.insert(env, found);
    }

    /// Returns the root cause of an object's failure, as far as it is known.
    pub fn root_of(&self, env: Env, object: &ObjectRef) -> Option<&Diagnosis> {
        self.examination(env)?.as_ref().ok()?.root_of(object)
    }

    /// Judges every environment again: once for each change, as keys and titles read the result many times.
    pub fn judge(&mut self) {
        self.health = PerEnv::from_fn(self.environments.len(), |env| EnvironmentHealth::judge(self, env));
    }

    /// Judges the changed environment again.
    pub fn judge_environment(&mut self, env: Env) {
        let health = EnvironmentHealth::judge(self, env);
        match self.health.get_mut(env) {
            Some(known) => *known = health,
            None => self.judge(),
        }
    }

    /// Returns the operations that run.
    pub fn running(&self) -> impl Iterator<Item = &Op> {
        self.operations.iter().filter(|operation| operation.ended.is_none())
    }

    /// Returns the operations that run and that the journal has; the screen shows no others.
    pub fn begun(&self) -> impl Iterator<Item = &Op> {
        self.running().filter(|operation| operation.noted)
    }

    /// Returns the fault of an environment without any connection.
    pub fn unconnected_fault(&self, env: Env) -> Option<&Fault> {
        self.unconnected.get(env).and_then(Option::as_ref)
    }

    /// Iterates over the tables that decide the health of an environment; the kinds that Home shows beside them report
    /// missing permissions themselves.
    pub fn judged(&self, env: Env) -> impl Iterator<Item = &KindTable> {
        let is_beside = |kind: &GroupKind<'static>| kinds::BESIDE.iter().any(|beside| beside.group_kind() == *kind);
        self.tables.get(env).into_iter().flatten().filter(move |(kind, _)| !is_beside(kind)).map(|(_, table)| table)
    }

    /// Returns the fault of the connection: that of the environment, else of the first kind that has one. The fault is
    /// the environment's, whichever kind noticed it.
    pub fn trouble(&self, env: Env) -> Option<Fault> {
        if let Some(fault) = self.unconnected_fault(env) {
            return Some(fault.clone());
        }
        let fault = self.judged(env).find_map(|table| table.link.fault())?.clone();
        Some(match fault.kind {
            FaultKind::Unreachable => Fault { what: format!("{} cannot be reached", self.name(env)), ..fault },
            _ => fault,
        })
    }
}
