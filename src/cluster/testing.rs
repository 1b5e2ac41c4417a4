//! A scripted API server behind a real client, for unit tests: a function answers each request, time is tokio's and may
//! be paused.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

use super::Cluster;
use crate::model::Env;

/// Holds a request for a test to inspect.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
}

/// Describes an answer of the server.
pub(crate) enum Answer {
    /// A code and a JSON body.
    Json(u16, Value),
    /// A body in pieces, each after a pause; it ends after the last.
    Pieces(Vec<(Duration, String)>),
    /// A body in pieces that stays open after the last.
    Open(Vec<(Duration, String)>),
    /// An answer that begins after a pause.
    Late(Duration, Box<Answer>),
    /// The connection breaks.
    Broken,
    /// No answer ever.
    Silence,
}

/// Answers with an object.
pub(crate) fn ok(value: Value) -> Answer {
    Answer::Json(200, value)
}

/// Answers with an error of the API server.
pub(crate) fn error(code: u16, message: &str) -> Answer {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message, "reason": "Test"});
    Answer::Json(code, status)
}

/// Writes a watch event.
pub(crate) fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

/// Builds a cluster named `staging` whose server is a function.
pub(crate) fn cluster(answer: impl FnMut(&Asked) -> Answer + Send + 'static) -> Cluster {
    let answer = Arc::new(Mutex::new(answer));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let answer = answer.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let asked = Asked {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            let discovered = discovery(&asked.path).map(ok);
            let mut answered = discovered.unwrap_or_else(|| (answer.lock().unwrap())(&asked));
            while let Answer::Late(pause, then) = answered {
                tokio::time::sleep(pause).await;
                answered = *then;
            }
            let (code, pieces, open) = match answered {
                Answer::Json(code, value) => (code, vec![(Duration::ZERO, value.to_string())], false),
                Answer::Pieces(pieces) => (200, pieces, false),
                Answer::Open(pieces) => (200, pieces, true),
                Answer::Broken => return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                Answer::Silence | Answer::Late(..) => std::future::pending().await,
            };
            let body = StreamBody::new(paced(pieces, open));
            Ok(http::Response::builder().status(code).body(body).unwrap())
        }
    });
    let client = kube::Client::new(service, "default");
    Cluster::from_clients(Env(0), "staging", client.clone(), client)
}

fn paced(
    pieces: Vec<(Duration, String)>,
    open: bool,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static {
    let rest = if open { stream::pending().boxed() } else { stream::empty().boxed() };
    let pieces = stream::iter(pieces).then(|(pause, text)| async move {
        tokio::time::sleep(pause).await;
        Ok(Frame::data(Bytes::from(text)))
    });
    pieces.chain(rest).boxed()
}

/// Answers discovery for the kinds that tests use.
fn discovery(path: &str) -> Option<Value> {
    let groups = [
        ("kustomize.toolkit.fluxcd.io", "v1", &["Kustomization"][..]),
        ("helm.toolkit.fluxcd.io", "v2", &["HelmRelease"][..]),
        (
            "source.toolkit.fluxcd.io",
            "v1",
            &["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket"][..],
        ),
        ("notification.toolkit.fluxcd.io", "v1beta3", &["Alert", "Provider"][..]),
    ];
    if path == "/api/v1" {
        return Some(list("v1", &["Pod", "Secret", "ConfigMap"]));
    }
    let asked = path.strip_prefix("/apis/")?;
    for (group, version, kinds) in groups {
        if asked == group {
            return Some(
                json!({"name": group, "preferredVersion": {"groupVersion": format!("{group}/{version}"), "version": version}}),
            );
        }
        if asked == format!("{group}/{version}") {
            return Some(list(asked, kinds));
        }
    }
    None
}

fn list(group_version: &str, kinds: &[&str]) -> Value {
    let plural = |kind: &str| {
        let kind = kind.to_lowercase();
        if let Some(stem) = kind.strip_suffix('y') { format!("{stem}ies") } else { format!("{kind}s") }
    };
    let resources: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({"name": plural(kind), "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get"]}))
        .collect();
    json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources})
}
