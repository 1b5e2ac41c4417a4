//! Reads the log of one container to its end, over as many connections as needed.

use std::sync::Arc;
use std::time::Duration;

use futures::AsyncBufReadExt as _;
use futures::io::AsyncBufRead;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::LogOptions;
use super::lines::{Place, Seen, Splitter};
use super::pods::Pod;
use crate::cluster::address::Address;
use crate::cluster::failure::Failure;
use crate::cluster::{Cluster, fault, request};
use crate::model::log::{LogEvent, LogLine};
use crate::model::{Fault, FaultKind};

/// The most lines that are passed on at once.
const BATCH: usize = 1000;
/// The longest that a line waits for others: less than a drawn frame.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// The longest wait for the last lines of a deleted pod.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// The pauses between tries to open a stream grow from the first to the last of these.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// The number of consecutive attempts to read a log that is not followed.
const TRIES: u32 = 4;
/// The longest wait for a stream before the server is queried about the pod.
const PATIENCE: Duration = Duration::from_secs(15);

/// Says why a container's log ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The pod is gone.
    Gone,
    /// The container has ended, or the log was read completely.
    Over(String),
    /// The init container has completed; holds the pod in its current state, whose next container runs.
    Next(Box<Pod>),
    /// The server refuses to show the log.
    Refused(Fault),
    /// The receiver is gone.
    Unheard,
}

/// Reads one container of one pod.
pub(super) struct Reader<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: &'a str,
    pub(super) pod: Pod,
    pub(super) container: String,
    /// Whether the user named the container, instead of the default.
    pub(super) is_asked: bool,
    pub(super) options: LogOptions,
    pub(super) events: Sender<LogEvent>,
    /// Cancelled when the pod is known to be gone.
    pub(super) gone: CancellationToken,
}

impl Reader<'_> {
    /// Reads until the end, and returns its reason.
    pub(super) async fn run(self) -> (String, End) {
        let uid = self.pod.metadata.uid.clone();
        let gone = self.gone.clone();
        let grace = async move {
            gone.cancelled().await;
            sleep(LAST_WORDS).await;
        };
        let end = tokio::select! {
            end = self.read() => end,
            () = grace => End::Gone,
        };
        (uid, end)
    }

    async fn read(&self) -> End {
        let mut place = Place::default();
        let mut pause = PAUSES.0;
        let mut told = false;
        let mut tries: u32 = 0;
        loop {
            let why = match self.opened(&place).await {
                Some(Ok(stream)) => {
                    let Some((lines, broken)) = self.pump(stream, &mut place).await else { return End::Unheard };
                    if lines {
                        (pause, told, tries) = (PAUSES.0, false, 0);
                    }
                    match broken {
                        None if !self.options.follow => return End::Over("this is all of the log".to_owned()),
                        None => "the stream ended".to_owned(),
                        Some(why) => format!("the stream broke: {why}"),
                    }
                }
                Some(Err(error)) => match error.code() {
                    Some(404) => return End::Gone,
                    Some(401 | 403) => {
                        return End::Refused(error.fault(&self.cluster.name, "read the log"));
                    }
                    Some(400) if !self.options.follow => {
                        return End::Refused(error.fault(&self.cluster.name, "read the log"));
                    }
                    _ => error.to_string(),
                },
                None => format!("the API server has not answered for {} s", PATIENCE.as_secs()),
            };
            if let Some(end) = self.ended().await {
                return end;
            }
            tries = tries.saturating_add(1);
            // A caller that waits for the end of a log is told that it is unreachable.
            if !self.options.follow && tries >= TRIES {
                let what = format!("the log of {} cannot be read", self.pod.metadata.name);
                let todo = "try again, or follow it: -f goes on trying";
                return End::Refused(Fault::new(FaultKind::Unreachable, what, why, todo));
            }
            if !told
                && self.events.send(LogEvent::Interrupted(format!("{}: {why}", self.pod.metadata.name))).await.is_err()
            {
                return End::Unheard;
            }
            told = true;
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            place.reopen();
        }
    }

    /// Queries whether the pod is still the same; without an answer that stays unknown.
    async fn ended(&self) -> Option<End> {
        match request::get::<Pod>(self.cluster, &self.address()).await {
            Ok(pod) if pod.metadata.uid != self.pod.metadata.uid => Some(End::Gone),
            Ok(pod) if pod.is_over() => Some(End::Over(format!("the pod has ended ({})", pod.status.phase))),
            Ok(pod) if pod.is_past(&self.container) && self.is_asked => {
                Some(End::Over(format!("the init container {} has done its work", self.container)))
            }
            Ok(pod) if pod.is_past(&self.container) => Some(End::Next(Box::new(pod))),
            Err(error) if error.code() == Some(404) => Some(End::Gone),
            _ => None,
        }
    }

    /// Opens the stream; `None` when the server does not answer.
    ///
    /// The kubelet sends the head of a followed log together with the container's first line, so a container that has
    /// written nothing yet looks like an unreachable server. A read of the pod in between distinguishes the two.
    async fn opened(&self, place: &Place) -> Option<Result<impl AsyncBufRead + use<>, Failure>> {
        let mut opening = std::pin::pin!(self.open(place));
        loop {
            if let Ok(opened) = timeout(PATIENCE, &mut opening).await {
                return Some(opened);
            }
            if !self.options.follow || !self.is_running().await {
                return None;
            }
        }
    }

    fn address(&self) -> Address {
        Address::core(self.namespace, "pods").at(&self.pod.metadata.name)
    }

    async fn is_running(&self) -> bool {
        let pod = request::get::<Pod>(self.cluster, &self.address()).await;
        pod.is_ok_and(|pod| pod.metadata.uid == self.pod.metadata.uid && !pod.is_over())
    }

    async fn open(&self, place: &Place) -> Result<impl AsyncBufRead + use<>, Failure> {
        let mut log = self.address().at("log").with("timestamps", true).with("container", &self.container);
        if self.options.follow {
            log = log.with("follow", true);
        }
        if self.options.previous {
            log = log.with("previous", true);
        }
        if let Some(last) = place.last() {
            log = log.with("sinceTime", last);
        } else {
            if let Some(tail) = self.options.tail {
                log = log.with("tailLines", tail);
            }
            if let Some(since) = self.options.since {
                log = log.with("sinceSeconds", since.as_secs().max(1));
            }
        }
        request::log(self.cluster, &log).await
    }

    /// Passes on the lines of a stream. Returns whether there were new lines and why it broke (`None` at its end);
    /// `None` when the receiver is gone.
    ///
    /// The channel is bounded: when the screen is slower than the log, the server waits, and no line is lost.
    async fn pump(&self, stream: impl AsyncBufRead, place: &mut Place) -> Option<(bool, Option<String>)> {
        let mut stream = std::pin::pin!(stream);
        let mut splitter = Splitter::default();
        let mut batch = Batch {
            pod: Arc::from(self.pod.metadata.name.as_str()),
            container: Arc::from(self.container.as_str()),
            lines: Vec::new(),
            gap: false,
        };
        let mut any = false;
        let mut due = Instant::now();
        loop {
            let read = tokio::select! {
                biased;
                () = sleep_until(due), if !batch.lines.is_empty() => None,
                read = stream.fill_buf() => Some(read),
                () = self.events.closed() => return None,
            };
            let was_empty = batch.lines.is_empty();
            let (ended, broken) = match read {
                None => (false, None),
                Some(Ok([])) => (true, None),
                Some(Err(error)) => (true, Some(fault::chain(&error))),
                Some(Ok(piece)) => {
                    splitter.feed(piece, |at, text| batch.take(place, at, text));
                    let length = piece.len();
                    stream.as_mut().consume(length);
                    if was_empty {
                        due = Instant::now() + BATCH_TIME;
                    }
                    if batch.lines.len() < BATCH {
                        continue;
                    }
                    (false, None)
                }
            };
            // A reopened stream sends the half line of a broken one again, whole.
            if ended && broken.is_none() {
                splitter.finish(|at, text| batch.take(place, at, text));
            }
            any |= !batch.lines.is_empty();
            batch.send(&self.events).await?;
            if ended {
                return Some((any, broken));
            }
        }
    }
}

struct Batch {
    pod: Arc<str>,
    container: Arc<str>,
    lines: Vec<LogLine>,
    gap: bool,
}

impl Batch {
    fn take(&mut self, place: &mut Place, at: Option<jiff::Timestamp>, line: String) {
        match place.meet(at) {
            Seen::Repeated => return,
            Seen::AfterGap => self.gap = true,
            Seen::New => {}
        }
        self.lines.push(LogLine { at, pod: self.pod.clone(), container: self.container.clone(), line });
    }

    async fn send(&mut self, events: &Sender<LogEvent>) -> Option<()> {
        if std::mem::take(&mut self.gap) {
            let why =
                format!("{}: the log was rotated in the meantime: lines before the next may be missing", self.pod);
            events.send(LogEvent::Interrupted(why)).await.ok()?;
        }
        let mut lines = std::mem::take(&mut self.lines).into_iter().peekable();
        while lines.peek().is_some() {
            events.send(LogEvent::Lines(lines.by_ref().take(BATCH).collect())).await.ok()?;
        }
        Some(())
    }
}
