//! The task that follows a log and sends it to the view in batches, already parsed, so that the loop only stores lines.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::app::{Reply, Task, TaskContext};
use crate::cluster::logs::{LogEntry, LogOptions, LogSource, follow};
use crate::model::Fault;
use crate::model::log::LogEvent;

/// The most events that wait to be read; more would only use memory, as the server waits, too.
const EVENTS: usize = 16;

/// The most lines in one batch: the view stores them within a millisecond.
const BATCH: usize = 2048;

/// The time for which a batch is collected: the screen is drawn no more often.
const GATHER: Duration = Duration::from_millis(50);

/// The time for which the first answer waits for lines; after it the view shows that there are none yet.
const FIRST: Duration = Duration::from_millis(500);

/// Selects the part of a log that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// The time to go back; `None` means the last lines.
    pub since: Option<Duration>,
    /// The run of the container before this one.
    pub previous: bool,
}

/// The times to go back, in the order of the key.
const SINCE: [Option<Duration>; 4] =
    [None, Some(Duration::from_mins(5)), Some(Duration::from_hours(1)), Some(Duration::from_hours(24))];

impl Extent {
    /// Reads further back, and after the longest time only the last lines again.
    pub fn further(self) -> Self {
        let next = SINCE.iter().cycle().skip_while(|since| **since != self.since).nth(1);
        Self { since: next.copied().flatten(), ..self }
    }

    /// Writes it in a few words; empty for the default.
    pub fn word(self) -> String {
        let since = self.since.map(|since| match since.as_secs() / 60 {
            minutes @ ..60 => format!("since {minutes}m"),
            minutes => format!("since {}h", minutes / 60),
        });
        [since, self.previous.then(|| "the run before".to_owned())].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Lists the containers of the log's source.
pub fn containers(source: &LogSource) -> Task {
    let (env, object) = (source.env, source.object.clone());
    Task::once(format!("containers of {object}"), move |task_context| async move {
        Containers(match task_context.cluster(env) {
            Ok(cluster) => cluster.containers_of(&object).await,
            Err(fault) => Err(fault),
        })
    })
}

/// The containers of the source, or the fault.
#[derive(Debug)]
pub struct Containers(pub Result<Vec<String>, Fault>);

/// Names an event of the stream.
#[derive(Debug)]
pub enum FeedEvent {
    /// Lines arrived.
    Lines(Vec<LogEntry>),
    /// The state of the stream changed.
    Event(LogEvent),
}

/// Holds the events since the last batch, in their order.
#[derive(Debug, Default)]
pub struct Batch(pub Vec<FeedEvent>);

impl Batch {
    pub(super) fn take(&mut self, event: LogEvent, source: &LogSource) {
        self.0.push(match event {
            LogEvent::Lines(lines) => {
                FeedEvent::Lines(lines.into_iter().map(|line| LogEntry::read(line, source.speaks_of())).collect())
            }
            other => FeedEvent::Event(other),
        });
    }

    fn lines(&self) -> usize {
        self.0.iter().map(|event| if let FeedEvent::Lines(lines) = event { lines.len() } else { 0 }).sum()
    }
}

/// Builds the task that follows a log until the view closes.
pub fn task(source: LogSource, extent: Extent, until: CancellationToken) -> Task {
    Task::stream(format!("follow the log of {}", source.writer()), move |task_context, reply| async move {
        // Another extent starts a stream of its own; the one before ends.
        let _ended = until.run_until_cancelled(feed(task_context, reply, source, extent)).await;
    })
}

async fn feed(task_context: TaskContext, mut reply: Reply, source: LogSource, extent: Extent) {
    let cluster = match task_context.cluster(source.env) {
        Ok(cluster) => cluster,
        Err(fault) => {
            reply.send(Batch(vec![FeedEvent::Event(LogEvent::Ended(fault.to_string()))])).await;
            return;
        }
    };
    let target = match source.resolve(&cluster).await {
        Ok(target) => target,
        Err(fault) => {
            reply.send(Batch(vec![FeedEvent::Event(LogEvent::Ended(fault.to_string()))])).await;
            return;
        }
    };
    let tail = extent.since.is_none().then(|| source.tail());
    let options = LogOptions { tail, since: extent.since, previous: extent.previous, follow: true };
    let (sender, mut events) = mpsc::channel(EVENTS);
    let following = follow(cluster, target, options, sender);
    // Both ends are in this one task: dropping it ends the stream.
    let (_ended, ()) = tokio::join!(following, hand_on(&mut events, &mut reply, &source));
}

async fn hand_on(events: &mut mpsc::Receiver<LogEvent>, reply: &mut Reply, source: &LogSource) {
    let mut first = true;
    loop {
        let mut batch = Batch::default();
        // The first answer is always sent; later ones only after an event.
        if !first {
            let Some(event) = events.recv().await else { return };
            batch.take(event, source);
        }
        let mut end = Instant::now() + if first { FIRST } else { GATHER };
        let mut open = true;
        while batch.lines() < BATCH {
            match timeout_at(end, events.recv()).await {
                Ok(Some(event)) => {
                    batch.take(event, source);
                    // After the first lines, the rest of them follows at once.
                    end = end.min(Instant::now() + GATHER);
                }
                Ok(None) => {
                    open = false;
                    break;
                }
                Err(_elapsed) => break,
            }
        }
        if !reply.send(batch).await || !open {
            return;
        }
        first = false;
    }
}
