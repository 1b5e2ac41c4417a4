//! The task that follows a log and hands it to the view in batches, read already, so that the loop only stores lines.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::app::{Reply, Task, TaskContext};
use crate::cluster::logs::{LogEntry, LogOptions, LogSource, follow};
use crate::model::Fault;
use crate::model::log::LogEvent;

/// How many events may wait to be read; more would only hold memory, as the server waits too.
const EVENTS: usize = 16;

/// The most lines in one batch: what the view stores within a millisecond.
const BATCH: usize = 2048;

/// How long a batch is gathered: the screen is drawn no more often.
const GATHER: Duration = Duration::from_millis(50);

/// How long the first answer waits for lines; after that it says that there are none yet.
const FIRST: Duration = Duration::from_millis(500);

/// Says how much of a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// How far back; the last lines when nothing.
    pub since: Option<Duration>,
    /// The run of the container before this one.
    pub previous: bool,
}

/// How far back a log is read, in the order in which they are offered.
const SINCE: [Option<Duration>; 4] =
    [None, Some(Duration::from_mins(5)), Some(Duration::from_hours(1)), Some(Duration::from_hours(24))];

impl Extent {
    /// Reads further back, and after the furthest only the last lines again.
    pub fn further(self) -> Self {
        let next = SINCE.iter().cycle().skip_while(|since| **since != self.since).nth(1);
        Self { since: next.copied().flatten(), ..self }
    }

    /// Says it in a few words; nothing where it is what a log opens with.
    pub fn word(self) -> String {
        let since = self.since.map(|since| match since.as_secs() / 60 {
            minutes @ ..60 => format!("since {minutes}m"),
            minutes => format!("since {}h", minutes / 60),
        });
        [since, self.previous.then(|| "the run before".to_owned())].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Lists the containers of what is followed.
pub fn containers(source: &LogSource) -> Task {
    let (env, object) = (source.env, source.object.clone());
    Task::once(format!("containers of {object}"), move |reach| async move {
        Containers(match reach.cluster(env) {
            Ok(cluster) => cluster.containers_of(&object).await,
            Err(fault) => Err(fault),
        })
    })
}

/// The containers of what is followed, or why they are not known.
#[derive(Debug)]
pub struct Containers(pub Result<Vec<String>, Fault>);

/// Tells the view what happened.
#[derive(Debug)]
pub enum FeedEvent {
    /// Lines came.
    Lines(Vec<LogEntry>),
    /// Something happened to the stream.
    Event(LogEvent),
}

/// Holds what happened since the batch before, in its order.
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
        self.0.iter().map(|heard| if let FeedEvent::Lines(lines) = heard { lines.len() } else { 0 }).sum()
    }
}

/// Builds the task that follows a log until the view closes.
pub fn task(source: LogSource, extent: Extent, until: CancellationToken) -> Task {
    Task::stream(format!("follow the log of {}", source.writer()), move |reach, reply| async move {
        // Another extent begins a stream of its own; the one before ends.
        let _ended = until.run_until_cancelled(feed(reach, reply, source, extent)).await;
    })
}

async fn feed(reach: TaskContext, mut reply: Reply, source: LogSource, extent: Extent) {
    let cluster = match reach.cluster(source.env) {
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
    // Both ends live in this one task: dropping it ends the stream.
    let (_ended, ()) = tokio::join!(following, hand_on(&mut events, &mut reply, &source));
}

async fn hand_on(events: &mut mpsc::Receiver<LogEvent>, reply: &mut Reply, source: &LogSource) {
    let mut first = true;
    loop {
        let mut batch = Batch::default();
        // The first answer comes in any case; later there is one only when something happened.
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
                    // Once the first lines are there, the rest of them follows at once.
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
