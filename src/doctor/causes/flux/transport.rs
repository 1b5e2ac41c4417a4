//! What git, registries and buckets say when they cannot be read, sorted into kinds of trouble.

use std::collections::BTreeMap;

use super::failure::{Failure, failed_kind, then_reconcile};
use super::source_field::is_field;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::text::some_of;

/// Says why a source or an image cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The Secret with the credentials is not there, or lacks an entry.
    Secret,
    /// The SSH host key is not the known one.
    HostKey,
    /// No name server knows the host.
    UnknownHost,
    /// The server's certificate is not trusted.
    Certificate,
    /// The credentials are refused or missing.
    Credentials,
    /// The server answers, and what is asked for is not there.
    Missing,
    /// The server does not answer.
    Unreachable,
}

/// The words of go-git 5, Go's net and crypto packages, the registries' error codes and minio-go 7; the first that fits counts.
const WORDS: &[(Trouble, &[&str])] = &[
    (
        Trouble::Secret,
        &["failed to get secret", "secrets \"", "secret '", "' secret data: required fields", "auth option: '"],
    ),
    (Trouble::HostKey, &["knownhosts:", "known_hosts", "host key", "hostkey"]),
    (Trouble::UnknownHost, &["no such host", "server misbehaving", "name resolution"]),
    (
        Trouble::Certificate,
        &["x509:", "tls: failed to verify", "server gave HTTP response to HTTPS client", "certificate is not trusted"],
    ),
    (
        Trouble::Credentials,
        &[
            "authentication required",
            "authorization failed",
            "unable to authenticate",
            "invalid username or password",
            "401 Unauthorized",
            "403 Forbidden",
            "status code 401",
            "status code 403",
            "UNAUTHORIZED",
            "unauthorized:",
            "DENIED",
            "denied:",
            "invalid auth",
            "Access Denied",
            "AccessDenied",
            "access key Id you provided",
            "signature we calculated",
            "permission denied (publickey",
        ],
    ),
    (
        Trouble::Missing,
        &[
            "couldn't find remote ref",
            "reference not found",
            "unable to resolve ref",
            "no match found for semver",
            "MANIFEST_UNKNOWN",
            "manifest unknown",
            "NAME_UNKNOWN",
            "repository not found",
            "NoSuchBucket",
            "object not found",
            "git repository is empty",
            "404 Not Found",
            "status code 404",
            "unable to find reference",
            "' bucket not found",
            "' not found",
        ],
    ),
    (
        Trouble::Unreachable,
        &[
            "connection refused",
            "i/o timeout",
            "context deadline exceeded",
            "no route to host",
            "network is unreachable",
            "TLS handshake timeout",
            "connection reset",
            "Client.Timeout",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway",
            "500 Internal Server Error",
            "429 Too Many Requests",
            "TOOMANYREQUESTS",
            ": EOF",
            "unexpected EOF",
        ],
    ),
];

/// Tells what a message is about; `None` for words that are not known.
pub(super) fn trouble(message: &str) -> Option<Trouble> {
    WORDS.iter().find(|(_, words)| words.iter().any(|word| message.contains(word))).map(|(trouble, _)| *trouble)
}

/// Iterates over the sources of these kinds that have a trouble.
pub(super) fn troubled<'a>(
    graph: &'a LiveGraph,
    kinds: &'a [&'a str],
    wanted: Trouble,
) -> impl Iterator<Item = Failure<'a>> {
    kinds
        .iter()
        .flat_map(|kind| failed_kind(graph, kind))
        .filter(move |failure| trouble(failure.message()) == Some(wanted) && !is_field(failure))
}

/// The sources whose hosts are looked at here; those of charts are the releases' part.
pub(super) const FETCHED: &[&str] = &["GitRepository", "OCIRepository", "Bucket", "ImageRepository"];

/// Sorts troubled sources by their host, so that a host that many share is told once.
pub(super) fn by_host(graph: &LiveGraph, wanted: Trouble) -> Vec<(String, Vec<Failure<'_>>)> {
    let mut found: BTreeMap<String, Vec<Failure<'_>>> = BTreeMap::new();
    for failure in troubled(graph, FETCHED, wanted) {
        found.entry(host(&failure)).or_default().push(failure);
    }
    found.into_iter().collect()
}

/// Begins the diagnosis of a host: its first source, and the others that it holds up.
pub(super) fn of_host(
    graph: &LiveGraph,
    cause: &'static str,
    failures: &[Failure<'_>],
    what: &str,
) -> Option<Diagnosis> {
    let (first, others) = failures.split_first()?;
    let told: Vec<String> = failures.iter().map(|failure| failure.object().told()).collect();
    let message = format!("{} cannot be fetched: {what}", some_of(&told, ", "));
    let found = first
        .found(cause, message)
        .seen_all(others.iter().take(2).map(|one| one.live.condition_evidence(&one.said)))
        .explaining(others.iter().map(|one| one.object().clone()))
        .look_at(graph.describe(first.object()));
    Some(then_reconcile(graph, found, first.object()))
}

/// Returns the address of a source as it is written.
pub(super) fn address<'a>(failure: &Failure<'a>) -> &'a str {
    let texts = ["/spec/url", "/spec/endpoint", "/spec/image"].map(|pointer| failure.live.text(pointer));
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// Returns the host of a source's address.
pub(super) fn host(failure: &Failure<'_>) -> String {
    let address = address(failure);
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority).to_owned()
}

/// Returns the end of a message, where the reason stands.
pub(super) fn reason(message: &str) -> String {
    let line =
        message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().trim_end_matches([':', ' ']);
    let parts: Vec<&str> = line.split(": ").collect();
    short(&parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join(": "))
}

#[cfg(test)]
mod tests {
    use super::{Trouble, reason, trouble};

    #[test]
    fn messages_of_git_registries_and_buckets_are_told_apart() {
        let told = [
            ("failed to get secret 'flux-system/git': secrets \"git\" not found", Trouble::Secret),
            (
                "unable to clone 'ssh://git@git.example.org/fleet': ssh: handshake failed: knownhosts: key mismatch",
                Trouble::HostKey,
            ),
            ("dial tcp: lookup git.example.org on 10.96.0.10:53: no such host", Trouble::UnknownHost),
            (
                "Get \"https://git.example.org/info/refs\": tls: failed to verify certificate: x509: certificate has expired",
                Trouble::Certificate,
            ),
            (
                "unable to clone 'https://git.example.org/fleet': authentication required: Invalid credentials",
                Trouble::Credentials,
            ),
            (
                "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]",
                Trouble::Credentials,
            ),
            ("couldn't find remote ref \"refs/heads/mian\"", Trouble::Missing),
            (
                "failed to determine artifact digest: GET https://ghcr.io/v2/a/manifests/v9: MANIFEST_UNKNOWN: manifest unknown",
                Trouble::Missing,
            ),
            ("bucket 'fleet' not found", Trouble::Missing),
            ("dial tcp 10.1.2.3:443: connect: connection refused", Trouble::Unreachable),
        ];
        for (message, expected) in told {
            assert_eq!(trouble(message), Some(expected), "{message}");
        }
        assert_eq!(trouble("ngoyaku blorp"), None);
        assert_eq!(reason("a: b: connect: connection refused"), "connect: connection refused");
    }
}
