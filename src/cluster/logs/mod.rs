//! Follows the logs of pods, over broken connections and replaced pods, without repeating a line and in bounded memory.

mod entry;
mod last;
mod lines;
mod pods;
mod source;
mod stream;
mod whose;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::{Cluster, request};
use crate::model::Fault;
use crate::model::log::{LogEvent, LogTarget};
pub use entry::{LogEntry, LogLevel};
use pods::{Change, Meant, Pod, Pods};
pub use source::{FLUX_NAMESPACE, LogSource};
use stream::{End, Reader};
pub use whose::is_workload;

/// Selects a part of a log. Timestamps are always requested: reconnecting without repeated lines relies on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// The number of lines from before now; all when `None`.
    pub tail: Option<u32>,
    /// The age of the oldest line; all when `None`.
    pub since: Option<Duration>,
    /// Whether to read the container's previous run, which is over.
    pub previous: bool,
    /// Whether to continue with new lines; otherwise it ends with the last line.
    pub follow: bool,
}

/// Follows a log and sends events to a bounded channel, until the log ends or the receiver is dropped.
///
/// A slow receiver slows the server down; no line is lost. The last event is [`LogEvent::Ended`].
///
/// # Errors
/// Fails when the log cannot be read at all; the last event has the same reason in one line.
pub async fn follow(
    cluster: Arc<Cluster>,
    target: LogTarget,
    options: LogOptions,
    events: Sender<LogEvent>,
) -> Result<(), Fault> {
    let options = LogOptions { follow: options.follow && !options.previous, ..options };
    let ended = Following::run(&cluster, &target, options, &events).await;
    let why = ended.as_ref().map_or_else(ToString::to_string, Clone::clone);
    // The receiver may be gone; then the reason is not needed.
    drop(events.send(LogEvent::Ended(why)).await);
    ended.map(|_| ())
}

type Running<'a> = Pin<Box<dyn Future<Output = (String, End)> + Send + 'a>>;

/// Holds the present pods and those that are read.
struct Following<'a> {
    cluster: &'a Cluster,
    target: &'a LogTarget,
    meant: Meant,
    options: LogOptions,
    events: &'a Sender<LogEvent>,
    present: HashMap<String, Pod>,
    read: HashMap<String, CancellationToken>,
    over: HashSet<String>,
    /// The pods that ran beside the requested one: its replicas, not its replacements.
    siblings: HashSet<String>,
    /// Whether a log was read to its end, and the fault of the last refused one.
    whole: bool,
    refused: Option<Fault>,
    readers: FuturesUnordered<Running<'a>>,
    first: bool,
}

impl<'a> Following<'a> {
    async fn run(
        cluster: &'a Cluster,
        target: &'a LogTarget,
        options: LogOptions,
        events: &'a Sender<LogEvent>,
    ) -> Result<String, Fault> {
        let meant = meant(cluster, target).await?;
        let mut pods = Pods::new(cluster, target, &meant);
        let (present, first) = (HashMap::new(), true);
        let (read, over, readers) = (HashMap::new(), HashSet::new(), FuturesUnordered::new());
        let siblings = HashSet::new();
        let (whole, refused) = (false, None);
        #[rustfmt::skip]
        let mut this = Self {
            cluster, target, meant, options, events, present, read, over, siblings, whole, refused, readers, first,
        };
        if let Meant::One(pod) = &this.meant {
            let pod = (**pod).clone();
            if pod.init_container().is_some() {
                // The receiver may be gone; the loop notices that.
                drop(events.send(LogEvent::Following(this.name(&pod))).await);
            }
            this.start(&pod);
            this.present.insert(pod.metadata.uid.clone(), pod);
        }
        loop {
            let ended = tokio::select! {
                Some((uid, end)) = this.readers.next(), if !this.readers.is_empty() => this.ended(&uid, end).await?,
                change = pods.next(), if options.follow || this.first => this.changed(change)?,
                () = events.closed() => Some("nobody listens".to_owned()),
            };
            if let Some(why) = ended {
                return Ok(why);
            }
            if this.join().await.is_none() {
                return Ok("nobody listens".to_owned());
            }
            this.first = false;
            if !options.follow && this.readers.is_empty() {
                return this.all();
            }
        }
    }

    /// Ends a log that is not followed: an unreadable log is not an empty one.
    fn all(self) -> Result<String, Fault> {
        if self.whole {
            return Ok("this is all of the log".to_owned());
        }
        Err(self.refused.unwrap_or_else(|| not_started(self.cluster, self.target, self.present.values())))
    }

    fn changed(&mut self, change: Change) -> Result<Option<String>, Fault> {
        match change {
            Change::All(pods) => {
                if pods.is_empty() && self.first && matches!(self.meant, Meant::All) && !self.options.follow {
                    return Err(no_pod(self.cluster, self.target));
                }
                if self.first {
                    self.siblings = pods.iter().map(|pod| pod.metadata.uid.clone()).collect();
                }
                self.present = pods.into_iter().map(|pod| (pod.metadata.uid.clone(), pod)).collect();
                for (uid, gone) in &self.read {
                    // The requested pod may lack the labels by which its replacements are searched.
                    if !self.present.contains_key(uid) && matches!(self.meant, Meant::All) {
                        gone.cancel();
                    }
                }
                self.over.retain(|uid| self.present.contains_key(uid));
            }
            Change::One(pod) => {
                self.present.insert(pod.metadata.uid.clone(), *pod);
            }
            Change::Gone(uid) => {
                self.present.remove(&uid);
                self.over.remove(&uid);
                if let Some(gone) = self.read.get(&uid) {
                    gone.cancel();
                }
            }
            // One pod can be read without the others; only its replacements are not found.
            Change::Blind(fault) if matches!(self.meant, Meant::All) => return Err(fault),
            Change::Blind(_) => {}
        }
        Ok(None)
    }

    async fn ended(&mut self, uid: &str, end: End) -> Result<Option<String>, Fault> {
        self.read.remove(uid);
        let single = matches!(&self.meant, Meant::One(pod) if pod.is_single());
        let one = matches!(self.meant, Meant::One(_));
        match end {
            End::Unheard => return Ok(Some("nobody listens".to_owned())),
            End::Gone => {
                self.present.remove(uid);
                // If a replacement runs already, there is nothing to wait for.
                if let Meant::One(pod) = &self.meant
                    && !self.present.values().any(|other| self.is_wanted(other))
                {
                    let why = format!("{}: the pod is gone; waiting for the one in its place", pod.metadata.name);
                    drop(self.events.send(LogEvent::Interrupted(why)).await);
                }
            }
            End::Refused(fault) if one => return Err(fault),
            End::Refused(fault) => {
                self.over.insert(uid.to_owned());
                drop(self.events.send(LogEvent::Interrupted(fault.to_string())).await);
                self.refused = Some(fault);
            }
            End::Next(pod) => {
                self.siblings.remove(uid);
                self.present.insert(uid.to_owned(), *pod);
            }
            End::Over(why) => {
                self.whole = true;
                self.over.insert(uid.to_owned());
                if single || (one && !self.options.follow) {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }

    /// Starts the missing readers; `None` when the receiver is gone.
    async fn join(&mut self) -> Option<()> {
        let mut candidates: Vec<Pod> = self.present.values().filter(|pod| self.is_wanted(pod)).cloned().collect();
        candidates.sort_by(|a, b| {
            let key = |pod: &Pod| (pod.metadata.creation_timestamp.clone(), pod.metadata.name.clone());
            key(a).cmp(&key(b))
        });
        if let Meant::One(pod) = &mut self.meant {
            if !self.read.is_empty() {
                return Some(());
            }
            candidates = candidates.pop().into_iter().collect();
            if let Some(next) = candidates.first() {
                **pod = next.clone();
                self.siblings = self.present.keys().filter(|uid| **uid != next.metadata.uid).cloned().collect();
            }
        }
        for pod in candidates {
            self.events.send(LogEvent::Following(self.name(&pod))).await.ok()?;
            self.start(&pod);
        }
        Some(())
    }

    /// Names the source: the pod, and its container where that is not the one of a running pod.
    fn name(&self, pod: &Pod) -> String {
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = self.target;
        match pod.init_container().filter(|_| container.is_none()) {
            Some(init) => format!("{}, its init container {init}", pod.metadata.name),
            None => pod.metadata.name.clone(),
        }
    }

    fn is_wanted(&self, pod: &Pod) -> bool {
        let uid = &pod.metadata.uid;
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = self.target;
        let started = pod.has_run(&pod.container(container.as_deref()));
        let mine = match &self.meant {
            Meant::All => true,
            Meant::One(former) => {
                pod.metadata.deletion_timestamp.is_none() && !self.siblings.contains(uid) && former.is_replaced_by(pod)
            }
        };
        mine && started && !self.read.contains_key(uid) && !self.over.contains(uid)
    }

    fn start(&mut self, pod: &Pod) {
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = self.target;
        let gone = CancellationToken::new();
        // A pod that joins later is read from its first line, because all of it is new.
        let options = if self.first { self.options } else { LogOptions { tail: None, since: None, ..self.options } };
        let reader = Reader {
            cluster: self.cluster,
            namespace: pods::namespace(self.target),
            container: pod.container(container.as_deref()),
            is_asked: container.is_some(),
            pod: pod.clone(),
            options,
            events: self.events.clone(),
            gone: gone.clone(),
        };
        self.read.insert(pod.metadata.uid.clone(), gone);
        self.readers.push(Box::pin(reader.run()));
    }
}

fn no_pod(cluster: &Cluster, target: &LogTarget) -> Fault {
    let wanted = match target {
        LogTarget::Selector { selector, .. } => selector,
        LogTarget::Pod { name, .. } => name,
    };
    let namespace = pods::namespace(target);
    Fault::failed(
        format!("there is no log in {}", cluster.name),
        format!("no pod of {namespace} matches {wanted}"),
        format!("`kubectl get pods -n {namespace}` shows what runs there"),
    )
}

fn not_started<'a>(cluster: &Cluster, target: &LogTarget, present: impl Iterator<Item = &'a Pod>) -> Fault {
    let namespace = pods::namespace(target);
    let mut waiting: Vec<_> = present.map(|pod| format!("{} is {}", pod.metadata.name, pod.status.phase)).collect();
    waiting.sort();
    let why = if waiting.is_empty() {
        "its pods went away while they were asked".to_owned()
    } else {
        format!("no container of it has started yet: {}", waiting.join(", "))
    };
    Fault::failed(
        format!("there is no log in {} yet", cluster.name),
        why,
        format!(
            "try again in a moment, or with --follow, which waits; `kubectl get events -n {namespace}` says what holds it up"
        ),
    )
}

async fn meant(cluster: &Cluster, target: &LogTarget) -> Result<Meant, Fault> {
    let (namespace, name) = match target {
        LogTarget::Pod { namespace, name, .. } => (namespace, name),
        LogTarget::Selector { namespace, selector, .. } => {
            // The watch of the pods would wait for an unreachable cluster; the user needs the error now.
            let pods = Address::core(namespace, "pods").with("limit", 1).with("labelSelector", selector);
            request::get::<serde::de::IgnoredAny>(cluster, &pods)
                .await
                .map_err(|error| error.fault(&cluster.name, &format!("find the pods of {selector}")))?;
            return Ok(Meant::All);
        }
    };
    let pod = request::get::<Pod>(cluster, &Address::core(namespace, "pods").at(name))
        .await
        .map_err(|error| error.fault(&cluster.name, &format!("follow pod {namespace}/{name}")))?;
    Ok(Meant::One(Box::new(pod)))
}

#[cfg(test)]
mod tests;
