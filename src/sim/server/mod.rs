//! The API server's side: a tower `Service` that answers as kube-apiserver does, one file for each kind of request.

mod apply;
mod delete;
mod discovery;
mod exec;
mod forward;
mod list;
mod log;
mod review;
mod route;
mod shell;
mod status;
mod table;
mod upgrade;
mod watch;
mod write;

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tower::{BoxError, Service};

use self::route::{RequestTarget, Route};
use super::world::Site;

/// The body of an answer: whole, or a stream.
pub(crate) type ResponseBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// An answer on its way back.
pub(crate) struct ServerResponse(Response<ResponseBody>);

impl ServerResponse {
    /// Answers with JSON.
    pub(crate) fn json(code: StatusCode, value: &Value) -> Self {
        Self::whole(code, "application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    /// Answers with plain text.
    pub(crate) fn plain(code: StatusCode, text: &str) -> Self {
        Self::whole(code, "text/plain; charset=utf-8", text.as_bytes().to_vec())
    }

    /// Answers with a stream.
    pub(crate) fn stream(content_type: &'static str, body: ResponseBody) -> Self {
        Self::build(StatusCode::OK, content_type, body)
    }

    /// Lends the headers for changing.
    pub(crate) fn headers_mut(&mut self) -> &mut http::HeaderMap {
        self.0.headers_mut()
    }

    fn whole(code: StatusCode, content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self::build(code, content_type, Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync())
    }

    fn build(code: StatusCode, content_type: &'static str, body: ResponseBody) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = code;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self(response)
    }
}

/// A completely read request.
pub(crate) struct Asked {
    /// The method.
    pub(crate) method: Method,
    /// The parameters of the query.
    pub(crate) parameters: HashMap<String, String>,
    /// `Accept`.
    pub(crate) accept: String,
    /// `Content-Type`.
    pub(crate) content_type: String,
    /// `User-Agent`.
    pub(crate) user_agent: String,
    /// The body.
    pub(crate) body: Bytes,
}

impl Asked {
    /// Returns a parameter; empty if it is missing.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Tells whether a parameter is switched on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.parameter(name), "true" | "1")
    }
}

/// Serves one cluster.
#[derive(Clone)]
pub(crate) struct ApiServer(pub(crate) Arc<Site>);

impl Service<Request<kube::client::Body>> for ApiServer {
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<ResponseBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        Box::pin(serve(Arc::clone(&self.0), request))
    }
}

/// Builds the error of a refused connection.
pub(crate) fn refused() -> BoxError {
    Box::new(io::Error::new(io::ErrorKind::ConnectionRefused, "tcp connect error: Connection refused (os error 111)"))
}

async fn serve(site: Arc<Site>, request: Request<kube::client::Body>) -> Result<Response<ResponseBody>, BoxError> {
    let mut faults = site.faults.subscribe();
    let now = faults.borrow_and_update().clone();
    if now.refused {
        return Err(refused());
    }
    if now.hanging {
        // It answers once the fault is over, like a connection that was only delayed; a switch to refused breaks it.
        let _ = faults.wait_for(|faults| !faults.hanging).await;
        if faults.borrow().refused {
            return Err(refused());
        }
    }
    if let Some(delay) = now.delay {
        tokio::time::sleep(delay).await;
    }
    if upgrade::is_wanted(request.headers()) {
        return upgrade::connect(site, request).await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        method: head.method.clone(),
        parameters: route::parameters(head.uri.query().unwrap_or_default()),
        accept: text(header::ACCEPT).to_owned(),
        content_type: text(header::CONTENT_TYPE).to_owned(),
        user_agent: text(header::USER_AGENT).to_owned(),
        body,
    };
    let busy = now.busy > 0 && {
        site.faults.send_modify(|faults| faults.busy = faults.busy.saturating_sub(1));
        true
    };
    let mut answer = if busy { status::busy() } else { dispatch(&site, head.uri.path(), &asked) };
    let date = site.with(|world| world.now()).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        answer.headers_mut().insert(header::DATE, date);
    }
    Ok(answer.0)
}

fn dispatch(site: &Arc<Site>, path: &str, asked: &Asked) -> ServerResponse {
    let absent = site.faults.borrow().absent.clone();
    match route::route(path) {
        Route::Version => discovery::version(),
        Route::Healthy => ServerResponse::plain(StatusCode::OK, "ok"),
        Route::CoreVersions => discovery::core(),
        Route::Groups => discovery::groups(&absent),
        Route::Group(group) => discovery::group(group, &absent),
        Route::Resources(group, version) => discovery::resources(group, version, &absent),
        Route::SelfSubjectReview => review::who(),
        Route::Objects(target) if absent.contains(target.served.kind) => status::no_page(),
        Route::Objects(target) => objects(site, target, asked),
        Route::Unknown if route::is_builtin(path) => status::no_resource(),
        Route::Unknown => status::no_page(),
    }
}

fn objects(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let watching = asked.is_on("watch");
    let verb = match (&asked.method, target.name.is_empty()) {
        (&Method::GET, true) if watching => "watch",
        (&Method::GET, true) => "list",
        (&Method::GET, false) => "get",
        (&Method::POST, true) => "create",
        (&Method::PUT, false) => "update",
        (&Method::PATCH, false) => "patch",
        (&Method::DELETE, false) => "delete",
        _ => return status::not_allowed(),
    };
    if site.faults.borrow().forbidden.contains(target.served.kind) {
        return status::forbidden(target.served, verb, target.namespace, target.name);
    }
    match (verb, target.subresource) {
        ("watch", "") => watch::watch(site, target, asked),
        ("list", "") => list::list(site, target, asked),
        ("get", "" | "status") => list::get(site, target, asked),
        ("get", "exec" | "portforward") => match upgrade::pod(site, target, asked.parameter("container")) {
            Ok(_) => status::bad_request("Upgrade request required"),
            Err(refused) => *refused,
        },
        ("get", "log") => log::log(site, target, asked),
        ("create", "") => write::create(site, target, asked),
        ("update", "" | "status") => write::replace(site, target, asked),
        ("patch", "" | "status") => write::patch(site, target, asked),
        ("delete", "") => delete::delete(site, target, asked),
        _ => status::no_page(),
    }
}

/// Builds the body of a stream that ends with an error as soon as the server refuses connections, and is silent while
/// it hangs.
pub(crate) fn streaming(site: &Arc<Site>, chunks: impl futures::Stream<Item = Bytes> + Send + 'static) -> ResponseBody {
    let faults = site.faults.subscribe();
    let chunks: Pin<Box<dyn futures::Stream<Item = Bytes> + Send>> = Box::pin(chunks);
    let guarded = futures::stream::unfold(Some((chunks, faults)), |state| async move {
        use futures::StreamExt as _;
        let (mut chunks, mut faults) = state?;
        loop {
            let now = faults.borrow_and_update().clone();
            if now.breaks_streams() {
                let broken = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer");
                return Some((Err(BoxError::from(broken)), None));
            }
            let next = async { if now.hanging { std::future::pending().await } else { chunks.next().await } };
            tokio::select! {
                biased;
                changed = faults.changed() => if changed.is_err() { return None },
                chunk = next => {
                    return chunk.map(|chunk| (Ok(http_body::Frame::data(chunk)), Some((chunks, faults))));
                }
            }
        }
    });
    http_body_util::StreamBody::new(guarded).boxed_unsync()
}
