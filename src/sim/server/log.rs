//! Logs of pods, whole or followed.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::route::RequestTarget;
use super::{Asked, ServerResponse, status, streaming};
use crate::sim::json::{list, text};
use crate::sim::logs::LogKey;
use crate::sim::world::{SimulatedCluster, Site};

/// Answers `pods/NAME/log`.
pub(crate) fn log(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let container = match site.with(|world| container(world, target, asked.parameter("container"))) {
        Ok(container) => container,
        Err(answer) => return *answer,
    };
    if asked.is_on("previous") {
        let message = format!("previous terminated container \"{container}\" in pod \"{}\" not found", target.name);
        return status::bad_request(&message);
    }
    let key: LogKey = (target.namespace.to_owned(), target.name.to_owned(), container);
    let since = site.with(|world| since(asked, world.now()));
    let timestamps = asked.is_on("timestamps");
    let tail = asked.parameter("tailLines").parse::<usize>().unwrap_or(usize::MAX);
    let mut beat = site.beat.subscribe();
    beat.mark_unchanged();
    let (first, next) = site.with(|world| {
        let Some(log) = world.logs.get(&key) else { return (String::new(), 0) };
        let selected: Vec<_> = log.from(0).filter(|(at, _)| since.is_none_or(|since| *at >= since)).collect();
        let skip = selected.len().saturating_sub(tail);
        (write(selected.into_iter().skip(skip), timestamps), log.end())
    });
    if !asked.is_on("follow") {
        return ServerResponse::plain(StatusCode::OK, &first);
    }
    let state = (Some(first), next, key, Arc::clone(site), beat);
    let chunks = futures::stream::unfold(state, move |(first, mut next, key, site, mut beat)| async move {
        if let Some(first) = first.filter(|first| !first.is_empty()) {
            return Some((Bytes::from(first), (None, next, key, site, beat)));
        }
        loop {
            let (lines, ended) = site.with(|world| {
                let Some(log) = world.logs.get(&key) else { return (String::new(), false) };
                let lines = write(log.from(next), timestamps);
                next = log.end();
                (lines, log.ended)
            });
            if !lines.is_empty() {
                return Some((Bytes::from(lines), (None, next, key, site, beat)));
            }
            if ended || beat.changed().await.is_err() {
                return None;
            }
        }
    });
    ServerResponse::stream("text/plain", streaming(site, chunks))
}

/// Chooses the container, or answers as the server does if there is no choice.
fn container(world: &SimulatedCluster, target: RequestTarget<'_>, asked: &str) -> Result<String, Box<ServerResponse>> {
    let key = target.served.object(target.namespace, target.name);
    let Some(pod) = world.store.get(&key) else {
        return Err(Box::new(status::not_found(target.served, target.name)));
    };
    let names: Vec<&str> = list(pod, "/spec/containers").iter().map(|container| text(container, "/name")).collect();
    let chosen = match (asked, names.as_slice()) {
        ("", [only]) => *only,
        ("", _) => {
            let message = format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                target.name,
                names.join(" ")
            );
            return Err(Box::new(status::bad_request(&message)));
        }
        (name, _) if names.contains(&name) => name,
        (name, _) => {
            return Err(Box::new(status::bad_request(&format!(
                "container {name} is not valid for pod {}",
                target.name
            ))));
        }
    };
    if text(pod, "/status/phase") == "Pending" {
        let message =
            format!("container \"{chosen}\" in pod \"{}\" is waiting to start: ContainerCreating", target.name);
        return Err(Box::new(status::bad_request(&message)));
    }
    Ok(chosen.to_owned())
}

fn since(asked: &Asked, now: Timestamp) -> Option<Timestamp> {
    if let Ok(seconds) = asked.parameter("sinceSeconds").parse::<i64>() {
        return now.checked_sub(SignedDuration::from_secs(seconds)).ok();
    }
    asked.parameter("sinceTime").parse().ok()
}

fn write<'a>(lines: impl Iterator<Item = &'a (Timestamp, String)>, timestamps: bool) -> String {
    let mut text = String::new();
    for (at, line) in lines {
        if timestamps {
            let _ = write!(text, "{at:.9} ");
        }
        let _ = writeln!(text, "{line}");
    }
    text
}
