//! The few requests that verbs, logs and the Helm inspector send: read, merge patch, watch, stream.
//!
//! They keep the client's error, because a caller treats 404, 403 and a lost connection differently; and they parse for themselves, because kube
//! writes a body that it cannot parse to the log, and a body may be a Secret.

use std::time::Duration;

use futures::Stream;
use http::Method;
use kube::core::WatchEvent;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::{Cluster, bounded, fault};
use crate::model::Permit;

/// The name under which fields are written: the one that flux itself uses. Names that begin with `kubectl` or `before-first-apply` are folded into
/// the parent Kustomization's ownership, and the edit is dropped on its next apply.
pub const FIELD_MANAGER: &str = "flux-client-side-apply";

/// How long one request may take before it counts as lost: far more than a slow link needs, far less than an operator's patience.
const PATIENCE: Duration = Duration::from_secs(15);

/// Reads JSON from an address.
pub(crate) async fn get<T: DeserializeOwned>(cluster: &Cluster, address: &Address) -> Result<T, kube::Error> {
    let request = address.request(Method::GET)?.body(Vec::new()).map_err(kube::Error::HttpError)?;
    let text = text(cluster, request).await?;
    address.check(text.as_bytes()).map_err(|why| kube::Error::SerdeError(serde::de::Error::custom(why)))?;
    serde_json::from_str(&text).map_err(kube::Error::SerdeError)
}

/// Changes an object by a JSON merge patch and returns what it became.
pub(crate) async fn merge_patch<T: DeserializeOwned>(
    cluster: &Cluster,
    address: &Address,
    change: &Value,
    _permit: &Permit,
) -> Result<T, kube::Error> {
    let body = serde_json::to_vec(change).map_err(kube::Error::SerdeError)?;
    let request = written(address)
        .request(Method::PATCH)?
        .header(http::header::CONTENT_TYPE, "application/merge-patch+json")
        .body(body)
        .map_err(kube::Error::HttpError)?;
    send(cluster, request).await
}

/// Makes an object and returns what it became.
pub(crate) async fn create<T: DeserializeOwned>(
    cluster: &Cluster,
    list: &Address,
    object: &Value,
    _permit: &Permit,
) -> Result<T, kube::Error> {
    let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
    let request = written(list)
        .request(Method::POST)?
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(kube::Error::HttpError)?;
    send(cluster, request).await
}

/// Deletes an object, as the server's options say.
pub(crate) async fn delete(
    cluster: &Cluster,
    address: &Address,
    options: &Value,
    _permit: &Permit,
) -> Result<Value, kube::Error> {
    let body = serde_json::to_vec(options).map_err(kube::Error::SerdeError)?;
    let request = address
        .request(Method::DELETE)?
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(kube::Error::HttpError)?;
    send(cluster, request).await
}

/// Watches a list from a resource version on.
pub(crate) async fn watch<T: DeserializeOwned + Clone>(
    cluster: &Cluster,
    list: &Address,
    version: &str,
) -> Result<impl Stream<Item = Result<WatchEvent<T>, kube::Error>> + use<T>, kube::Error> {
    let request = list.watched(version).request(Method::GET)?.body(Vec::new()).map_err(kube::Error::HttpError)?;
    let events = tokio::time::timeout(PATIENCE, cluster.client().request_events::<T>(request));
    events.await.map_err(|_| silence())?
}

/// Names who writes, as every write does.
fn written(address: &Address) -> Address {
    address.clone().with("fieldManager", FIELD_MANAGER)
}

/// Returns the code of the API server's answer, when it is an answer and not a lost connection.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    if let kube::Error::Api(status) = error { Some(status.code) } else { None }
}

/// Tells whether another try may succeed: the connection was lost, or the server said that it is too busy or ill.
pub(crate) fn is_passing(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => matches!(status.code, 429 | 500 | 502 | 503 | 504),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => false,
        other => !fault::is_misnamed(other),
    }
}

async fn send<T: DeserializeOwned>(cluster: &Cluster, request: http::Request<Vec<u8>>) -> Result<T, kube::Error> {
    serde_json::from_str(&text(cluster, request).await?).map_err(kube::Error::SerdeError)
}

async fn text(cluster: &Cluster, request: http::Request<Vec<u8>>) -> Result<String, kube::Error> {
    let answer =
        tokio::time::timeout(PATIENCE, cluster.client().request_text(request)).await.map_err(|_| silence())??;
    if bounded::holds_too_much(answer.as_bytes()) {
        let why = "it holds more values than any list or object, and was not parsed";
        return Err(kube::Error::SerdeError(serde::de::Error::custom(why)));
    }
    Ok(answer)
}

fn silence() -> kube::Error {
    kube::Error::Service(format!("the API server has not answered for {} s", PATIENCE.as_secs()).into())
}
