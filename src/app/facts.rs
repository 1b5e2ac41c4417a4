//! What is known: environments, rows, the repository, operations, notices. Views read it; only `App::update` changes it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::command::CommandTarget;
use super::health::EnvironmentHealth;
use super::motion::Motion;
use super::notice::Notice;
use super::operation::Op;
use crate::check::Survey;
use crate::kinds;
use crate::markdown::DocumentPage;
use crate::model::{
    Connection, Env, Environment, Exposure, Fault, FaultKind, GroupKind, Kind, ObjectRef, PerEnv, Protection, Row,
    RowKey, Rows,
};
use crate::render::BuildProgress;
use crate::repo::Snapshot;

/// Holds the rows of one kind in one environment, and how current they are.
#[derive(Debug, Default)]
pub struct KindTable {
    /// How the watch behind it fares.
    pub link: Connection,
    /// The rows by namespace and name.
    pub rows: Rows,
    /// Which watch fills it; what an older one still sends is dropped.
    pub generation: u64,
}

/// Holds everything that views may read.
#[derive(Debug)]
pub struct Facts {
    /// The environments in their order.
    pub environments: PerEnv<Environment>,
    /// Why an environment has no connection at all, such as a context that the kubeconfig lacks.
    pub unconnected: PerEnv<Option<Fault>>,
    /// The rows of each environment by kind.
    pub tables: PerEnv<BTreeMap<GroupKind<'static>, KindTable>>,
    /// How each environment fares as a whole.
    health: PerEnv<EnvironmentHealth>,
    /// The repository, once it has been read.
    pub repository: Option<Arc<Snapshot>>,
    /// What the repository says of its files, once it was rendered; for a moment that of the one before.
    pub survey: Option<Arc<Survey>>,
    /// Why the files as they are now could not be looked at: what the survey says is of a state before.
    pub survey_fault: Option<Fault>,
    /// How far a build of Kustomizations has come that takes long.
    pub building: Option<BuildProgress>,
    /// Why there is no repository.
    pub repository_fault: Option<Fault>,
    /// Operations, oldest first.
    pub operations: Vec<Op>,
    /// A commit message that was begun and not committed.
    pub message: String,
    /// Notices, oldest first.
    pub notices: Vec<Notice>,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Whether the clusters are simulated; shown on every screen.
    pub demo: bool,
    /// The operator's login, for annotations and the journal.
    pub login: String,
    /// How this machine is reached by `ssh`, such as `maria@jump`, for the lines that lead here from the operator's desk.
    pub via: String,
    /// The file of each environment's age key, where the settings name one; for lessons, never opened by views.
    pub key_files: PerEnv<Option<PathBuf>>,
    /// The operator's own time, changed once a minute and with every message; what a cluster wrote is reckoned by [`Facts::now_in`].
    pub now: Timestamp,
    /// Why the way to an environment's server is not safe, where it is not.
    pub exposed: PerEnv<Option<Exposure>>,
    /// How far each environment's server is ahead of the operator's clock.
    pub ahead: PerEnv<SignedDuration>,
    /// The environment that has the focus at home, or had it last.
    pub focused: Env,
    /// The environment that home shows alone, where `--env` named one; the guard still knows all of them.
    pub only: Option<Env>,
    /// The environment that the screen on top shows, else the focused one: where a screen that is opened now begins.
    pub here: Env,
    /// What is selected on the screen on top as a command is asked for, whatever is marked beside it.
    pub cursor: Vec<CommandTarget>,
    /// Is another after each change, once somebody looks after it: see [`RevisedFacts`].
    revision: u64,
}

/// Holds the facts of a session. Whoever changes them gives them another revision, so that what was made of them is known to be old; what no
/// screen shows is set without.
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
    /// Takes the time by the operator's clock. Ages are told in seconds: nothing looks different before the next one.
    pub fn tell_time(&mut self, now: Timestamp) {
        if now.as_second() != self.0.now.as_second() {
            self.0.revision += 1;
        }
        self.0.now = now;
    }

    /// Takes how far an environment's server is ahead.
    pub fn tell_ahead(&mut self, env: Env, ahead: SignedDuration) {
        if self.0.ahead.get(env).is_some_and(|known| *known != ahead)
            && let Some(known) = self.ahead.get_mut(env)
        {
            *known = ahead;
        }
    }

    /// Notes what is selected as a key is pressed, for commands.
    pub(super) fn note_cursor(&mut self, cursor: Vec<CommandTarget>) {
        self.0.cursor = cursor;
    }

    /// Notes where a screen that is opened now begins.
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
            repository: None,
            survey: None,
            survey_fault: None,
            repository_fault: None,
            operations: Vec::new(),
            message: String::new(),
            notices: Vec::new(),
            read_only: false,
            demo: false,
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
            revision: 0,
        }
    }

    /// Identifies what is known now: what was made of it holds as long as this stays.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Puts what the last survey rendered in the place of what the files declare: for a moment that of the files before.
    pub fn take_graph(&mut self) {
        let graph = self.survey.as_ref().and_then(|survey| survey.graph.as_ref());
        if let (Some(snapshot), Some(graph)) = (&self.repository, graph) {
            self.repository = Some(Arc::new(snapshot.with_graph(graph)));
        }
    }

    /// Takes the repository as it is now: for whom an environment's secrets are encrypted stands in it too.
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

    /// Replaces the environments; rows that were known are dropped with their watches.
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

    /// Takes an environment's protection away where it was protected by nothing but a context that the operator has now agreed to.
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

    /// Returns the time by the clock of an environment's server, which is the one that its objects' times were written by: a jump host's
    /// own clock may be wrong.
    pub fn now_in(&self, env: Env) -> Timestamp {
        let ahead = self.ahead.get(env).copied().unwrap_or_default();
        self.now.checked_add(ahead).unwrap_or(self.now)
    }

    /// Judges what Flux's controllers work on by the clock: nothing is written where nobody works on it.
    pub fn judge_by_clock(&mut self) {
        for (env, _) in self.environments.iter() {
            let now = self.now_in(env);
            let tables = self.tables.get_mut(env).into_iter().flatten();
            for (_, table) in tables {
                table.rows.change(|row| row.judge_by_clock(now));
            }
        }
    }

    /// Returns an environment's name; empty when there is no such environment.
    pub fn name(&self, env: Env) -> &str {
        self.environment(env).map_or("", |environment| environment.name.as_str())
    }

    /// Returns the kube context of an environment; empty when there is no such environment.
    pub fn context(&self, env: Env) -> &str {
        self.environment(env).map_or("", |known| known.context.as_deref().unwrap_or(&known.name))
    }

    /// Says in a title that the way to an environment's server is not safe; `None` where it is.
    pub fn exposure(&self, env: Env) -> Option<&'static str> {
        self.exposed.get(env).copied().flatten().map(Exposure::word)
    }

    /// Finds an environment by its name.
    pub fn find_environment(&self, name: &str) -> Option<Env> {
        self.environments.iter().find(|(_, environment)| environment.name == name).map(|(env, _)| env)
    }

    /// Returns the table of a kind in an environment; `None` before anybody watched it.
    pub fn table(&self, env: Env, kind: &Kind) -> Option<&KindTable> {
        self.tables.get(env)?.get(&kind.group_kind())
    }

    /// Returns the environment that a motion leads to from another, in the order in which they are shown and round from the last to the first;
    /// `None` for a motion that leads to none.
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

    /// Returns the environment that a file of the repository belongs to: the one whose Kustomizations read it, when it is one alone;
    /// else the one whose name is a folder of its path. `None` for what several share.
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

    /// Returns the environment in whose entry folder a file lies, the innermost; the repository's root is nobody's own.
    fn entry_of(&self, file: &str) -> Option<Env> {
        let entries = self.environments.iter().filter_map(|(env, known)| Some((env, known.path.as_deref()?)));
        let holding = entries.filter(|(_, folder)| !folder.is_empty() && crate::repo::path::is_within(file, folder));
        holding.max_by_key(|(_, folder)| folder.len()).map(|(env, _)| env)
    }

    /// Returns the files that an object of an environment is made of, first the one to change: what only this environment reads, the
    /// nearest to it first, then what others read too.
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

    /// Iterates over the documents about an object, or about the Kustomization or release that it belongs to by its name.
    pub fn pages_about(&self, object: &ObjectRef) -> impl Iterator<Item = &DocumentPage> {
        let pages = self.survey.iter().flat_map(|survey| &survey.pages);
        pages.filter(|page| page.is_about(&object.name))
    }

    /// Returns how an environment fares as a whole; nothing is known of one that is not there.
    pub fn health(&self, env: Env) -> Option<&EnvironmentHealth> {
        self.health.get(env)
    }

    /// Judges every environment anew: once for each change, as keys and titles ask for it many times.
    pub fn judge(&mut self) {
        self.health = PerEnv::from_fn(self.environments.len(), |env| EnvironmentHealth::judge(self, env));
    }

    /// Judges the one environment anew that a change concerns.
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

    /// Returns the operations that run and that the journal knows of; what the screen shows is always in the journal.
    pub fn begun(&self) -> impl Iterator<Item = &Op> {
        self.running().filter(|operation| operation.noted)
    }

    /// Returns why an environment has no connection at all, where it has none.
    pub fn unconnected_fault(&self, env: Env) -> Option<&Fault> {
        self.unconnected.get(env).and_then(Option::as_ref)
    }

    /// Returns the connection's state as a whole: the fault of the environment, else of the first kind that has one. What cannot be
    /// reached is the environment, whichever kind noticed it.
    pub fn trouble(&self, env: Env) -> Option<Fault> {
        if let Some(fault) = self.unconnected_fault(env) {
            return Some(fault.clone());
        }
        let fault = self.tables.get(env)?.values().find_map(|table| table.link.fault())?.clone();
        Some(match fault.kind {
            FaultKind::Unreachable => Fault { what: format!("{} cannot be reached", self.name(env)), ..fault },
            _ => fault,
        })
    }
}
