//! Which values of a Secret must stay secret, and which say nothing: references to a password manager, variables that Flux fills in, hosts,
//! addresses, names of users, public keys.
//!
//! What is doubtful is taken for confidential: a short word below a key that says nothing may be a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Value;

/// What references to a store of secrets begin with: 1Password, vals, Vault and `OpenBao` by their injectors, Bitwarden, Keeper, Infisical.
const REFERENCES: [&str; 9] =
    ["op://", "ref+", "secretref+", "vault:", "bao:", "bws://", "keeper://", "infisical://", "doppler://"];

/// Words of keys that say that the value is to be kept.
const KEPT: [&str; 23] = [
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

/// Words of keys that say that the value is no secret.
const SAID: [&str; 61] = [
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

/// Values of settings that choose something, whatever the key is called.
const CHOICES: [&str; 16] = [
    "none", "nothing", "disable", "disabled", "enable", "enabled", "auto", "default", "generate", "optional",
    "required", "never", "always", "on", "off", "no",
];

/// Values that stand for what somebody is to fill in.
const STANDS_FOR: [&str; 8] =
    ["changeme", "change-me", "change_me", "replace-me", "replace_me", "replaceme", "redacted", "todo"];

/// Tells whether a value below `stringData` must stay secret; `key` is its key.
pub fn is_confidential(key: &str, text: &str) -> bool {
    let text = filled(text);
    let text = text.trim();
    if text.contains("PRIVATE KEY-----") || text.contains("AGE-SECRET-KEY-") {
        return true;
    }
    if says_nothing(text) {
        return false;
    }
    if is_structured(text) {
        return text.lines().any(|line| is_confidential_line(key, line));
    }
    if is_public_key(text) || is_harmless_address(text) || is_email(text) {
        return false;
    }
    // An address that is not harmless opens a door.
    if text.contains("://") && !text.contains(char::is_whitespace) {
        return true;
    }
    let words = words(key);
    let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if words.iter().any(|word| word == "public") && says(&["key", "keys"]) {
        return false;
    }
    if is_number_of(&words) && is_uuid(text) {
        return false;
    }
    says(&KEPT) || is_random(text) || !says(&SAID)
}

/// Tells whether a value below `data`, in base64, must stay secret.
pub fn is_confidential_data(key: &str, encoded: &str) -> bool {
    let filled_in = filled(encoded);
    if says_nothing(filled_in.trim()) {
        return false;
    }
    let compact: String = encoded.split_whitespace().collect();
    match STANDARD.decode(compact).map(String::from_utf8) {
        Ok(Ok(text)) => is_confidential(key, &text),
        // Bytes, or no base64: whoever wrote it may have meant the text itself.
        _ => true,
    }
}

/// Tells whether a value of a block of a Secret (`data`, `stringData`) must stay secret: what is neither text nor a truth value is doubtful.
pub fn is_confidential_value(block: &str, key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if block == "data" => is_confidential_data(key, text),
        Value::String(text) => is_confidential(key, text),
        _ => true,
    }
}

/// What `flux build kustomization` and `flux diff` write in the place of a value that they decrypted (fluxcd/flux2, internal/build).
const MASK: &str = "**SOPS**";

/// Tells whether a value is the mask of `flux build`, as it is or in base64.
pub fn is_mask(value: &str) -> bool {
    value == MASK || value.trim() == STANDARD.encode(MASK)
}

/// Tells whether a text is nothing but what somebody else fills in, or says nothing.
pub fn is_placeholder(text: &str) -> bool {
    says_nothing(filled(text).trim())
}

/// Tells whether a key or the value itself says that it is to be kept. Unlike [`is_confidential`] it takes nothing doubtful for confidential:
/// it judges values that need not be those of a Secret.
pub fn is_surely_confidential(key: &str, text: &str) -> bool {
    let text = filled(text);
    let text = text.trim();
    if text.contains("PRIVATE KEY-----") || text.contains("AGE-SECRET-KEY-") {
        return true;
    }
    if says_nothing(text) || is_public_key(text) || is_number_of(&words(key)) && is_uuid(text) {
        return false;
    }
    // `secretName` is a name, and `tokenTTL` a time.
    let kept = words(key).last().is_some_and(|word| KEPT.contains(&word.as_str()));
    let opens = text.contains("://") && !is_harmless_address(text);
    kept && !is_harmless_address(text) || is_random(text) || opens
}

/// Tells whether the value of a variable is no secret, whatever it stands in: a number or a sentence where no name says that it is to be kept, or what
/// its own name calls a host, a user or the like.
pub(super) fn is_said_openly(key: &str, name: &str, value: &str) -> bool {
    let says = |words: &[String], list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let (of_key, own) = (words(key), words(name));
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let is_called = own.last().is_some_and(|last| SAID.contains(&last.as_str())) && !says(&own, &KEPT);
    let is_sentence = value.split_whitespace().count() > 2;
    (is_number || is_sentence) && !says(&of_key, &KEPT) && !says(&own, &KEPT)
        || is_called && !value.contains("://") && !is_random(value)
}

/// Whose numbers are no secrets: those of clients, tenants and accounts stand in every address of a login.
const NUMBERED: [&str; 8] =
    ["client", "tenant", "subscription", "account", "project", "application", "app", "organization"];

/// Tells whether a key says that its value is the number of something: `AZURE_CLIENT_ID`, `tenantId`.
fn is_number_of(words: &[String]) -> bool {
    let named = |word: &String| NUMBERED.contains(&word.as_str());
    words.last().is_some_and(|last| last == "id")
        && words.iter().any(named)
        && !words.iter().any(|word| word == "secret")
}

/// Tells whether a text is a UUID (RFC 9562).
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn says_nothing(text: &str) -> bool {
    text.is_empty()
        || matches!(text, "true" | "false" | "null" | "~" | "{}" | "[]")
        // Vaults and items may have spaces in their names.
        || REFERENCES.iter().any(|start| text.starts_with(start) && !text.contains(['\n', '\r', '\t']))
        // `<path:…>` of a plug-in of Argo CD, `<your token>` of an example.
        || (text.starts_with('<') && text.ends_with('>') && !text.contains('\n'))
        || STANDS_FOR.iter().any(|word| text.eq_ignore_ascii_case(word))
        // One letter is a value, however short.
        || text.len() > 1 && text.bytes().all(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_'))
}

/// What programs of templates fill in beside `{{ … }}`: makejinja and `minijinja` by other signs, ERB.
const PLACES: [(&str, &str); 6] = [("#{", "}#"), ("#%", "%#"), ("{%", "%}"), ("[[", "]]"), ("<%", "%>"), ("<<", ">>")];

/// Takes out what is filled in elsewhere: `${name}` of Flux and `{{ … }}` of templates; of a default its text stays.
pub(super) fn filled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{', '#', '[', '<']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at..).unwrap_or_default();
        if let Some(inside) = behind.strip_prefix("{{")
            && let Some(end) = inside.find("}}")
        {
            rest = inside.get(end.saturating_add(2)..).unwrap_or_default();
            continue;
        }
        if let Some((inside, end)) = PLACES.iter().find_map(|(begin, end)| Some((behind.strip_prefix(begin)?, *end)))
            && let Some(at) = inside.find(end)
        {
            rest = inside.get(at.saturating_add(end.len())..).unwrap_or_default();
            continue;
        }
        if let Some(inside) = behind.strip_prefix("${")
            && let Some(end) = closing(inside)
        {
            let inner = inside.get(..end).unwrap_or_default();
            if let Some((_, default)) = inner.split_once([':', '=', '-']) {
                out.push_str(&filled(default.trim_start_matches(['=', '-'])));
            }
            rest = inside.get(end.saturating_add(1)..).unwrap_or_default();
            continue;
        }
        let length = behind.chars().next().map_or(1, char::len_utf8);
        out.push_str(behind.get(..length).unwrap_or_default());
        rest = behind.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Finds the brace that closes one that was opened before.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth: usize = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth = depth.saturating_add(1),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Tells whether a text is a configuration of several values.
pub(super) fn is_structured(text: &str) -> bool {
    text.contains('\n') && !text.starts_with("-----BEGIN ") || text.starts_with('{') && text.ends_with('}')
}

/// Judges a line of a configuration: what its own key says is to be kept, or what nobody would write by hand.
pub(super) fn is_confidential_line(of: &str, line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("//") || line.starts_with("-----") {
        return false;
    }
    let pairs = line.split([',', '{', '}']).map(str::trim).filter(|part| !part.is_empty());
    for pair in pairs {
        let Some((key, value)) = pair.split_once([':', '=']) else {
            // A line of its own belongs to the key that holds all of it.
            let kept = words(of).iter().any(|word| matches!(word.as_str(), "password" | "token" | "key"));
            if is_random(pair) || kept && !pair.contains(' ') && pair.len() > 5 {
                return true;
            }
            continue;
        };
        let clean = |text: &str| text.trim().trim_matches(['"', '\'', ' ']).to_owned();
        let (key, value) = (clean(key), clean(value.split(" #").next().unwrap_or_default()));
        let is_choice = CHOICES.contains(&value.to_ascii_lowercase().as_str());
        if is_choice
            || says_nothing(&value)
            || is_public_key(&value)
            || value.starts_with('/')
            || value == "|"
            || value == ">"
        {
            continue;
        }
        if value.contains("://") || value.starts_with("//") {
            let whole = if value.starts_with("//") { format!("{key}:{value}") } else { value.clone() };
            if !is_harmless_address(&whole) {
                return true;
            }
            continue;
        }
        let is_small_number = value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit());
        let kept = words(&key).iter().any(|word| KEPT.contains(&word.as_str()));
        let public = words(&key).iter().any(|word| word == "public");
        let of_parts = || value.split_whitespace().any(is_random);
        if kept && !public && (!is_small_number && !value.contains(' ') || of_parts()) || is_random(&value) {
            return true;
        }
    }
    false
}

/// Splits a key into words, in small letters: `dbPassword`, `DB_PASSWORD`, `db-password`.
fn words(key: &str) -> Vec<String> {
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

fn is_public_key(text: &str) -> bool {
    let starts = ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "age1", "ssh-dss "];
    let is_one = |line: &str| starts.iter().any(|start| line.starts_with(start));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let public = ["-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----"];
    public.iter().any(|start| text.starts_with(start)) || lines.clone().next().is_some() && lines.clone().all(is_one)
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty() && is_host(host) && !name.contains([':', '/', ' '])
}

/// Tells whether a text is an address without anything in it that opens a door.
fn is_harmless_address(text: &str) -> bool {
    if text.contains(char::is_whitespace) {
        return false;
    }
    let Some((_, rest)) = text.split_once("://") else { return is_host(text) || is_path(text) };
    let (address, query) = rest.split_once('?').map_or((rest, ""), |(address, query)| (address, query));
    let authority = address.split('/').next().unwrap_or_default();
    let is_open = authority
        .rsplit_once('@')
        .is_none_or(|(user, _)| user.split_once(':').is_none_or(|(_, password)| password.is_empty()));
    let of_query = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let kept = words(key).iter().any(|word| KEPT.contains(&word.as_str()));
        value.starts_with('/') || !(kept && !value.is_empty() || is_random(value))
    };
    is_open && address.split('/').skip(1).all(|part| !is_random(part)) && query.split('&').all(of_query)
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

/// Tells whether nobody would write such a word by hand: twenty characters or more, letters and digits mixed, hardly any twice.
fn is_random(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    if text.len() < 20 || !text.bytes().all(is_word) {
        return false;
    }
    let (mut counts, mut kinds) = ([0_u32; 128], [false; 3]);
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
        kinds = [
            kinds.first() == Some(&true) || byte.is_ascii_digit(),
            kinds.get(1) == Some(&true) || byte.is_ascii_lowercase(),
            kinds.get(2) == Some(&true) || byte.is_ascii_uppercase(),
        ];
    }
    let letters = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / letters)
        .map(|share| -share * share.log2())
        .sum();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    kinds.first() == Some(&true) && digits >= 3 && entropy > 3.3 && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::{is_confidential, is_confidential_data};

    #[test]
    fn what_opens_a_door_is_confidential() {
        for (key, text) in [
            ("a", "hunter2"),
            ("password", "a"),
            ("DB_PASSWORD", "postgres"),
            ("dbPassword", "x1"),
            ("token", "12345678"),
            ("url", "postgres://app:hunter2@db.web.svc:5432/app"),
            ("url", "https://hooks.example.org/services/T00000000/B0000000/Xq3v9LmZ0aP4kR7tYb2N"),
            ("url", "https://example.org/a?token=abc"),
            ("username", "Xq3v9LmZ0aP4kR7tYb2N8wQe"),
            ("config.ini", "[a]\nuser = b\npassword = hunter2\n"),
            ("config.yaml", "a:\n  secret_key: \"hunter2\"\n"),
            (".dockerconfigjson", r#"{"auths":{"a.example.org":{"auth":"dTpw"}}}"#),
            ("a", "${A:=hunter2}"),
            ("id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"),
            ("password", "a.b.c d"),
            ("wifi", "correct horse battery"),
            ("config.yaml", "media:\n  server_key: ed25519 a_Vg ivuR2EzzrqX7kIADeypBxJUmHOJ9dsBewQC6qr3Hho\n"),
            ("AZURE_CLIENT_SECRET", "04561461-0f92-42b3-9328-8b0c1bba4641"),
        ] {
            assert!(is_confidential(key, text), "{key}: {text}");
        }
        assert!(is_confidential_data("a", "aHVudGVyMg=="));
        assert!(is_confidential_data("a", "no base64!"));
        assert!(is_confidential_data("a", "/+8="), "bytes");
    }

    #[test]
    fn what_stands_for_a_secret_or_says_nothing_is_none() {
        for (key, text) in [
            ("token", ""),
            ("token", "op://lab/connect/token"),
            ("token", "op://lab/a vault with spaces/token"),
            ("AZURE_CLIENT_ID", "04561461-0f92-42b3-9328-8b0c1bba4641"),
            ("AZURE_SYNC_PERIOD", "12h"),
            ("MAX_CONCURRENT_RECONCILES", "3"),
            ("config.yaml", "logout:\n  private: nothing\n  shared_key: generate\n"),
            ("token", "<path:secret/data/app#token>"),
            ("token", "ref+sops://a.yaml#/b"),
            ("token", "${TOKEN}"),
            ("token", "{{ .token }}"),
            ("identity", "#% filter indent(4) %#\n#{ deploy_key() }#\n#% endfilter %#\n"),
            ("token", "#{ token }#"),
            ("RESTIC_REPOSITORY", "s3:http://minio.example.org:9000/backup"),
            ("RESTIC_REPOSITORY", "s3:https://s3.${REGION}.example.org/${APP}"),
            ("rclone.conf", "[r2]\ntype = s3\nsecret_access_key = ${R2_KEY}\nendpoint = https://r2.example.org\n"),
            ("username", "admin"),
            ("username", "${OWNER:=${APP}}"),
            ("host", "postgres-rw.database.svc"),
            ("uri", "postgresql://app@db.web.svc:5432/app?sslmode=verify-full&sslkey=/run/tls.key"),
            ("authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example.org\n"),
            ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
            ("email", "me@example.org"),
            ("port", "5432"),
            ("enabled", "true"),
            ("password", "CHANGEME"),
        ] {
            assert!(!is_confidential(key, text), "{key}: {text}");
        }
        assert!(!is_confidential_data("username", "YWRtaW4="));
        assert!(!is_confidential_data("token", "${TOKEN}"));
    }
}
