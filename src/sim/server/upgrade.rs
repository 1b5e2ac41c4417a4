//! Connections that become `WebSockets`, for exec and port-forward.
//!
//! An upgrade needs a connection, and a tower service has none. So each such request gets one: a pipe in memory with
//! hyper at both ends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower::BoxError;

use super::route::{self, RequestTarget, Route};
use super::{ResponseBody, ServerResponse, exec, forward, status};
use crate::sim::json::{list, text};
use crate::sim::world::Site;

/// The capacity of the pipe, in bytes.
const PIPE: usize = 64 * 1024;
/// The subprotocol in which the client can end its input.
const V5: &str = "v5.channel.k8s.io";
const V4: &str = "v4.channel.k8s.io";

/// A connection whose messages are a channel's number and its bytes.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Tells whether a request asks for a WebSocket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Answers a request over a connection of its own.
pub(crate) async fn connect(
    site: Arc<Site>,
    request: Request<kube::client::Body>,
) -> Result<Response<ResponseBody>, BoxError> {
    let (near, far) = tokio::io::duplex(PIPE);
    tokio::spawn(async move {
        let service = service_fn(|request| {
            let answer = accept(&site, request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let server = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
        // A client that goes away ends the connection; there is no receiver for a report.
        let _ = server.with_upgrades().await;
    });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
    tokio::spawn(connection.with_upgrades());
    let (head, _) = request.into_parts();
    let answer = sender.send_request(Request::from_parts(head, Empty::<Bytes>::new())).await?;
    Ok(answer.map(|body| body.map_err(BoxError::from).boxed_unsync()))
}

fn accept(site: &Arc<Site>, mut request: Request<Incoming>) -> Response<ResponseBody> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    let Route::Objects(target) = route::route(&path) else { return status::no_page().0 };
    if site.faults.borrow().forbidden.contains(target.served.kind) {
        return status::forbidden(target.served, "get", target.namespace, target.name).0;
    }
    let parameters: HashMap<String, String> = route::parameters(&query);
    let asked = parameters.get("container").map(String::as_str).unwrap_or_default();
    let pod = match pod(site, target, asked) {
        Ok(pod) => pod,
        Err(refused) => return refused.0,
    };
    let offered = request.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or("");
    let protocol = [V5, V4].into_iter().find(|known| offered.split(',').any(|one| one.trim() == *known));
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (Some(protocol), Some(key)) = (protocol, key.and_then(|key| HeaderValue::from_str(&key).ok())) else {
        return status::bad_request("Upgrade request required").0;
    };
    let Some(session) = session(target.subresource, &pod, &query, parameters) else { return status::no_page().0 };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(connection) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, None).await;
        match session {
            Session::Exec(session) => exec::serve(socket, session).await,
            Session::Forward(session) => forward::serve(socket, session).await,
        }
    });
    let mut response = ServerResponse::plain(StatusCode::SWITCHING_PROTOCOLS, "").0;
    let headers = response.headers_mut();
    headers.clear();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    response
}

enum Session {
    Exec(exec::ExecSession),
    Forward(forward::ForwardSession),
}

fn session(subresource: &str, pod: &Value, query: &str, parameters: HashMap<String, String>) -> Option<Session> {
    match subresource {
        "exec" => Some(Session::Exec(exec::ExecSession::new(pod, route::repeated(query, "command"), &parameters))),
        "portforward" => Some(Session::Forward(forward::ForwardSession::new(pod, &route::repeated(query, "ports")))),
        _ => None,
    }
}

/// Finds the pod for a connection, or explains why it cannot be reached.
pub(crate) fn pod(
    site: &Arc<Site>,
    target: RequestTarget<'_>,
    container: &str,
) -> Result<Arc<Value>, Box<ServerResponse>> {
    let key = target.served.object(target.namespace, target.name);
    let Some(pod) = site.with(|world| world.store.get(&key).cloned()) else {
        return Err(Box::new(status::not_found(target.served, target.name)));
    };
    let known = list(&pod, "/spec/containers").iter().any(|one| text(one, "/name") == container);
    if !container.is_empty() && !known {
        let message = format!("container {container} is not valid for pod {}", target.name);
        return Err(Box::new(status::bad_request(&message)));
    }
    if text(&pod, "/status/phase") != "Running" {
        return Err(Box::new(status::bad_request(&format!("pod {} does not have a host assigned", target.name))));
    }
    Ok(pod)
}
