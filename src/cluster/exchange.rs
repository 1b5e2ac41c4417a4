//! One request and its answer, with what can go wrong told apart: lists and watches act on it.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;

use super::address::{Address, Misnamed};
use super::{bounded, fault};
use crate::model::{Fault, FaultKind};

/// How long the server may be silent before it counts as one that does not answer: at its start, and between two parts of an answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// From then on, an answer that comes more slowly than [`SLOWEST`] bytes a second counts as none.
const SLOW: Duration = Duration::from_secs(15);
const SLOWEST: u64 = 1024;

/// Of an error's body, at most so much is read: a proxy's error page may be long.
const ERROR_BODY: usize = 64 * 1024;

/// Says why there is no good answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server answered with an error.
    Status {
        /// The HTTP status.
        code: u16,
        /// The server's words.
        message: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The server does not answer.
    Silent,
    /// There is no connection, or it broke.
    Broken(kube::Error),
    /// The answer is not what was asked for.
    Unreadable(String),
    /// What was to be asked for can be no name, and nothing was asked.
    Misnamed(Misnamed),
}

impl Failure {
    /// Returns the HTTP status, when the server answered.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Tells an operator; `tried` completes "cannot … in production".
    pub(crate) fn fault(&self, environment: &str, tried: &str) -> Fault {
        let what = || format!("cannot {tried} in {environment}");
        match self {
            Self::Status { code, message, .. } => fault::of_status(environment, tried, *code, message),
            Self::Silent => Fault::new(
                FaultKind::Unreachable,
                what(),
                format!("the API server does not answer (waited {} s)", SILENCE.as_secs()),
                "is the cluster up, and the VPN or tunnel to it open?",
            ),
            Self::Broken(error) => fault::of(environment, tried, error),
            Self::Misnamed(misnamed) => fault::of_misnamed(environment, tried, misnamed),
            Self::Unreadable(why) => Fault::failed(
                what(),
                format!("the answer cannot be read: {why}"),
                "does something between here and the API server change its answers?",
            ),
        }
    }
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

/// Refuses an answer that is of another kind than what was asked for.
pub(crate) fn another_kind(sent: &str, asked: &str) -> Failure {
    let short = |text: &str| text.chars().take(120).collect::<String>();
    Failure::Unreadable(format!("it is `{}`, and `{}` was asked for", short(sent), short(asked)))
}

/// Sends a request and returns the body of a good answer, unread.
pub(crate) async fn open(client: &kube::Client, request: Request<Vec<u8>>) -> Result<Body, Failure> {
    let answer = tokio::time::timeout(SILENCE, client.send(request.map(Body::from)));
    let response = answer.await.map_err(|_| Failure::Silent)?.map_err(Failure::Broken)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    let retry_after = response.headers().get(http::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = collect(response.into_body(), ERROR_BODY).await.unwrap_or_default();
    Err(Failure::Status { code: status.as_u16(), message: words(status, &body), retry_after })
}

/// Sends a request and returns the whole body of a good answer.
pub(crate) async fn send(client: &kube::Client, request: Request<Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let answer = collect(open(client, request).await?, usize::MAX).await?;
    if bounded::holds_too_much(&answer) {
        return Err(Failure::Unreadable("it holds more values than any list or object, and was not parsed".to_owned()));
    }
    Ok(answer)
}

/// Reads an address of the server.
pub(crate) async fn get(client: &kube::Client, address: &Address) -> Result<Vec<u8>, Failure> {
    let answer = send(client, at(address)?).await?;
    address.check(&answer).map_err(Failure::Unreadable)?;
    Ok(answer)
}

/// Builds the request that reads an address.
pub(crate) fn at(address: &Address) -> Result<Request<Vec<u8>>, Failure> {
    let request = address.request(Method::GET)?;
    request.body(Vec::new()).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Reads a body to its end; how long that may be is decided in [`bounded`](super::bounded), where it comes from.
async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    let began = tokio::time::Instant::now();
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| Failure::Silent)? {
        if let Ok(data) = frame.map_err(Failure::Broken)?.into_data() {
            whole.extend_from_slice(&data);
        }
        // A byte now and then keeps the silence from being noticed, and would never end.
        let lasted = began.elapsed();
        if lasted > SLOW && u64::try_from(whole.len()).unwrap_or(u64::MAX) < lasted.as_secs() * SLOWEST {
            return Err(Failure::Unreadable(format!("it comes at less than {SLOWEST} bytes a second")));
        }
        if whole.len() >= limit {
            break;
        }
    }
    Ok(whole)
}

/// Takes the server's words out of an error: a Status of Kubernetes, else what a proxy says, as far as it is short and plain.
fn words(status: StatusCode, body: &[u8]) -> String {
    if let Ok(status) = serde_json::from_slice::<Status>(body)
        && !status.message.is_empty()
    {
        return status.message;
    }
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('<')).unwrap_or_default();
    if line.is_empty() || line.len() > 200 { status.to_string() } else { format!("{status}: {line}") }
}
