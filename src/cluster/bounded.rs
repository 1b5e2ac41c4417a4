//! Limits on the length of an answer, from any server.
//!
//! Every answer of every server is limited here before it is read, so that none fills the memory: an endless one, one
//! of a proxy, or a malicious one. The request decides the limit, not the answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tower::BoxError;

use super::connect::Broken;

const MIB: usize = 1024 * 1024;

/// A page of a list: 500 whole pods are 6 MiB, and parsing takes several times that.
const PAGE: usize = 64 * MIB;

/// Any other answer. An object is 1.5 MiB at most by etcd's default, and discovery of a large cluster is 2 MiB.
const WHOLE: usize = 32 * MIB;

/// The list of served groups or kinds: the largest known one has 1 MiB.
const SERVED: usize = 8 * MIB;

/// The length from which the values of an answer are counted before it is parsed.
const COUNTED_FROM: usize = 8 * MIB;

/// The most values of an answer: parsed, each takes some seventy bytes, however short it was.
const MOST_VALUES: usize = 4_000_000;

/// Tells whether JSON holds too many values to parse: each but the first follows one of these characters.
pub(crate) fn holds_too_much(json: &[u8]) -> bool {
    json.len() > COUNTED_FROM && json.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > MOST_VALUES
}

/// The message of an error, or a proxy's page.
const ERROR: usize = MIB;

/// One event of a watch, which is one object.
const EVENT: usize = 16 * MIB;

/// Limits an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// This many bytes in all.
    Whole(usize, &'static str),
    /// This many bytes between two line ends: a watch itself has no end.
    Line(usize, &'static str),
    /// No limit, because the reader has one: a log is cut line by line.
    Stream,
}

impl Bound {
    /// Chooses the limit for a request.
    pub(super) fn for_request<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let parameter = |name: &str| {
            let pairs = uri.query().unwrap_or_default().split('&');
            pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        // An object may be called `log`, too, and the path of a proxy may come before the server's.
        let is_log = matches!(segments.as_slice(), [.., "api", "v1", "namespaces", _, "pods", _, "log"]);
        if is_log || request.headers().contains_key(http::header::UPGRADE) {
            Self::Stream
        } else if parameter("watch").is_some_and(|value| matches!(value, "1" | "true")) {
            Self::Line(EVENT, "one change of a watch")
        } else if parameter("limit").is_some() {
            Self::Whole(PAGE, "a page of a list")
        } else {
            match segments.as_slice() {
                ["api" | "apis"] | ["api" | "apis", _] | ["apis", _, _] => Self::Whole(SERVED, "what it serves"),
                _ => Self::Whole(WHOLE, "an answer"),
            }
        }
    }

    /// Returns the limit for a status: an error is short, whatever the request.
    pub(super) fn for_status(self, status: StatusCode) -> Self {
        if status.is_client_error() || status.is_server_error() { Self::Whole(ERROR, "an error") } else { self }
    }

    /// Applies the limit to a body.
    pub(super) fn hold(self, body: UnsyncBoxBody<Bytes, BoxError>) -> UnsyncBoxBody<Bytes, BoxError> {
        match self {
            Self::Stream => body,
            Self::Whole(..) | Self::Line(..) => Bounded { body, bound: self, taken: 0 }.boxed_unsync(),
        }
    }
}

/// Holds a body that ends with an error where it exceeds its limit.
struct Bounded {
    body: UnsyncBoxBody<Bytes, BoxError>,
    bound: Bound,
    taken: usize,
}

impl Bounded {
    fn take(&mut self, data: &[u8]) -> Result<(), Broken> {
        let (limit, what) = match self.bound {
            Bound::Whole(limit, what) => {
                self.taken += data.len();
                (limit, what)
            }
            Bound::Line(limit, what) => {
                match data.iter().rposition(|byte| *byte == b'\n') {
                    Some(end) => self.taken = data.len() - end - 1,
                    None => self.taken += data.len(),
                }
                (limit, what)
            }
            Bound::Stream => return Ok(()),
        };
        if self.taken <= limit {
            return Ok(());
        }
        Err(Broken::new(
            format!("the API server sends more than {} MiB as {what}, and the rest was not read", limit / MIB),
            "does something between here and the API server change its answers? `kubectl get --raw` shows how long they are",
        ))
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && let Err(broken) = self.take(data)
        {
            return Poll::Ready(Some(Err(broken.into())));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::{StreamExt as _, stream};
    use http::Request;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use tower::BoxError;

    use super::{Bound, EVENT, PAGE, WHOLE};

    static PIECE: [u8; 8192] = [b'a'; 8192];

    async fn read(bound: Bound, piece: &'static [u8], times: usize) -> Result<usize, String> {
        let frames = stream::iter(std::iter::repeat_n(piece, times))
            .map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece))));
        let mut body = bound.hold(StreamBody::new(frames).boxed_unsync());
        let mut taken = 0;
        while let Some(frame) = body.frame().await {
            taken += frame.map_err(|error| error.to_string())?.into_data().map_or(0, |data| data.len());
        }
        Ok(taken)
    }

    #[tokio::test]
    async fn what_is_longer_than_its_bound_is_a_fault() {
        let whole = Bound::Whole(2 * super::MIB, "a page of a list");
        assert_eq!(read(whole, &PIECE, 256).await, Ok(2 * super::MIB));
        let why = read(whole, &PIECE, 257).await.unwrap_err();
        assert!(why.contains("more than 2 MiB as a page of a list"), "{why}");
    }

    #[tokio::test]
    async fn a_watch_may_go_on_for_ever_and_none_of_its_lines() {
        let line = Bound::Line(super::MIB, "one change of a watch");
        let ended: &[u8] = b"{\"type\":\"ADDED\"}\n{\"ty";
        assert!(read(line, ended, 100_000).await.is_ok());
        assert!(read(line, &PIECE, 129).await.is_err());
    }

    #[test]
    fn short_values_are_counted_before_they_are_parsed() {
        let numbers = |count: usize| format!("[{}1]", "1,".repeat(count)).into_bytes();
        assert!(!super::holds_too_much(&numbers(3_000_000)) && !super::holds_too_much(&vec![b'a'; super::PAGE]));
        assert!(super::holds_too_much(&numbers(5_000_000)));
    }

    #[test]
    fn the_request_decides() {
        let of = |address: &str| Bound::for_request(&Request::get(address).body(()).unwrap());
        assert_eq!(of("https://h/api/v1/pods?limit=500&continue=x"), Bound::Whole(PAGE, "a page of a list"));
        assert_eq!(
            of("/apis/apps/v1/deployments?watch=1&resourceVersion=5"),
            Bound::Line(EVENT, "one change of a watch")
        );
        assert_eq!(of("/api/v1/namespaces/n/pods/p/log?follow=true"), Bound::Stream);
        for called_log in ["/api/v1/namespaces/n/configmaps/log", "/apis/x/v1/namespaces/api/v1/log"] {
            assert_eq!(of(called_log), Bound::Whole(WHOLE, "an answer"), "{called_log}");
        }
        for served in ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1"] {
            assert_eq!(of(served), Bound::Whole(super::SERVED, "what it serves"), "{served}");
        }
        for whole in ["/apis/apps/v1/deployments", "/api/v1/namespaces/n/secrets/watch", "/api/v1/pods?watch=0"] {
            assert_eq!(of(whole), Bound::Whole(WHOLE, "an answer"), "{whole}");
        }
        let log = of("/api/v1/namespaces/n/pods/p/log");
        assert_eq!(log.for_status(http::StatusCode::OK), Bound::Stream);
        assert_eq!(log.for_status(http::StatusCode::BAD_GATEWAY), Bound::Whole(super::ERROR, "an error"));
    }
}
