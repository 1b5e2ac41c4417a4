use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use kube::client::Body;
use tokio::sync::mpsc;

use super::{WatchEvent, WatchScope, watch};
use crate::cluster::Cluster;
use crate::model::{Column, Connection, Env, Kind, Labels, Lesson, Row, RowKey, State};

static KIND: Kind = Kind {
    kind: "Thing",
    group: "things.dev",
    version: "v1",
    plural: "things",
    aliases: &[],
    namespaced: true,
    flux: false,
    noun: "",
    controller: "",
    watched: false,
    part: None,
    columns: &[Column { title: "Size", width: 4 }],
    decode,
    lesson: |_, _| Lesson {
        shell: crate::model::ShellLine::default(),
        place: String::new(),
        why: String::new(),
        look_for: String::new(),
        docs: "".into(),
    },
};

fn decode(bytes: &[u8]) -> Result<Row, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Thing {
        metadata: Metadata,
        size: u32,
    }
    #[derive(serde::Deserialize)]
    struct Metadata {
        name: Box<str>,
    }
    let thing: Thing = serde_json::from_slice(bytes)?;
    Ok(Row {
        key: RowKey { namespace: Box::default(), name: thing.metadata.name },
        state: State::Ready,
        message: Box::default(),
        created: None,
        cells: [thing.size.to_string().into()].into(),
        note: None,
        labels: Labels::default(),
        since: None,
        flux: None,
    })
}

/// Describes the next answer of the server.
enum Answer {
    /// Answers with this status and body.
    Status(u16, String),
    /// Answers with this status, and asks for another attempt after a second.
    Busy(u16),
    /// Answers with these pieces, then keeps the connection open.
    Stream(Vec<String>),
    /// Never answers.
    Hangs,
    /// Breaks the connection.
    Breaks,
}

type Script = Arc<Mutex<(VecDeque<Answer>, Vec<String>)>>;

/// Starts a watch on a server that follows a script, and hangs at its end.
fn start(script: Vec<Answer>) -> (Script, mpsc::Receiver<WatchEvent>) {
    let script: Script = Arc::new(Mutex::new((script.into(), Vec::new())));
    let server = script.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let mut script = server.lock().unwrap();
        script.1.push(request.uri().to_string());
        let answer = script.0.pop_front().unwrap_or(Answer::Hangs);
        async move {
            let pause = if matches!(answer, Answer::Busy(_)) { "1" } else { "7" };
            let (status, pieces, open) = match answer {
                Answer::Busy(status) => (status, vec![format!("{{\"message\":\"busy, {status}\"}}")], false),
                Answer::Hangs => futures::future::pending().await,
                Answer::Breaks => return Err(std::io::Error::other("connection reset")),
                Answer::Status(status, body) => (status, vec![body], false),
                Answer::Stream(pieces) => (200, pieces, true),
            };
            let pieces = pieces.into_iter().map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(piece))));
            let tail = if open { futures::stream::pending().left() } else { futures::stream::empty().right() };
            let body = StreamBody::new(futures::StreamExt::chain(futures::stream::iter(pieces), tail));
            Ok(Response::builder().status(status).header("retry-after", pause).body(body).unwrap())
        }
    });
    let client = kube::Client::new(service, "default");
    let cluster = Arc::new(Cluster::from_clients(Env(0), "staging", client.clone(), client));
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(watch(cluster, &KIND, WatchScope::default(), sender));
    (script, receiver)
}

/// Gives the two tails of a stream one type.
trait Either: futures::Stream + Sized + Send + 'static {
    fn left(self) -> futures::stream::BoxStream<'static, Self::Item> {
        futures::StreamExt::boxed(self)
    }
    fn right(self) -> futures::stream::BoxStream<'static, Self::Item> {
        futures::StreamExt::boxed(self)
    }
}

impl<S: futures::Stream + Send + 'static> Either for S {}

fn page(version: &str, names: &[&str], more: Option<(&str, usize)>) -> Answer {
    let items: Vec<_> = names.iter().map(|name| serde_json::json!({"metadata": {"name": name}, "size": 1})).collect();
    let (next, remaining) = more.unzip();
    let metadata = serde_json::json!({"resourceVersion": version, "continue": next, "remainingItemCount": remaining});
    let metadata = match more {
        Some(_) => metadata,
        None => serde_json::json!({"resourceVersion": version}),
    };
    Answer::Status(200, serde_json::json!({"metadata": metadata, "items": items}).to_string())
}

fn change(kind: &str, name: &str, version: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"object\":{{\"metadata\":{{\"name\":\"{name}\",\"resourceVersion\":\"{version}\"}},\"size\":2}}}}\n"
    )
}

fn status(code: u16) -> Answer {
    Answer::Status(code, format!("{{\"kind\":\"Status\",\"message\":\"no, {code}\",\"code\":{code}}}"))
}

async fn next(receiver: &mut mpsc::Receiver<WatchEvent>) -> String {
    match receiver.recv().await.unwrap() {
        WatchEvent::Rows(rows) => {
            let rows: Vec<String> = rows.iter().map(|row| format!("{}={}", row.key.name, row.cells[0])).collect();
            format!("rows {}", rows.join(" "))
        }
        WatchEvent::Gone(mut keys) => {
            keys.sort();
            format!("gone {}", keys.iter().map(|key| &*key.name).collect::<Vec<_>>().join(" "))
        }
        WatchEvent::Columns(columns) => {
            format!("columns {}", columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(" "))
        }
        WatchEvent::Link(Connection::Live) => "live".to_owned(),
        WatchEvent::Link(Connection::Absent) => "absent".to_owned(),
        WatchEvent::Link(Connection::Syncing { received, total }) => format!("syncing {received} of {total:?}"),
        WatchEvent::Link(Connection::Forbidden(fault)) => format!("forbidden: {fault}"),
        WatchEvent::Link(Connection::Polled(fault)) => format!("polled: {fault}; {}", fault.todo),
        WatchEvent::Link(Connection::Partial(fault)) => format!("partial: {fault}"),
        WatchEvent::Link(Connection::Degraded(fault)) => format!("degraded: {fault}"),
        WatchEvent::Link(Connection::Unreachable(fault)) => format!("unreachable: {fault}"),
        WatchEvent::Link(Connection::Connecting) => "connecting".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn pages_then_changes() {
    let modified = change("MODIFIED", "a", "12");
    let (begin, end) = modified.split_at(20);
    let (script, mut events) = start(vec![
        page("10", &["a", "b"], Some(("token/1", 1))),
        page("10", &["c"], None),
        Answer::Stream(vec![
            // A line that the network splits.
            change("ADDED", "d", "11") + begin,
            end.to_owned() + &change("DELETED", "b", "13") + &change("BOOKMARK", "", "20"),
        ]),
    ]);
    assert_eq!(next(&mut events).await, "rows a=1 b=1");
    assert_eq!(next(&mut events).await, "syncing 2 of Some(3)");
    assert_eq!(next(&mut events).await, "rows c=1");
    assert_eq!(next(&mut events).await, "live");
    assert_eq!(next(&mut events).await, "gone b");
    assert_eq!(next(&mut events).await, "rows d=2 a=2");
    // The server is silent beyond the agreed end: the watch is reopened at the bookmark's version.
    tokio::time::sleep(Duration::from_secs(310)).await;
    let asked = script.lock().unwrap().1.clone();
    assert_eq!(asked[0], "/apis/things.dev/v1/things?limit=100");
    assert_eq!(asked[1], "/apis/things.dev/v1/things?limit=500&continue=token%2F1");
    assert!(asked[2].contains("watch=1&allowWatchBookmarks=true&resourceVersion=10&"), "{}", asked[2]);
    assert!(asked[3].contains("&resourceVersion=20&"), "{}", asked[3]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_means_a_new_list_and_rows_stay_until_then() {
    let expired = r#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"#.to_owned() + "\n";
    let (_, mut events) = start(vec![
        page("10", &["a", "b"], None),
        Answer::Stream(vec![change("ADDED", "c", "11") + &expired]),
        page("30", &["a", "d"], Some(("x", 5))),
        status(410),
        page("31", &["a", "e"], None),
        Answer::Stream(vec![]),
    ]);
    assert_eq!(next(&mut events).await, "rows a=1 b=1");
    assert_eq!(next(&mut events).await, "live");
    assert_eq!(next(&mut events).await, "rows c=2");
    assert_eq!(next(&mut events).await, "rows a=1 d=1");
    // A second time so soon is reported: the server has a problem.
    assert_eq!(next(&mut events).await, "degraded: cannot list things in staging: no, 410");
    // The second page was too old, too: rows of the broken list that the whole one lacks are gone as well.
    assert_eq!(next(&mut events).await, "rows a=1 e=1");
    assert_eq!(next(&mut events).await, "gone b c d");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_cluster_is_said_to_hang_and_tried_again() {
    let began = tokio::time::Instant::now();
    let (_, mut events) = start(vec![Answer::Hangs, page("1", &["a"], None), Answer::Stream(vec![])]);
    let said = next(&mut events).await;
    assert_eq!(said, "unreachable: cannot list things in staging: the API server does not answer (waited 10 s)");
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(next(&mut events).await, "rows a=1");
    assert_eq!(next(&mut events).await, "live");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_asked_again_rarely_and_pauses_are_honoured() {
    let (_, mut events) = start(vec![
        status(403),
        status(429),
        Answer::Breaks,
        page("1", &["a"], None),
        status(500),
        Answer::Stream(vec![]),
    ]);
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut events).await, "forbidden: cannot list things in staging: no, 403");
    assert_eq!(next(&mut events).await, "degraded: cannot list things in staging: no, 429");
    assert_eq!(began.elapsed().as_secs(), 60);
    assert!(next(&mut events).await.starts_with("unreachable: cannot list things in staging"));
    assert_eq!(began.elapsed().as_secs(), 67, "Retry-After says 7 s");
    assert_eq!(next(&mut events).await, "rows a=1");
    assert_eq!(next(&mut events).await, "degraded: cannot list things in staging: no, 500");
    assert_eq!(next(&mut events).await, "live");
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_after_the_pause_that_it_wants() {
    let busy = || Answer::Busy(429);
    let (script, mut events) =
        start(vec![busy(), Answer::Busy(503), busy(), page("1", &["a"], None), Answer::Stream(vec![])]);
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut events).await, "rows a=1", "nothing is told of a moment of much work");
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(next(&mut events).await, "live");
    assert_eq!(script.lock().unwrap().1.len(), 5, "four lists and the watch");
    let (_, mut events) = start((0..6).map(|_| busy()).collect());
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut events).await, "degraded: cannot list things in staging: busy, 429");
    assert_eq!(began.elapsed().as_secs(), 5, "it is told when it goes on");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_listed_and_not_watched_is_listed_now_and_then() {
    for refusal in [403, 405] {
        let (script, mut events) = start(vec![
            page("1", &["a", "b"], None),
            status(refusal),
            page("2", &["a", "c"], None),
            Answer::Stream(vec![]),
        ]);
        let began = tokio::time::Instant::now();
        assert_eq!(next(&mut events).await, "rows a=1 b=1");
        let told = next(&mut events).await;
        assert!(
            told.starts_with(&format!("polled: cannot watch things in staging: no, {refusal}; they are listed every")),
            "{told}"
        );
        assert_eq!(next(&mut events).await, "rows a=1 c=1");
        assert_eq!(next(&mut events).await, "gone b");
        assert_eq!(began.elapsed().as_secs(), 30);
        // A watch is tried after each list: the role may have been mended.
        assert_eq!(next(&mut events).await, "live");
        assert!(script.lock().unwrap().1[3].contains("watch=1"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_may_be_written_as_null() {
    for list in [
        r#"{"metadata":{"resourceVersion":"1"},"items":null}"#,
        r#"{"metadata":null,"items":[]}"#,
        r#"{"metadata":{"resourceVersion":"1","continue":""},"items":[]}"#,
    ] {
        let (_, mut events) = start(vec![Answer::Status(200, list.to_owned()), Answer::Stream(vec![])]);
        assert_eq!(next(&mut events).await, "live", "{list}");
    }
    // What is no list at all is no empty one.
    for other in ["{}", r#"{"metadata":{}}"#, r#"{"items":[]}"#, "null"] {
        let (_, mut events) = start(vec![Answer::Status(200, other.to_owned())]);
        assert!(next(&mut events).await.starts_with("degraded"), "{other}");
    }
}

#[test]
fn a_null_is_a_missing_value_in_every_kind() {
    for kind in crate::kinds::KINDS {
        let object = serde_json::json!({
            "metadata": {"name": "a", "namespace": "n", "labels": null, "annotations": null, "generation": null,
                "creationTimestamp": null, "deletionTimestamp": null, "ownerReferences": null, "finalizers": null},
            "spec": {"interval": null, "suspend": null, "replicas": null}, "status": null, "involvedObject": null, "type": null, "reason": null, "message": null,
            "count": null, "series": null, "source": null, "lastTimestamp": null,
        });
        let row = super::decode::row(kind, &object.to_string()).expect("a row");
        assert!(!row.message.contains("cannot be read"), "{}: {}", kind.kind, row.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_served_as_expected_is_discovered() {
    let group = Answer::Status(200, r#"{"name":"things.dev","preferredVersion":{"version":"v1beta1"}}"#.to_owned());
    let resources = Answer::Status(
        200,
        r#"{"groupVersion":"things.dev/v1beta1","resources":[
            {"name":"things","singularName":"","namespaced":true,"kind":"Thing","verbs":[]}]}"#
            .to_owned(),
    );
    let (script, mut events) =
        start(vec![status(404), group, resources, page("1", &["a"], None), Answer::Stream(vec![])]);
    assert_eq!(next(&mut events).await, "rows a=1");
    assert_eq!(next(&mut events).await, "live");
    assert!(script.lock().unwrap().1[3].starts_with("/apis/things.dev/v1beta1/things?"));

    let (_, mut absent) = start(vec![status(404), status(404)]);
    assert_eq!(next(&mut absent).await, "absent");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_a_row_that_says_so() {
    let list =
        r#"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"odd"},"size":"big"},{"nameless":1}]}"#;
    let (_, mut events) = start(vec![Answer::Status(200, list.to_owned()), Answer::Stream(vec![])]);
    let Some(WatchEvent::Rows(rows)) = events.recv().await else { panic!("no rows") };
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].state, &*rows[0].key.name), (State::Unknown, "odd"));
    assert!(
        rows[0].message.starts_with("this Thing cannot be read: invalid type: string \"big\""),
        "{}",
        rows[0].message
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_with_its_receiver() {
    let client = kube::Client::new(
        tower::service_fn(|_: Request<Body>| futures::future::pending::<Result<Response<Body>, std::io::Error>>()),
        "default",
    );
    let cluster = Arc::new(Cluster::from_clients(Env(0), "staging", client.clone(), client));
    let (sender, receiver) = mpsc::channel(1);
    let running = tokio::spawn(watch(cluster, &KIND, WatchScope::default(), sender));
    drop(receiver);
    running.await.unwrap();
}
