//! `fluxdeck logs`: the log of a pod, or a controller's lines about a Flux object.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use super::operate::only_environment;
use super::{Call, Output, out};
use crate::cluster::logs::{LogEntry, LogOptions, LogSource, follow};
use crate::kinds::complete;
use crate::model::clock::go_duration;
use crate::model::log::{LogEvent, LogLine, LogTarget};
use crate::model::text::{field, uncoloured};
use crate::model::{Fault, FaultKind, ObjectRef, Shown};
use crate::runtime::interrupted;

/// The number of events that may wait to be written; when it is reached, the server waits too.
const EVENTS: usize = 16;

/// The silence after which the earlier lines count as complete.
const QUIET: Duration = Duration::from_millis(500);

// Flags of `logs`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The pod as NAMESPACE/POD, or a workload or a Flux object as KIND/NAMESPACE/NAME
    #[arg(value_name = "OBJECT")]
    object: String,
    /// Go on as new lines come, until Ctrl-C
    #[arg(long, short = 'f')]
    follow: bool,
    /// Only so many of the last lines
    #[arg(long, value_name = "N")]
    tail: Option<u32>,
    /// Only lines of so long ago at most, such as 90s, 5m or 1h
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// The container, in place of the pod's first, or of the init container that the pod still waits for
    #[arg(long, short = 'c', value_name = "NAME")]
    container: Option<String>,
    /// The run of the container before this one
    #[arg(long, conflicts_with = "follow")]
    previous: bool,
    /// Every line of the controller, not only those about the object
    #[arg(long)]
    all: bool,
}

/// Reads or follows a log.
///
/// # Errors
/// Fails when the call is wrong, the cluster cannot be reached, or the log cannot be read.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = object(&arguments.object)?;
    let since = arguments.since.as_deref().map(since).transpose()?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let mut source = LogSource::for_object(env, &object).ok_or_else(|| {
            let why =
                format!("{object} is neither a pod, nor a workload, nor an object that a Flux controller works on");
            usage("cannot find a log", why, "name a pod as NAMESPACE/POD, or such as Kustomization/flux-system/apps")
        })?;
        let (LogTarget::Pod { container, .. } | LogTarget::Selector { container, .. }) = &mut source.target;
        if arguments.container.is_some() {
            container.clone_from(&arguments.container);
        }
        let about = source.speaks_of().filter(|_| !arguments.all).cloned();
        let mut printer = Printer {
            output: call.global.output,
            of_flux: source.speaks_of().is_some(),
            // `tail` of the server counts the lines about every object, so lines about one object are counted here.
            held: arguments.tail.filter(|_| about.is_some()).map(|tail| (tail, VecDeque::new())),
            about,
        };
        let tail = if printer.held.is_some() { None } else { arguments.tail };
        let options = LogOptions { tail, since, previous: arguments.previous, follow: arguments.follow };
        let cluster = session.task_context().cluster(env)?;
        let (sender, mut events) = mpsc::channel(EVENTS);
        let target = source.resolve(&cluster).await?;
        let stop = interrupted();
        let following = follow(cluster, target, options, sender);
        let (read, written) = tokio::join!(following, async move {
            // A dropped receiver ends the stream.
            tokio::select! {
                written = write(&mut events, &mut printer) => written,
                () = stop.cancelled() => Ok(()),
            }
        });
        written.and(read)?;
        Ok(0)
    })
}

fn usage(what: &str, why: String, todo: &str) -> Fault {
    Fault::new(FaultKind::Usage, what, why, todo)
}

/// Parses `NAMESPACE/POD` or `KIND/NAMESPACE/NAME`.
fn object(text: &str) -> Result<ObjectRef, Fault> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [namespace, pod] if !namespace.is_empty() && !pod.is_empty() => Ok(ObjectRef::new("Pod", "", namespace, pod)),
        _ => text.parse().map(complete).map_err(|_why: String| {
            usage(
                "cannot read the object",
                format!("`{text}` names neither a pod nor an object"),
                "write NAMESPACE/POD, or an object such as Kustomization/flux-system/apps",
            )
        }),
    }
}

fn since(text: &str) -> Result<Duration, Fault> {
    go_duration(text)
        .ok_or_else(|| usage("cannot read --since", format!("`{text}` is not a duration"), "write it as 90s, 5m or 1h"))
}

/// Writes the lines until the log ends or standard output is closed.
async fn write(events: &mut mpsc::Receiver<LogEvent>, printer: &mut Printer) -> Result<(), Fault> {
    let mut begun = false;
    loop {
        let event = if begun && printer.held.is_some() {
            match tokio::time::timeout(QUIET, events.recv()).await {
                Ok(event) => event,
                Err(_quiet) => {
                    if !printer.release()? {
                        return Ok(());
                    }
                    continue;
                }
            }
        } else {
            events.recv().await
        };
        let told = match event {
            Some(LogEvent::Lines(lines)) => {
                begun = true;
                if !printer.take(lines)? {
                    return Ok(());
                }
                continue;
            }
            Some(LogEvent::Following(pod)) => format!("following {pod}"),
            Some(LogEvent::Interrupted(why)) => format!("interrupted: {why}"),
            Some(LogEvent::Lost(count)) => format!("{count} lines were lost: the stream broke between them"),
            Some(LogEvent::Ended(_)) | None => {
                printer.release()?;
                return Ok(());
            }
        };
        out::remark(&Shown::lines(&format!("fluxdeck: {}\n", field(&told))));
    }
}

/// Writes lines to standard output.
struct Printer {
    output: Output,
    of_flux: bool,
    about: Option<ObjectRef>,
    /// The number of earlier lines to print, and the last ones so far, until all have arrived.
    held: Option<(u32, VecDeque<LogLine>)>,
}

impl Printer {
    /// Takes lines; returns `false` once standard output is closed.
    fn take(&mut self, lines: Vec<LogLine>) -> Result<bool, Fault> {
        let Some((most, held)) = &mut self.held else { return self.print(lines) };
        for line in lines.into_iter().filter(|line| is_about(line, self.about.as_ref())) {
            held.push_back(line);
            if held.len() > usize::try_from(*most).unwrap_or(usize::MAX) {
                held.pop_front();
            }
        }
        Ok(true)
    }

    /// Writes the held lines, and holds none from then on.
    fn release(&mut self) -> Result<bool, Fault> {
        match self.held.take() {
            Some((_, held)) => self.print(held.into()),
            None => Ok(true),
        }
    }

    fn print(&self, lines: Vec<LogLine>) -> Result<bool, Fault> {
        let mut text = Shown::default();
        let is_terminal = out::is_terminal();
        for line in lines {
            if !is_about(&line, self.about.as_ref()) {
                continue;
            }
            let item = self.output.item(&line);
            text.push_line(&item.unwrap_or_else(|| {
                let readable = self.readable(line);
                if is_terminal { Shown::lines(&readable) } else { Shown::coloured(&readable) }
            }));
        }
        out::write(&text)
    }

    /// Formats a line: a pod's as it is, a controller's with its level and message. A terminal gets no foreign escape
    /// sequences, because they could control it; a program does.
    fn readable(&self, line: LogLine) -> String {
        let text = if self.of_flux {
            let at = line.at.map(|at| at.to_string()).unwrap_or_default();
            let entry = LogEntry::read(line, None);
            let subject = entry.subject.as_deref().filter(|_| self.about.is_none()).unwrap_or_default();
            let gap = if subject.is_empty() { "" } else { "  " };
            format!("{at} {:<5} {subject}{gap}{}", entry.level.word(), entry.text(false))
        } else {
            line.line
        };
        let text = if out::is_terminal() { uncoloured(&text) } else { Cow::Borrowed(text.as_str()) };
        text.replace(['\n', '\r'], " ")
    }
}

fn is_about(line: &LogLine, object: Option<&ObjectRef>) -> bool {
    object.is_none_or(|object| {
        crate::cluster::controller_log::parse(&line.line).is_some_and(|line| line.concerns(object))
    })
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn pods_and_objects_are_named_as_operators_write_them() {
        assert_eq!(object("web/a").unwrap().to_string(), "Pod/web/a");
        assert_eq!(object("ks/flux-system/apps").unwrap().kind, "Kustomization");
        for wrong in ["a", "/a", "a/", "a/b/c/d"] {
            assert_eq!(object(wrong).unwrap_err().kind.exit_code(), 2, "{wrong}");
        }
    }
}
