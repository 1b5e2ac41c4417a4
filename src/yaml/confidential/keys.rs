//! The meaning of a key's words for its value.

/// Words of keys that mark the value as secret.
pub(super) const KEPT: [&str; 23] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "passphrase",
    "token",
    "secret",
    "key",
    "apikey",
    "credential",
    "credentials",
    "auth",
    "authorization",
    "private",
    "salt",
    "seed",
    "pin",
    "otp",
    "totp",
    "cookie",
    "webhook",
    "psk",
];

/// Words of keys that mark the value as public.
pub(super) const SAID: [&str; 61] = [
    "user",
    "username",
    "login",
    "email",
    "mail",
    "host",
    "hostname",
    "hosts",
    "server",
    "address",
    "addr",
    "ip",
    "port",
    "ports",
    "database",
    "dbname",
    "db",
    "name",
    "region",
    "zone",
    "bucket",
    "endpoint",
    "url",
    "uri",
    "domain",
    "path",
    "type",
    "sslmode",
    "tz",
    "timezone",
    "version",
    "repository",
    "realm",
    "scope",
    "scopes",
    "namespace",
    "cluster",
    "provider",
    "issuer",
    "enabled",
    "debug",
    "level",
    "schema",
    "driver",
    "protocol",
    "public",
    // Settings of time and of number.
    "period",
    "interval",
    "timeout",
    "duration",
    "ttl",
    "schedule",
    "max",
    "min",
    "limit",
    "size",
    "count",
    "retries",
    "replicas",
    "concurrent",
    "concurrency",
];

/// Words of keys whose value is a chosen or given credential: no host and no path is one.
const PASSWORDS: [&str; 12] =
    ["password", "passwd", "pass", "pwd", "pw", "passphrase", "passcode", "token", "secret", "apikey", "psk", "pat"];

/// The same in joined words: `userpassword`, `apitoken`.
const ENDINGS: [&str; 7] = ["password", "passwd", "passphrase", "passcode", "token", "secret", "pwd"];

/// Words after those, by which the value is only a place: `PASSWORD_FILE`, `tokenCallback`.
const PLACES: [&str; 37] = [
    "expiry",
    "expiration",
    "expires",
    "lifetime",
    "age",
    "length",
    "retention",
    "file",
    "files",
    "filename",
    "dir",
    "directory",
    "folder",
    "mount",
    "location",
    "ref",
    "store",
    "fqdn",
    "cidr",
    "subnet",
    "gateway",
    "tld",
    "site",
    "website",
    "callback",
    "redirect",
    "audience",
    "link",
    "image",
    "registry",
    "template",
    "method",
    "format",
    "algorithm",
    "class",
    "policy",
    "project",
];

/// Words after `secret` with which it is still the noun; otherwise it qualifies a setting: `SECRET_DOMAIN`.
const OF_SECRETS: [&str; 16] = [
    "key", "access", "id", "value", "hash", "base64", "b64", "old", "new", "current", "previous", "txt", "text",
    "prod", "staging", "dev",
];

/// Tells whether a key marks its value as a password or a token, and not as the place of one.
pub(super) fn says_password(words: &[String]) -> bool {
    let is_one = |word: &String| {
        PASSWORDS.contains(&word.as_str()) || ENDINGS.iter().any(|end| word.len() > end.len() && word.ends_with(end))
    };
    let Some(at) = words.iter().rposition(is_one) else { return false };
    let is_secret = words.get(at).is_some_and(|word| word.ends_with("secret"));
    words.iter().skip(at.saturating_add(1)).all(|word| {
        let word = word.as_str();
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_secret {
            is_number || OF_SECRETS.contains(&word)
        } else {
            !SAID.contains(&word) && !PLACES.contains(&word)
        }
    })
}

/// The things whose numbers are public: those of clients, tenants and accounts are in every address of a login.
const NUMBERED: [&str; 8] =
    ["client", "tenant", "subscription", "account", "project", "application", "app", "organization"];

/// Tells whether a key marks its value as the number of something: `AZURE_CLIENT_ID`, `tenantId`.
pub(super) fn is_number_of(words: &[String]) -> bool {
    let named = |word: &String| NUMBERED.contains(&word.as_str());
    words.last().is_some_and(|last| last == "id")
        && words.iter().any(named)
        && !words.iter().any(|word| word == "secret")
}

/// Tells whether a text is a UUID (RFC 9562).
pub(super) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Splits a key into words, in small letters: `dbPassword`, `DB_PASSWORD`, `db-password`.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut was_small = false;
    for letter in key.chars() {
        if !letter.is_alphanumeric() || was_small && letter.is_uppercase() {
            found.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    found.push(word);
    found.retain(|word| !word.is_empty());
    found
}
