//! What went wrong between source-controller and a server of charts.
//!
//! The texts are Go's (`net`, `crypto/x509`, `net/http`), helm's getter (`failed to fetch URL : 404 Not Found`) and the
//! registry client's (`response status code 401: Unauthorized`), as source-controller 1.7 to 1.9 passes them on.

use crate::doctor::message::between;

/// Says what went wrong, in words that continue `HOST …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerTrouble {
    /// The server was not reached, or fails itself.
    Unreachable(String),
    /// It does not let us in.
    Denied(String),
    /// It does not have what was asked for.
    Missing,
}

/// Recognises the trouble in a message.
pub(super) fn trouble(said: &str) -> Option<ServerTrouble> {
    let has = |sign: &str| said.contains(sign);
    if has("no such host") {
        let host = between(said, "lookup ", " on ").or_else(|| between(said, "lookup ", ":")).unwrap_or("its name");
        return Some(ServerTrouble::Unreachable(format!("is not known: DNS has no address for {host}")));
    }
    let words = if has("server misbehaving") || has("name resolution") {
        "cannot be looked up: the cluster's DNS does not answer"
    } else if has("connection refused") {
        "refuses connections: nothing listens at that address and port"
    } else if has("certificate signed by unknown authority") {
        "has a certificate of an authority that source-controller does not know"
    } else if has("certificate has expired") {
        "has a certificate that has expired, or that is not valid yet"
    } else if has("certificate is valid for")
        || has("doesn't contain any IP SANs")
        || has("cannot validate certificate for")
    {
        "has a certificate for other names than this one"
    } else if has("server gave HTTP response to HTTPS client") {
        "speaks plain HTTP where HTTPS is asked for"
    } else if has("tls: ") || has("x509: ") {
        "and source-controller do not agree on TLS"
    } else if has("no route to host") || has("network is unreachable") {
        "cannot be reached: there is no route to it"
    } else if has("i/o timeout") || has("context deadline exceeded") || has("Client.Timeout") {
        "does not answer in time"
    } else if has("connection reset") || said.ends_with("EOF") {
        "breaks the connection off"
    } else {
        return by_status(said);
    };
    Some(ServerTrouble::Unreachable(words.to_owned()))
}

fn by_status(said: &str) -> Option<ServerTrouble> {
    match status(said) {
        Some(401) => return Some(ServerTrouble::Denied("asks for credentials (401 Unauthorized)".to_owned())),
        Some(403) => return Some(ServerTrouble::Denied("refuses access (403 Forbidden)".to_owned())),
        Some(404) => return Some(ServerTrouble::Missing),
        Some(429) => return Some(ServerTrouble::Unreachable("answers 429: too many requests".to_owned())),
        Some(code) if code >= 500 => {
            return Some(ServerTrouble::Unreachable(format!("fails itself: it answers {code}")));
        }
        _ => {}
    }
    let lower = said.to_lowercase();
    let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if has(&["unauthorized", "authentication required", "denied", "basic credential not found"]) {
        return Some(ServerTrouble::Denied("refuses access".to_owned()));
    }
    has(&["manifest unknown", "name unknown", "not found"]).then_some(ServerTrouble::Missing)
}

fn status(said: &str) -> Option<u16> {
    let number =
        |rest: &str| rest.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|code| code.parse().ok());
    let after = |sign: &str| said.split_once(sign).and_then(|(_, rest)| number(rest));
    let is_status = |code: &u16| (400..600).contains(code);
    after("status code ").or_else(|| after("unexpected status: ")).or_else(|| after(" : ")).filter(is_status)
}

/// Cuts the host out of an address: `https://charts.example.org/stable` to `charts.example.org`.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::{ServerTrouble, host, trouble};

    #[test]
    fn what_servers_and_networks_say_is_told_apart() {
        let unreachable = |said: &str| matches!(trouble(said), Some(ServerTrouble::Unreachable(_)));
        for said in [
            r#"Get "https://c.example.org/index.yaml": dial tcp: lookup c.example.org on 10.43.0.10:53: no such host"#,
            r#"Get "http://127.0.0.1:1/charts/index.yaml": dial tcp 127.0.0.1:1: connect: connection refused"#,
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "failed to fetch https://c.example.org/index.yaml : 503 Service Unavailable",
            r#"GET "https://ghcr.io/v2/x/tags/list": response status code 500: Internal Server Error"#,
        ] {
            assert!(unreachable(said), "{said}");
        }
        let denied = |said: &str| matches!(trouble(said), Some(ServerTrouble::Denied(_)));
        assert!(denied("failed to fetch https://c.example.org/index.yaml : 401 Unauthorized"));
        assert!(denied(r#"GET "https://ghcr.io/token": response status code 403: denied: denied"#));
        assert_eq!(
            trouble("failed to fetch https://c.example.org/index.yaml : 404 Not Found"),
            Some(ServerTrouble::Missing)
        );
        assert_eq!(trouble("ghcr.io/x/web:9.9.9: not found"), Some(ServerTrouble::Missing));
        assert_eq!(trouble("no 'demo' chart with version matching '9.9.9' found"), None);
        assert_eq!(trouble("ngoyaku blorp"), None);
        assert_eq!(host("oci://user@ghcr.io:443/x/y"), "ghcr.io:443");
    }
}
