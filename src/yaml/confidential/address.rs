//! Addresses, hosts and paths, and whether anything in them grants access.

use super::filled::REFERENCE_SCHEMES;
use super::keys::{KEPT, words};
use super::random::{holds_token, is_random};

/// Services on which knowledge of the whole address is enough to write: the host's ending, and the beginning of the
/// path.
const WEBHOOKS: [(&str, &str); 9] = [
    ("hooks.slack.com", "services/"),
    ("hooks.slack.com", "workflows/"),
    ("hooks.slack.com", "triggers/"),
    ("discord.com", "api/webhooks/"),
    ("discordapp.com", "api/webhooks/"),
    ("webhook.office.com", "webhook"),
    ("outlook.office.com", "webhook/"),
    ("hooks.zapier.com", "hooks/catch/"),
    ("api.telegram.org", "bot"),
];

/// The schemes of addresses that are no passwords.
const SCHEMES: [&str; 30] = [
    "http",
    "https",
    "ws",
    "wss",
    "ftp",
    "sftp",
    "ssh",
    "git",
    "oci",
    "s3",
    "gs",
    "tcp",
    "udp",
    "tls",
    "unix",
    "file",
    "ldap",
    "ldaps",
    "smtp",
    "smtps",
    "imap",
    "imaps",
    "redis",
    "rediss",
    "amqp",
    "postgres",
    "postgresql",
    "mysql",
    "mongodb",
    "kafka",
];

/// The folders of a container's root that files are mounted in.
const ROOTS: [&str; 18] = [
    "run", "var", "etc", "mnt", "opt", "srv", "tmp", "home", "root", "usr", "data", "config", "secrets", "vault",
    "dev", "app", "certs", "proc",
];

pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty() && is_host(host) && !name.contains([':', '/', ' ']) && !is_random(name) && !holds_token(name)
}

/// Tells whether a text is surely no password although its key names one: an address with its scheme, or the path of a
/// mounted file.
pub(super) fn is_place(text: &str) -> bool {
    if let Some((scheme, rest)) = text.split_once("://") {
        return SCHEMES.contains(&scheme) && !rest.is_empty();
    }
    let mut parts = text.split('/');
    parts.next() == Some("")
        && parts.next().is_some_and(|root| ROOTS.contains(&root))
        && parts.next().is_some_and(|part| !part.is_empty())
}

/// Tells whether a text that begins like a path is a key in base64, below a name for one: one key in 64 begins with a
/// slash.
pub(super) fn is_key_with_slashes(words: &[String], text: &str) -> bool {
    let asks = words.iter().any(|word| KEPT.contains(&word.as_str()));
    let is_mixed = text.contains(|letter: char| letter.is_ascii_uppercase())
        && text.contains(|letter: char| letter.is_ascii_lowercase());
    asks && is_mixed && text.starts_with('/') && is_random(text) && !is_place(text)
}

/// Tells whether a text is an address in which nothing grants access.
pub(super) fn is_harmless_address(text: &str) -> bool {
    if text.contains(char::is_whitespace) || holds_token(text) {
        return false;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return is_host(text) || is_path(text) };
    // A text that only begins like a reference to a store is no reference.
    if REFERENCE_SCHEMES.contains(&scheme) {
        return false;
    }
    let (address, query) = rest.split_once('?').map_or((rest, ""), |(address, query)| (address, query));
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    // A random name is a token: GitHub, GitLab and Sentry take it as the user.
    let is_open = authority.rsplit_once('@').is_none_or(|(login, _)| {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        password.is_empty() && !user.split('%').any(is_random)
    });
    let host = authority.rsplit('@').next().and_then(|host| host.split(':').next()).unwrap_or_default();
    // `app:Xy/9@db`: the text in the place of a port is the beginning of a password that has a slash.
    let (_, port) = authority.rsplit('@').next().unwrap_or_default().rsplit_once(':').unwrap_or_default();
    let is_port = port.ends_with(']') || port.chars().all(|letter| letter.is_ascii_digit() || "${}()".contains(letter));
    let behind = rest.get(authority.len()..).unwrap_or_default();
    let hides_login = !is_port && !authority.contains('@') && behind.contains('@');
    let is_webhook = WEBHOOKS.iter().any(|(name, start)| {
        let of_host = host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        of_host && path.strip_prefix(start).is_some_and(|rest| rest.len() > 8)
    });
    let of_query = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let kept = words(key).iter().any(|word| KEPT.contains(&word.as_str()));
        value.starts_with('/') || !(kept && !value.is_empty() || is_random(value))
    };
    is_open
        && !hides_login
        && !is_webhook
        && path.split(['/', ':', '#']).all(|part| !is_random(part))
        && query.split('&').all(of_query)
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() > 1 && !text.split('/').any(is_random)
}

fn is_host(text: &str) -> bool {
    let (place, path) = text.split_once('/').map_or((text, ""), |(place, path)| (place, path));
    let (host, port) = place.rsplit_once(':').map_or((place, ""), |(host, port)| (host, port));
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_known = last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic())
        || host.parse::<std::net::Ipv4Addr>().is_ok()
        || host == "localhost";
    is_known
        && (host.contains('.') || host == "localhost")
        && host.split('.').all(is_name)
        && !host.split('.').any(is_random)
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !path.split('/').any(is_random)
}
