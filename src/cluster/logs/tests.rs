//! Following against a scripted API server, with time paused.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{LogOptions, follow};
use crate::cluster::testing::{Answer, Asked, cluster, error, event, ok};
use crate::model::log::{LogEvent, LogTarget};

fn pod(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "web", "uid": name, "labels": {"app": "web"},
            "creationTimestamp": format!("2026-01-01T00:00:00Z-{name}"),
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "uid": "rs", "controller": true}]},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": phase},
    })
}

fn list(pods: &[Value]) -> Answer {
    ok(json!({"metadata": {"resourceVersion": "1"}, "items": pods}))
}

fn lines(seconds: &[u32]) -> String {
    let line = |second: &u32| format!("2026-01-01T00:00:{second:02}Z line {second}\n");
    seconds.iter().map(line).collect::<Vec<_>>().concat()
}

fn one_pod() -> LogTarget {
    LogTarget::Pod { namespace: "web".to_owned(), name: "a".to_owned(), container: None }
}

/// Follows until a number of lines or the end, and records the events.
async fn followed(
    target: LogTarget,
    options: LogOptions,
    wanted: usize,
    answer: impl FnMut(&Asked) -> Answer + Send + 'static,
) -> Vec<String> {
    let (sender, mut events) = mpsc::channel(4);
    let following = tokio::spawn(follow(Arc::new(cluster(answer)), target, options, sender));
    let mut told = Vec::new();
    let mut count = 0;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_mins(5), events.recv()).await {
        match event {
            LogEvent::Lines(lines) => {
                count += lines.len();
                told.extend(lines.iter().map(|line| format!("{}: {}", line.pod, line.line)));
                if count >= wanted {
                    break;
                }
            }
            LogEvent::Following(pod) => told.push(format!("following {pod}")),
            LogEvent::Interrupted(why) => told.push(format!("interrupted {why}")),
            LogEvent::Lost(lines) => told.push(format!("lost {lines}")),
            LogEvent::Ended(why) => told.push(format!("ended {why}")),
        }
    }
    drop(events);
    let _ended = tokio::time::timeout(Duration::from_secs(1), following).await.unwrap().unwrap();
    told
}

const FOLLOW: LogOptions = LogOptions { tail: Some(10), since: None, previous: false, follow: true };

#[tokio::test(start_paused = true)]
async fn a_broken_stream_goes_on_where_it_broke() {
    let mut opened = 0;
    let told =
        followed(one_pod(), FOLLOW, 4, move |asked| match (asked.path.as_str(), asked.query.contains("watch=1")) {
            ("/api/v1/namespaces/web/pods/a/log", _) => {
                opened += 1;
                match opened {
                    1 => {
                        assert!(asked.query.ends_with("&container=main&follow=true&tailLines=10"), "{}", asked.query);
                        Answer::Pieces(vec![(Duration::ZERO, lines(&[1, 2, 2]))])
                    }
                    2 => error(500, "kubelet is away"),
                    _ => {
                        assert!(asked.query.ends_with("&sinceTime=2026-01-01T00%3A00%3A02Z"), "{}", asked.query);
                        Answer::Open(vec![(Duration::ZERO, lines(&[1, 2, 2, 3]))])
                    }
                }
            }
            (_, true) => Answer::Open(vec![]),
            ("/api/v1/namespaces/web/pods", _) => list(&[pod("a", "Running")]),
            _ => ok(pod("a", "Running")),
        })
        .await;
    assert_eq!(told, ["a: line 1", "a: line 2", "a: line 2", "interrupted a: the stream ended", "a: line 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_has_written_nothing_yet_is_waited_for() {
    let told = followed(one_pod(), FOLLOW, 1, |asked| match (asked.path.as_str(), asked.query.contains("watch=1")) {
        ("/api/v1/namespaces/web/pods/a/log", _) => {
            Answer::Late(Duration::from_secs(100), Box::new(Answer::Open(vec![(Duration::ZERO, lines(&[1]))])))
        }
        (_, true) => Answer::Open(vec![]),
        ("/api/v1/namespaces/web/pods", _) => list(&[pod("a", "Running")]),
        _ => ok(pod("a", "Running")),
    })
    .await;
    assert_eq!(told, ["a: line 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_pod_is_followed_on() {
    let mut there = true;
    let told = followed(one_pod(), FOLLOW, 2, move |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods/a/log" => {
            there = false;
            Answer::Pieces(vec![(Duration::from_secs(1), lines(&[1]))])
        }
        "/api/v1/namespaces/web/pods/b/log" => Answer::Open(vec![(Duration::ZERO, lines(&[5]))]),
        "/api/v1/namespaces/web/pods" if asked.query.contains("watch=1") => Answer::Open(vec![
            (Duration::from_secs(2), event("ADDED", &pod("b", "Pending"))),
            (Duration::from_secs(2), event("DELETED", &pod("a", "Running"))),
            (Duration::from_secs(2), event("MODIFIED", &pod("b", "Running"))),
        ]),
        // A replica that ran beside it is not its replacement.
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running"), pod("c", "Running")]),
        _ if there => ok(pod("a", "Running")),
        _ => error(404, "not found"),
    })
    .await;
    assert_eq!(
        told,
        ["a: line 1", "interrupted a: the pod is gone; waiting for the one in its place", "following b", "b: line 5"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_selector_follows_all_and_joins_new_ones() {
    let target = LogTarget::Selector { namespace: "web".to_owned(), selector: "app=web".to_owned(), container: None };
    let told = followed(target, FOLLOW, 3, move |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods" if asked.query.contains("watch=1") => {
            assert!(asked.query.contains("labelSelector=app%3Dweb"));
            Answer::Open(vec![(Duration::from_secs(9), event("ADDED", &pod("c", "Running")))])
        }
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running"), pod("b", "Running")]),
        path if path.ends_with("/log") => Answer::Open(vec![(Duration::from_secs(1), lines(&[1]))]),
        _ => error(404, "not found"),
    })
    .await;
    assert_eq!(told[..2], ["following a", "following b"]);
    assert_eq!(told[told.len() - 2..], ["following c", "c: line 1"]);
}

#[tokio::test(start_paused = true)]
async fn without_following_the_log_ends() {
    let options = LogOptions { follow: false, ..FOLLOW };
    let told = followed(one_pod(), options, 99, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods/a/log" => Answer::Pieces(vec![(Duration::ZERO, lines(&[1, 2]))]),
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running"), pod("b", "Running")]),
        _ => ok(pod("a", "Running")),
    })
    .await;
    assert_eq!(told, ["a: line 1", "a: line 2", "ended this is all of the log"]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_nobody_could_read_is_not_an_empty_one() {
    let options = LogOptions { follow: false, ..FOLLOW };
    let target =
        || LogTarget::Selector { namespace: "web".to_owned(), selector: "app=web".to_owned(), container: None };
    let waiting = followed(target(), options, 99, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Pending")]),
        _ => error(404, "not found"),
    })
    .await;
    assert!(waiting.concat().contains("no container of it has started yet: a is Pending"), "{waiting:?}");
    let refused = followed(target(), options, 99, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running")]),
        path if path.ends_with("/log") => error(400, "container \"a\" in pod \"a\" is waiting to start"),
        _ => error(404, "not found"),
    })
    .await;
    assert!(refused.last().is_some_and(|last| last.contains("is waiting to start")), "{refused:?}");
    let gone = followed(target(), options, 99, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running")]),
        _ => error(404, "not found"),
    })
    .await;
    assert!(gone.concat().contains("went away while they were asked"), "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_slows_the_server_and_loses_nothing() {
    let line = |number: u32| format!("2026-01-01T00:00:00Z {number}\n");
    let many = (0..60_000).map(line).collect::<Vec<_>>().concat();
    let told = followed(one_pod(), FOLLOW, 60_000, move |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods/a/log" => {
            let pieces = many.as_bytes().chunks(7777);
            Answer::Open(pieces.map(|piece| (Duration::ZERO, String::from_utf8_lossy(piece).into_owned())).collect())
        }
        "/api/v1/namespaces/web/pods" => list(&[pod("a", "Running")]),
        _ => ok(pod("a", "Running")),
    })
    .await;
    assert_eq!(told.len(), 60_000);
    assert_eq!(told[59_999], "a: 59999");
}

#[tokio::test(start_paused = true)]
async fn one_pod_is_read_without_the_right_to_list_pods() {
    let told = followed(one_pod(), FOLLOW, 1, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods/a/log" => Answer::Open(vec![(Duration::from_secs(1), lines(&[1]))]),
        "/api/v1/namespaces/web/pods" => error(403, "pods is forbidden"),
        _ => ok(pod("a", "Running")),
    })
    .await;
    assert_eq!(told, ["a: line 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_log_ends_with_the_server_s_words() {
    let told = followed(one_pod(), FOLLOW, 1, |asked| match asked.path.as_str() {
        "/api/v1/namespaces/web/pods/a/log" => error(403, "pods/log is forbidden"),
        _ => ok(pod("a", "Running")),
    })
    .await;
    assert_eq!(told, ["ended cannot read the log in staging: pods/log is forbidden"]);
}
