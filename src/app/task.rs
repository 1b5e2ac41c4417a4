//! Tasks: work for the outside that a view requests. The view describes the work; only the runtime performs it.

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

/// Identifies an opened view; replies to a closed view are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Holds the resources of a task.
#[derive(Clone)]
pub struct TaskContext {
    /// The clusters, or the reason that there is none.
    pub clusters: Arc<PerEnv<Result<Arc<Cluster>, Fault>>>,
    /// The repository's root.
    pub root: Option<PathBuf>,
    /// The sources of each environment's age identities.
    pub identities: Arc<KeySources>,
    /// The journal of writes; `None` if there is none.
    pub journal: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// Lends the real terminal to a program or an operation.
    pub terminal: Lender,
    /// The worker that renders the repository.
    pub renderer: Worker,
    /// Runs blocking work away from the tasks; see [`TaskContext::away`].
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

    /// Does blocking work, such as waiting for the disk or for a program, where it blocks no other task. The work runs
    /// to its end even if no task waits for it any more.
    ///
    /// # Errors
    /// Fails if the work broke off.
    pub async fn away<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let (sender, answer) = tokio::sync::oneshot::channel();
        (self.away)(Box::new(move || {
            // The task may have stopped waiting.
            let _unheard = sender.send(work());
        }));
        answer.await.map_err(|_| Fault::failed("it was not done", "the work broke off", "this is a defect of fluxdeck"))
    }

    /// Returns the path of a file of the repository; a file elsewhere has its path as its name.
    ///
    /// # Errors
    /// Fails if there is no repository.
    pub fn file(&self, path: &str) -> Result<PathBuf, Fault> {
        // The name of a file elsewhere is its absolute path.
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

/// Sends replies of a task to its view; the runtime counts the task as pending until its first reply.
pub struct Reply {
    ticket: Ticket,
    sender: mpsc::Sender<Msg>,
    pending: Option<PendingAnswer>,
}

impl Reply {
    /// Builds a sender to a view.
    pub fn new(ticket: Ticket, sender: mpsc::Sender<Msg>, pending: PendingAnswer) -> Self {
        Self { ticket, sender, pending: Some(pending) }
    }

    /// Sends a part of the reply; the task stays pending until the rest has come.
    pub async fn send_part<T: Any + Send>(&mut self, payload: T) -> bool {
        let message = Msg::Reply { ticket: self.ticket, payload: Box::new(payload), pending: None };
        self.sender.send(message).await.is_ok()
    }

    /// Sends a payload to the view; waits while the app is busy, and returns `false` once the receiver is gone.
    pub async fn send<T: Any + Send>(&mut self, payload: T) -> bool {
        let message = Msg::Reply { ticket: self.ticket, payload: Box::new(payload), pending: self.pending.take() };
        self.sender.send(message).await.is_ok()
    }
}

/// Describes work that a view requests.
pub struct Task {
    /// The name, for traces and tests.
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
            work: Box::new(move |task_context, mut reply| {
                let answer = work(task_context);
                Box::pin(async move {
                    reply.send(answer.await).await;
                })
            }),
        }
    }

    /// Builds a task that blocks, on files, programs or calculations, and answers once. Work that broke off gives no
    /// answer: the panic was reported, and the view stays unchanged.
    pub fn blocking<T: Any + Send>(
        label: impl Into<String>,
        work: impl FnOnce(TaskContext) -> T + Send + 'static,
    ) -> Self {
        Self::stream(label, move |task_context, mut reply| async move {
            let inner = task_context.clone();
            if let Ok(payload) = task_context.away(move || work(inner)).await {
                reply.send(payload).await;
            }
        })
    }

    /// Builds a task that answers any number of times.
    pub fn stream<F>(label: impl Into<String>, work: impl FnOnce(TaskContext, Reply) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { label: label.into(), work: Box::new(move |task_context, reply| Box::pin(work(task_context, reply))) }
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Task({})", self.label)
    }
}
