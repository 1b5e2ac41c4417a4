//! Tasks: work for the outside that a view asks for. The view writes the work down; only the runtime performs it.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::message::Msg;
use super::pending::PendingAnswer;
use super::terminal::Lender;
use crate::cluster::Cluster;
use crate::model::{Clock, Env, Fault, FaultKind, PerEnv};
use crate::render::Worker;
use crate::sops::KeySources;

/// Identifies an opened view; replies to a view that is gone are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Holds what a task may reach.
#[derive(Clone)]
pub struct TaskContext {
    /// The clusters, or why there is none.
    pub clusters: Arc<PerEnv<Result<Arc<Cluster>, Fault>>>,
    /// The repository's root.
    pub root: Option<PathBuf>,
    /// Where the age identities of each environment come from.
    pub identities: Arc<KeySources>,
    /// Where writes are noted; `None` where nothing is kept.
    pub journal: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// Lends the real terminal to what needs it.
    pub terminal: Lender,
    /// What renders the repository.
    pub renderer: Worker,
    /// Runs work that blocks away from the tasks; see [`TaskContext::away`].
    pub away: fn(Box<dyn FnOnce() + Send>),
}

impl TaskContext {
    /// Returns an environment's cluster.
    ///
    /// # Errors
    /// Fails with the reason why the environment has none.
    pub fn cluster(&self, env: Env) -> Result<Arc<Cluster>, Fault> {
        self.clusters.get(env).cloned().unwrap_or_else(|| {
            Err(Fault::new(FaultKind::Unreachable, "no cluster", "the environment is gone", "look at `fluxdeck envs`"))
        })
    }

    /// Does work that blocks, such as waiting for the disk or for a program, where it holds up no other task. Work that has begun is done to
    /// its end even if nobody waits for it any more.
    ///
    /// # Errors
    /// Fails when the work broke off.
    pub async fn away<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let (sender, answer) = tokio::sync::oneshot::channel();
        (self.away)(Box::new(move || {
            // Nobody may wait for it any more.
            let _unheard = sender.send(work());
        }));
        answer.await.map_err(|_| Fault::failed("it was not done", "the work broke off", "this is a defect of fluxdeck"))
    }

    /// Returns the path of a file of the repository; that of a file elsewhere is its name.
    ///
    /// # Errors
    /// Fails where there is no repository.
    pub fn file(&self, path: &str) -> Result<PathBuf, Fault> {
        // A file that lies elsewhere has its whole path for a name.
        if Path::new(path).is_absolute() {
            return Ok(PathBuf::from(path));
        }
        let root = self.root.as_ref().ok_or_else(|| {
            Fault::failed(
                format!("cannot open {path}"),
                "there is no repository",
                "start fluxdeck in one, or with --repo DIR",
            )
        })?;
        Ok(root.join(path))
    }
}

/// Sends replies of a task to the view that asked; the runtime counts the task as owed until its first reply.
pub struct Reply {
    ticket: Ticket,
    sender: mpsc::Sender<Msg>,
    owed: Option<PendingAnswer>,
}

impl Reply {
    /// Builds the way back to a view.
    pub fn new(ticket: Ticket, sender: mpsc::Sender<Msg>, owed: PendingAnswer) -> Self {
        Self { ticket, sender, owed: Some(owed) }
    }

    /// Sends a part of what is owed, which is owed until the rest has come.
    pub async fn send_part<T: Any + Send>(&mut self, payload: T) -> bool {
        let message = Msg::Reply { ticket: self.ticket, payload: Box::new(payload), owed: None };
        self.sender.send(message).await.is_ok()
    }

    /// Sends a payload to the view; waits while the app is busy, and returns `false` once nobody listens.
    pub async fn send<T: Any + Send>(&mut self, payload: T) -> bool {
        let message = Msg::Reply { ticket: self.ticket, payload: Box::new(payload), owed: self.owed.take() };
        self.sender.send(message).await.is_ok()
    }
}

/// Describes work that a view asks for.
pub struct Task {
    /// What it is, for traces and tests.
    pub label: String,
    /// The work.
    pub work: Box<dyn FnOnce(TaskContext, Reply) -> BoxFuture<'static, ()> + Send>,
}

impl Task {
    /// Builds a task that answers once.
    pub fn once<T, F>(label: impl Into<String>, work: impl FnOnce(TaskContext) -> F + Send + 'static) -> Self
    where
        T: Any + Send,
        F: Future<Output = T> + Send + 'static,
    {
        Self {
            label: label.into(),
            work: Box::new(move |reach, mut reply| {
                let answer = work(reach);
                Box::pin(async move {
                    reply.send(answer.await).await;
                })
            }),
        }
    }

    /// Builds a task that blocks, on files, programs or sums, and answers once. Work that broke off answers nothing: the panic was reported,
    /// and the view stays as it was.
    pub fn blocking<T: Any + Send>(
        label: impl Into<String>,
        work: impl FnOnce(TaskContext) -> T + Send + 'static,
    ) -> Self {
        Self::stream(label, move |reach, mut reply| async move {
            let inner = reach.clone();
            if let Ok(payload) = reach.away(move || work(inner)).await {
                reply.send(payload).await;
            }
        })
    }

    /// Builds a task that answers as often as it likes.
    pub fn stream<F>(label: impl Into<String>, work: impl FnOnce(TaskContext, Reply) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { label: label.into(), work: Box::new(move |reach, reply| Box::pin(work(reach, reply))) }
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Task({})", self.label)
    }
}
