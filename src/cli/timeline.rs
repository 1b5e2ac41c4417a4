//! `fluxdeck timeline [OBJECT]`: what happened to an object or in an environment, in one order.

use clap::Args;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Call;
use super::call::columns;
use super::operate::{named, only_environment};
use crate::app::TaskContext;
use crate::model::clock::go_duration;
use crate::model::{Environment, Fault, FaultKind, ObjectRef, without_keys};
use crate::repo::Snapshot;
use crate::timeline::{TimelineEntry, commits, entries, journal, merged, readings};

/// How far back an environment is told without `--since`: since yesterday.
const DAY: SignedDuration = SignedDuration::from_hours(24);

// Flags of `timeline`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, such as Kustomization/flux-system/apps; without one, all that Flux keeps and all pods
    object: Option<String>,
    /// How far back, such as 30m, 6h, 2d or 2026-11-29T12:00:00Z; by default all that is known of an object, and 24h of
    /// an environment
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
}

/// Holds a line of the result: an entry, or the error of an environment that cannot be reached.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Entry(TimelineEntry),
    Error { env: String, error: String },
}

/// Says from when on entries count.
#[derive(Debug, Clone, Copy)]
enum Since {
    /// All of them.
    Ever,
    /// Those of this last time.
    Last(SignedDuration),
    /// Those from a time on.
    At(Timestamp),
}

/// Lists what happened, the newest last.
///
/// # Errors
/// Fails when the call is wrong. An environment that cannot be reached is listed with its error and makes the exit code 4.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = arguments.object.as_deref().map(named).transpose()?;
    let since = match arguments.since.as_deref() {
        Some(text) => read_since(text)?,
        None if object.is_some() => Since::Ever,
        None => Since::Last(DAY),
    };
    call.block_on(async {
        let session = call.session()?;
        if object.is_some() {
            only_environment(call, &session)?;
        }
        let context = session.task_context();
        let snapshot = super::open::repository_of_any(&call.global);
        let of_repository = snapshot.as_ref().ok();
        if let Err(fault) = &snapshot {
            call.remark(&format!("not looked at: commits: {}", fault.cause()));
        }
        let environments: Vec<&Environment> = call.environments(&session).collect();
        let read = environments.iter().map(|known| gather(&context, known, of_repository, object.as_ref(), since));
        let read: Vec<_> = futures::future::join_all(read).await;
        let (mut all, mut lines, mut code) = (Vec::new(), Vec::new(), 0);
        for (known, (found, unread, fault)) in environments.iter().zip(read) {
            for one in unread {
                call.remark(&format!("{}: not looked at: {one}", known.name));
            }
            all.extend(found);
            if let Some(fault) = fault {
                code = FaultKind::Unreachable.exit_code();
                let error = format!("{}: {}; {}", fault.what, fault.why, without_keys(&fault.todo));
                lines.push(Line::Error { env: known.name.clone(), error });
            }
        }
        lines.extend(merged(all, None).into_iter().map(Line::Entry));
        call.print(&lines, |lines| text(lines))?;
        if lines.is_empty() {
            let more = if matches!(since, Since::Ever) { "" } else { "; --since looks further back" };
            call.remark(&format!("nothing is known to have happened{more}"));
        }
        Ok(code)
    })
}

/// Reads all sides of one environment: the entries, what could not be read, and the fault of the connection.
async fn gather(
    context: &TaskContext,
    known: &Environment,
    snapshot: Option<&Snapshot>,
    object: Option<&ObjectRef>,
    since: Since,
) -> (Vec<TimelineEntry>, Vec<String>, Option<Fault>) {
    let env = known.name.as_str();
    let mut parts = vec![journal(context.journal.as_deref(), object)];
    parts.extend(snapshot.map(|snapshot| commits(snapshot, env, object)));
    let (mut now, mut fault) = (context.clock.now(), None);
    match context.cluster(known.env) {
        Ok(cluster) => {
            let mut all = readings(&cluster, object);
            while let Some(found) = all.next().await {
                parts.extend(found);
            }
            now = now.saturating_add(cluster.ahead()).unwrap_or(now);
            // One request tells whether the server answers at all; every reading would repeat that it does not.
            if parts.iter().skip(2).all(Result::is_err) {
                fault = cluster.served().await.err();
            }
        }
        Err(found) => fault = Some(found),
    }
    let from = match since {
        Since::Ever => None,
        Since::Last(duration) => now.checked_sub(duration).ok(),
        Since::At(at) => Some(at),
    };
    let unread = parts.iter().filter_map(|part| part.as_ref().err().cloned()).collect();
    let found = parts.iter().filter_map(|part| part.as_ref().ok()).flat_map(|part| entries(env, part)).collect();
    (merged(found, from), if fault.is_some() { Vec::new() } else { unread }, fault)
}

/// Reads how far back: a duration, with days too, or a time.
fn read_since(text: &str) -> Result<Since, Fault> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()).and_then(|days| days.checked_mul(24));
    let duration = match days.filter(|hours| (0..=24 * 36_500).contains(hours)) {
        Some(hours) => Some(SignedDuration::from_hours(hours)),
        None => go_duration(text).and_then(|duration| SignedDuration::try_from(duration).ok()),
    };
    duration.map(Since::Last).ok_or_else(|| {
        let why = format!("`{text}` is no duration and no time");
        Fault::new(FaultKind::Usage, "cannot read --since", why, "write 30m, 6h, 2d or 2026-11-29T12:00:00Z")
    })
}

fn text(lines: &[Line]) -> String {
    let row = |line: &Line| match line {
        Line::Entry(entry) => vec![
            format!("{:.0}", entry.at),
            entry.env.clone(),
            entry.object.clone(),
            entry.from.clone(),
            entry.what.replace('\n', " "),
        ],
        Line::Error { env, error } => vec![String::new(), env.clone(), String::new(), String::new(), error.clone()],
    };
    columns(&lines.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use clap::Parser as _;

    use super::super::{Arguments, Call, demo};
    use super::{Since, gather, read_since};
    use crate::theme::Depth;

    #[test]
    fn the_demonstration_tells_every_side_of_its_past_in_one_order() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
            let session = Arc::new(demo::session("broken-chain", &call, demo::snapshot_clock().unwrap()).unwrap());
            let mut app = call.app(&session, Depth::None).unwrap();
            let _drawn = crate::runtime::snapshot(&mut app, Arc::clone(&session), &[], (120, 36)).await.unwrap();
            let (snapshot, context) = (app.facts.repository.clone(), session.task_context());
            for known in &session.environments {
                let (found, unread, fault) = gather(&context, known, snapshot.as_deref(), None, Since::Ever).await;
                assert!(fault.is_none() && unread.is_empty(), "{fault:?} {unread:?}");
                let sides: BTreeSet<&str> = found.iter().filter_map(|entry| entry.from.split(' ').next()).collect();
                for side in ["condition", "status.artifact", "status.history", "Helm", "event", "git"] {
                    assert!(sides.contains(side), "{}: {side} is not among {sides:?}", known.name);
                }
                assert!(found.is_sorted_by_key(|entry| entry.at));
                assert!(found.iter().all(|entry| entry.env == known.name));
                let apps = crate::kinds::KUSTOMIZATION.object("flux-system", "apps");
                let (own, unread, _) = gather(&context, known, snapshot.as_deref(), Some(&apps), Since::Ever).await;
                assert_eq!(unread, Vec::<String>::new());
                let objects: BTreeSet<&str> = own.iter().map(|entry| entry.object.as_str()).collect();
                assert!(objects.contains("Kustomization/flux-system/apps"), "{objects:?}");
                assert!(objects.contains("GitRepository/flux-system/flux-system"), "{objects:?}");
                assert!(own.len() < found.len());
            }
        });
    }

    #[test]
    fn how_far_back_is_read_in_days_too_and_as_a_time() {
        for good in ["30m", "6h", "2d", "1h30m", "2026-11-29T12:00:00Z"] {
            assert!(read_since(good).is_ok(), "{good}");
        }
        for bad in ["", "d", "-1d", "yesterday", "99999999999999999d", "1e9d"] {
            assert!(read_since(bad).is_err(), "{bad}");
        }
    }
}
