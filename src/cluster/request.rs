//! Sends every request and reads every answer, with one error type and one set of timeouts.
//!
//! kube's own decoding is not used: it logs a body that it cannot parse, and a body may be a Secret. Errors are
//! distinguished, because a caller treats 404, 403 and a lost connection differently.

use std::time::Duration;

use futures::io::AsyncBufRead;
use futures::{Stream, TryStreamExt as _, stream};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::address::Address;
use super::deltas::{Delta, Lines};
use super::dry_run::DryRun;
use super::failure::Failure;
use super::{Cluster, bounded, credentials};
use crate::model::Permit;

/// The field manager of writes, which is that of flux itself. Names that begin with `kubectl` or `before-first-apply`
/// are folded into the parent Kustomization's ownership, so that its next apply would drop the edit.
pub const FIELD_MANAGER: &str = "flux-client-side-apply";

/// The silence after which a server counts as not answering: at the start, and between two parts of an answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// The longest wait for the answer to a write: webhooks run before, with a default timeout of 10 seconds.
const WRITTEN: Duration = Duration::from_secs(15);

/// The time after which an answer is given up if it is slower than [`SLOWEST`] bytes a second, or in pieces smaller
/// than [`SMALLEST`].
const SLOW: Duration = Duration::from_secs(15);
const SLOWEST: u64 = 1024;
const SMALLEST: u64 = 64;

/// The longest time for a whole answer: a page of 6 MB over 100 kB a second.
const LONGEST: Duration = Duration::from_mins(1);

/// The longest wait for a server that asks to be asked again, over all attempts of a request.
const RETRIED: Duration = Duration::from_secs(5);

/// The least that an attempt takes of [`RETRIED`]: a server may ask for no pause at all.
const SHORTEST_RETRY: Duration = Duration::from_secs(1);

/// The most bytes of an error's body that are read: a proxy's error page may be long.
const ERROR_BODY: usize = 64 * 1024;

pub(crate) const JSON: &str = "application/json";

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

/// Reads JSON from an address.
pub(crate) async fn get<T: DeserializeOwned>(cluster: &Cluster, address: &Address) -> Result<T, Failure> {
    owned(&read(cluster, address).await?)
}

/// Reads an address, for a caller that decodes the answer itself.
pub(crate) async fn read(cluster: &Cluster, address: &Address) -> Result<Vec<u8>, Failure> {
    read_as(cluster, address, JSON).await
}

/// Reads an address in a content type that the server supports.
pub(crate) async fn read_as(cluster: &Cluster, address: &Address, accept: &str) -> Result<Vec<u8>, Failure> {
    let mut answer = Vec::new();
    read_into(cluster, address, accept, &mut answer).await?;
    Ok(answer)
}

/// Reads an address into the buffer of the previous answer: a list has many pages of one size.
pub(crate) async fn read_into(
    cluster: &Cluster,
    address: &Address,
    accept: &str,
    answer: &mut Vec<u8>,
) -> Result<(), Failure> {
    whole(cluster, at(address, accept)?, SILENCE, answer).await?;
    address.check(answer).map_err(Failure::Unreadable)
}

/// Patches an object by a JSON merge patch and returns the result.
pub(crate) async fn merge_patch<T: DeserializeOwned>(
    cluster: &Cluster,
    address: &Address,
    change: &Value,
    _permit: &Permit,
) -> Result<T, Failure> {
    write(cluster, Method::PATCH, &written(address), "application/merge-patch+json", change).await
}

/// Creates an object and returns the result.
pub(crate) async fn create<T: DeserializeOwned>(
    cluster: &Cluster,
    list: &Address,
    object: &Value,
    _permit: &Permit,
) -> Result<T, Failure> {
    write(cluster, Method::POST, &written(list), JSON, object).await
}

/// Deletes an object with the given options of the server.
pub(crate) async fn delete(
    cluster: &Cluster,
    address: &Address,
    options: &Value,
    _permit: &Permit,
) -> Result<Value, Failure> {
    write(cluster, Method::DELETE, address, JSON, options).await
}

/// Posts a query that changes nothing, such as a review.
pub(crate) async fn ask<T: DeserializeOwned>(
    cluster: &Cluster,
    address: &Address,
    question: &Value,
) -> Result<T, Failure> {
    write(cluster, Method::POST, address, JSON, question).await
}

/// Sends the dry run of a server-side apply and returns the object that it would make.
pub(crate) async fn dry_run(cluster: &Cluster, dry_run: &DryRun, manifest: &Value) -> Result<Value, Failure> {
    write(cluster, Method::PATCH, dry_run.address(), "application/apply-patch+yaml", manifest).await
}

/// Opens a watch in a content type that the server supports; [`bounded`] limits its lines.
pub(crate) async fn watch_as(cluster: &Cluster, address: &Address, accept: &str) -> Result<Lines, Failure> {
    let (client, place) = cluster.for_watch();
    Ok(Lines::new(open(client, at(address, accept)?, SILENCE).await?, place))
}

/// Watches a list from a resource version on; a silent server ends it.
pub(crate) async fn watch<T: DeserializeOwned>(
    cluster: &Cluster,
    list: &Address,
    version: &str,
    silence: Duration,
) -> Result<impl Stream<Item = Result<Delta<T>, Failure>> + use<T>, Failure> {
    let lines = watch_as(cluster, &list.watched(version), JSON).await?;
    Ok(stream::try_unfold(lines, move |mut lines| async move {
        let pieces = lines.next(silence).await?;
        Ok::<_, Failure>(pieces.map(|pieces| (pieces, lines)))
    })
    .map_ok(|pieces| stream::iter(Delta::all(&pieces)))
    .try_flatten())
}

/// Opens a log. The caller sets the timeout: the kubelet answers with the first line that a container writes.
pub(crate) async fn log(cluster: &Cluster, address: &Address) -> Result<impl AsyncBufRead + use<>, Failure> {
    let body = begin(cluster.streams(), at(address, "*/*")?).await?;
    Ok(body.into_data_stream().map_err(std::io::Error::other).into_async_read())
}

/// Adds the field manager, as in every write.
fn written(address: &Address) -> Address {
    address.clone().with("fieldManager", FIELD_MANAGER)
}

fn at(address: &Address, accept: &str) -> Result<Request<Vec<u8>>, Failure> {
    let request = address.request(Method::GET)?.header(http::header::ACCEPT, accept);
    request.body(Vec::new()).map_err(|error| Failure::Unreadable(error.to_string()))
}

async fn write<T: DeserializeOwned>(
    cluster: &Cluster,
    method: Method,
    address: &Address,
    form: &str,
    body: &Value,
) -> Result<T, Failure> {
    let unwritable = |why: String| Failure::Unreadable(why);
    let body = serde_json::to_vec(body).map_err(|error| unwritable(error.to_string()))?;
    let request = address.request(method)?.header(http::header::CONTENT_TYPE, form);
    let request = request.body(body).map_err(|error| unwritable(error.to_string()))?;
    let mut answer = Vec::new();
    whole(cluster, request, WRITTEN, &mut answer).await?;
    owned(&answer)
}

/// Parses an answer, or a part of one.
pub(crate) fn parse<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(answer).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// Parses an answer to a value of its own; a null that it cannot read counts as missing.
pub(crate) fn owned<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failure> {
    parse(answer).or_else(|failure| {
        let nothing = without_nulls(answer).and_then(|answer| serde_json::from_slice(&answer).ok());
        nothing.ok_or(failure)
    })
}

/// Returns JSON without the members that are null, which Go takes for missing ones and writes for empty lists; `None`
/// if there is none. Elements of lists stay, because the places of cells count.
pub(crate) fn without_nulls(json: &[u8]) -> Option<Vec<u8>> {
    fn dropped(value: &mut Value) -> bool {
        match value {
            Value::Object(members) => {
                let before = members.len();
                members.retain(|_, value| !value.is_null());
                let any = members.len() < before;
                members.values_mut().fold(any, |any, value| dropped(value) | any)
            }
            Value::Array(elements) => elements.iter_mut().fold(false, |any, value| dropped(value) | any),
            _ => false,
        }
    }
    let mut value: Value = serde_json::from_slice(json).ok()?;
    if dropped(&mut value) { serde_json::to_vec(&value).ok() } else { None }
}

/// Sends a request and reads the whole body of a good answer.
async fn whole(
    cluster: &Cluster,
    request: Request<Vec<u8>>,
    patience: Duration,
    answer: &mut Vec<u8>,
) -> Result<(), Failure> {
    let body = unhurried(cluster.client(), request, patience).await?;
    collect(body, usize::MAX, answer).await?;
    if bounded::holds_too_much(answer) {
        return Err(Failure::Unreadable("it holds more values than any list or object, and was not parsed".to_owned()));
    }
    Ok(())
}

/// Sends a request again where the server asks for that, as client-go does: an API server that has too much to do
/// answers 429 with `Retry-After`, and has done nothing then. An answer of the 5xx is repeated for what only reads.
async fn unhurried(client: &kube::Client, request: Request<Vec<u8>>, patience: Duration) -> Result<Body, Failure> {
    let is_read = request.method() == Method::GET;
    let mut left = RETRIED;
    loop {
        let failure = match open(client, request.clone(), patience).await {
            Err(failure) => failure,
            body => return body,
        };
        let Failure::Status { code, retry_after: Some(wait), .. } = &failure else { return Err(failure) };
        let repeatable = *code == 429 || is_read && *code >= 500;
        left = match left.checked_sub((*wait).max(SHORTEST_RETRY)) {
            Some(left) if repeatable => left,
            _ => return Err(failure),
        };
        tokio::time::sleep(*wait).await;
    }
}

/// Sends a request and returns the body of a good answer, unread, if it begins in time.
async fn open(client: &kube::Client, request: Request<Vec<u8>>, patience: Duration) -> Result<Body, Failure> {
    let mut answer = std::pin::pin!(begin(client, request));
    loop {
        match tokio::time::timeout(patience, &mut answer).await {
            Ok(answer) => return answer,
            // A user is logging in, so the server was not queried yet.
            Err(_) if credentials::is_waited_for() => {}
            Err(_) => return Err(Failure::Silent(patience)),
        }
    }
}

async fn begin(client: &kube::Client, request: Request<Vec<u8>>) -> Result<Body, Failure> {
    let response = client.send(request.map(Body::from)).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    let retry_after = response.headers().get(http::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let mut body = Vec::new();
    if collect(response.into_body(), ERROR_BODY, &mut body).await.is_err() {
        body.clear();
    }
    Err(Failure::Status { code: status.as_u16(), message: server_message(status, &body), retry_after })
}

/// Reads a body to its end; [`bounded`] limits its length.
async fn collect(mut body: Body, limit: usize, whole: &mut Vec<u8>) -> Result<(), Failure> {
    whole.clear();
    let mut pieces = 0_u64;
    let began = tokio::time::Instant::now();
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| Failure::Silent(SILENCE))? {
        if let Ok(data) = frame?.into_data() {
            whole.extend_from_slice(&data);
            pieces += 1;
        }
        let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if let Some(why) = endless(began.elapsed(), length, pieces) {
            return Err(Failure::Slow(why));
        }
        if whole.len() >= limit {
            break;
        }
    }
    Ok(())
}

/// Returns the reason to give up an answer that is still arriving: a byte now and then avoids the limit on silence, and
/// a body of many small pieces takes hours to reach the limit on length.
fn endless(lasted: Duration, length: u64, pieces: u64) -> Option<String> {
    if lasted > LONGEST {
        return Some(format!("it has not ended after {} s", LONGEST.as_secs()));
    }
    if lasted <= SLOW {
        return None;
    }
    if length < lasted.as_secs() * SLOWEST {
        return Some(format!("it comes at less than {SLOWEST} bytes a second"));
    }
    (length < pieces * SMALLEST).then(|| format!("it comes in pieces of less than {SMALLEST} bytes"))
}

/// Extracts the server's message from an error: a Status of Kubernetes, else a proxy's text if it is short and plain.
fn server_message(status: StatusCode, body: &[u8]) -> String {
    if let Ok(status) = serde_json::from_slice::<Status>(body)
        && !status.message.is_empty()
    {
        return status.message;
    }
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('<')).unwrap_or_default();
    if line.is_empty() || line.len() > 200 { status.to_string() } else { format!("{status}: {line}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, SILENCE, get};
    use crate::cluster::address::Address;
    use crate::cluster::testing::{Answer, cluster};

    /// Reads an answer that never ends, in such pieces; returns why it was given up and after how many seconds.
    async fn given_up(pause: Duration, piece: &str) -> (String, u64) {
        let pieces: Vec<_> = std::iter::repeat_n((pause, piece.to_owned()), 200_000).collect();
        let cluster = cluster(move |_| Answer::Open(pieces.clone()));
        let began = tokio::time::Instant::now();
        let failure = get::<serde_json::Value>(&cluster, &Address::core("", "pods")).await.unwrap_err();
        assert!(failure.is_passing(), "another try may be answered: {failure}");
        (failure.fault("staging", "list pods").why, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_an_end_is_given_up_whatever_its_pieces_are() {
        let (why, after) = given_up(Duration::from_millis(500), " ").await;
        assert!(why.contains("less than 1024 bytes a second") && after < 17, "{why} after {after}");
        // A byte each millisecond or less: fast enough, but it would take hours to reach the limit on length.
        let (why, after) = given_up(Duration::from_millis(1), "  ").await;
        assert!(why.contains("pieces of less than 64 bytes") && after < 17, "{why} after {after}");
        let (why, after) = given_up(Duration::from_millis(100), &" ".repeat(4096)).await;
        assert!(why.contains("not ended after 60 s") && after <= LONGEST.as_secs() + 1, "{why} after {after}");
        let (why, after) = given_up(SILENCE * 2, " ").await;
        assert!(why.contains("does not answer (waited 10 s)") && after == SILENCE.as_secs(), "{why} after {after}");
    }
}
