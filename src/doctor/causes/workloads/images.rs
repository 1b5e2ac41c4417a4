//! Why an image cannot be had, by the words of containerd, CRI-O, Docker and the registries behind them.

use jiff::Timestamp;

use super::containers::Container;
use super::pods::{Ill, PodFault, event, ill};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};

/// Names why an image cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageFault {
    /// The registry has no such name or tag.
    NotFound,
    /// The registry refuses: no credentials, or wrong ones.
    Credentials,
    /// The registry does not answer.
    Registry,
    /// The registry answers that too much is pulled.
    RateLimit,
    /// The image is not built for the node's architecture.
    Architecture,
    /// The name is none.
    Name,
    /// Something else.
    Other,
}

const ARCHITECTURE: &[&str] = &["no match for platform", "no matching manifest for", "exec format error"];
const RATE_LIMIT: &[&str] = &["toomanyrequests", "429 too many requests", "rate limit"];
const CREDENTIALS: &[&str] = &[
    "401 unauthorized",
    "403 forbidden",
    "unauthorized",
    "authentication required",
    "authorization failed",
    "pull access denied",
    "no basic auth credentials",
    "insufficient_scope",
    "denied: ",
];
const REGISTRY: &[&str] = &[
    "no such host",
    "server misbehaving",
    "name resolution",
    "connection refused",
    "connection reset",
    "i/o timeout",
    "tls handshake timeout",
    "x509: ",
    "no route to host",
    "network is unreachable",
    "http response to https client",
    "context deadline exceeded",
    "client.timeout",
    "service unavailable",
    "bad gateway",
    "internal server error",
    "unexpected eof",
];
const NOT_FOUND: &[&str] = &["not found", "manifest unknown", "name unknown", "does not exist", "manifest_unknown"];

/// Recognises why an image cannot be had.
pub(super) fn classify(reason: &str, said: &str) -> ImageFault {
    let said = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if reason == "InvalidImageName"
        || said.contains("invalid reference format")
        || said.contains("couldn't parse image name")
    {
        ImageFault::Name
    } else if has(ARCHITECTURE) {
        ImageFault::Architecture
    } else if has(RATE_LIMIT) {
        ImageFault::RateLimit
    } else if has(CREDENTIALS) {
        ImageFault::Credentials
    } else if has(REGISTRY) {
        ImageFault::Registry
    } else if has(NOT_FOUND) {
        ImageFault::NotFound
    } else {
        ImageFault::Other
    }
}

/// Finds why the image of a container cannot be had. Before Kubernetes 1.32, `Back-off pulling image` does not say why:
/// the events do.
pub(super) fn why(
    graph: &LiveGraph,
    pod: &LiveObject<'_>,
    container: &Container<'_>,
    reason: &str,
    said: &str,
) -> (ImageFault, String, Option<Timestamp>, Option<String>) {
    let own = classify(reason, said);
    if own == ImageFault::Other {
        let failed = event(graph, pod, &["Failed", "InspectFailed"], |told| {
            told.contains(container.image()) && told.starts_with("Failed to ")
        });
        if let Some(event) = failed {
            let from = format!("event {} of {}", event.reason, pod.object.told());
            return (classify(reason, &event.message), event.message.clone(), event.at, Some(from));
        }
    }
    (own, format!("{reason}: {said}"), None, None)
}

/// Returns the host that an image comes from; without one it is Docker Hub.
pub(super) fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// Finds the pods whose images fail for a reason.
pub(super) fn failing(graph: &LiveGraph, fault: ImageFault) -> Vec<Ill<'_>> {
    ill(graph, |one| one == PodFault::Image(fault))
}

/// Starts the diagnosis of an image, with the lines to look at.
pub(super) fn diagnosis(graph: &LiveGraph, ill: &Ill<'_>, cause: &'static str, why: &str) -> Diagnosis {
    let message = format!("Image {} of {} {why}", ill.container.image(), ill.of());
    let found = ill.diagnosis(cause, message).seen(
        format!("image: {}", ill.container.image()),
        None,
        format!("{} container {}", ill.pod.object.told(), ill.container.name()),
    );
    found.look_at(graph.describe(ill.pod.object)).documented("https://kubernetes.io/docs/concepts/containers/images/")
}

/// Says that the repository names another image.
pub(super) fn change(ill: &Ill<'_>, what: &str) -> Remedy {
    Remedy::change(
        format!("{what} in the manifest or values that container {} comes from, and push.", ill.container.name()),
        "the new pod is Running; events say Successfully pulled image",
    )
}

#[cfg(test)]
mod tests {
    use super::{ImageFault, classify, host};

    #[test]
    fn the_words_of_registries_are_told_apart() {
        let told = |said: &str| classify("ErrImagePull", said);
        let resolve =
            "failed to pull and unpack image \"ghcr.io/a/b:1\": failed to resolve reference \"ghcr.io/a/b:1\":";
        assert_eq!(told(&format!("{resolve} ghcr.io/a/b:1: not found")), ImageFault::NotFound);
        assert_eq!(
            told(&format!("{resolve} unexpected status from HEAD request to https://x: 401 Unauthorized")),
            ImageFault::Credentials
        );
        assert_eq!(told("no match for platform in manifest: not found"), ImageFault::Architecture);
        assert_eq!(
            told(&format!(
                "{resolve} failed to do request: Head \"https://x\": dial tcp: lookup x on 10.0.0.1:53: no such host"
            )),
            ImageFault::Registry
        );
        assert_eq!(told("toomanyrequests: You have reached your pull rate limit."), ImageFault::RateLimit);
        assert_eq!(classify("InvalidImageName", ""), ImageFault::Name);
        assert_eq!(told("Back-off pulling image \"x\""), ImageFault::Other);
        assert_eq!(
            (host("nginx"), host("a/b"), host("ghcr.io/a/b:1"), host("localhost:5000/a")),
            ("docker.io", "docker.io", "ghcr.io", "localhost:5000")
        );
    }
}
