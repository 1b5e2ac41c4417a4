//! The private keys in a text: age, PEM (SSH, TLS, PGP), `WireGuard`, or the credentials of a kubeconfig or of Docker's
//! configuration. A check refuses a file with one, and no difference shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::confidential::is_placeholder;
use super::{Value, manifest};

/// Every text with a key contains one of these.
const WORDS: [&str; 11] = [
    "SECRET-KEY-",
    "secret-key-",
    "AGE-PLUGIN-",
    "age-plugin-",
    "PRIVATE KEY",
    "PRIVATE_KEY",
    "users",
    "auths",
    // `PrivateKey`, `private_key`, `PresharedKey`
    "ivate",
    "shared",
    "PRESHARED",
];

/// The base64 of `-----BEGIN `, and of `AGE-SECRET-KEY-` at each offset in a group of three.
const ENCODED: [&str; 4] = ["LS0tLS1CRUdJTi", "QUdFLVNFQ1JFVC1LRVkt", "FHRS1TRUNSRVQtS0VZL", "BR0UtU0VDUkVULUtFWS"];

/// The greatest depth of texts within texts.
const DEEPEST: usize = 4;

/// Finds the keys of a text, each with its line.
pub fn of(text: &str) -> Vec<(usize, &'static str)> {
    if !WORDS.iter().chain(&ENCODED).any(|word| text.contains(word)) {
        return Vec::new();
    }
    let lines: Vec<(usize, &str)> = (1_usize..).zip(text.lines()).collect();
    let kubeconfig = is_kubeconfig(&lines);
    let mut found = Vec::new();
    for (position, (number, line)) in lines.iter().enumerate() {
        let rest = lines.get(position.saturating_add(1)..).unwrap_or_default();
        let what = age(line)
            .or_else(|| pem(line, rest))
            .or_else(|| of_wireguard(line))
            .or_else(|| if kubeconfig { credential(line) } else { None })
            .or_else(|| encoded(line, rest).filter(|_| !is_of_secret(text, *number)));
        found.extend(what.map(|what| (*number, what)));
    }
    if found.is_empty() && (text.contains("users") || text.contains("auths")) {
        let documents = manifest::parts(text).into_iter().filter_map(|(_, _, documents)| documents.ok());
        documents.flatten().for_each(|document| logins(&document, true, 0, &lines, &mut found));
    }
    found
}

/// Finds the credentials of kubeconfigs and of Docker's configuration, also in a text of another object. Another rule
/// reports the values of a Secret.
fn logins(value: &Value, whole: bool, depth: usize, lines: &[(usize, &str)], found: &mut Vec<(usize, &'static str)>) {
    match value {
        Value::Mapping(fields) => {
            if value.get("kind").and_then(Value::as_str).is_some_and(manifest::is_secret_kind) {
                return;
            }
            if whole {
                found.extend(of_kubeconfig(value, lines));
            }
            found.extend(of_docker(value, lines));
            fields.values().for_each(|value| logins(value, false, depth, lines, found));
        }
        Value::Sequence(items) => items.iter().for_each(|value| logins(value, false, depth, lines, found)),
        Value::String(text) if depth < DEEPEST && (text.contains("users") || text.contains("auths")) => {
            for document in manifest::documents(text).unwrap_or_default().iter().filter(|one| one.is_mapping()) {
                logins(document, true, depth.saturating_add(1), lines, found);
            }
        }
        _ => {}
    }
}

/// Finds the logins of Docker's configuration: `{"auths": {"HOST": {"auth": …}}}`.
fn of_docker(value: &Value, lines: &[(usize, &str)]) -> Option<(usize, &'static str)> {
    let entries = value.get("auths").and_then(Value::as_mapping)?;
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let login = entries.values().find_map(|entry| {
        let auth = text(entry, "auth");
        let decoded = STANDARD.decode(&auth).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let has_password = decoded.split_once(':').is_some_and(|(_, password)| !is_placeholder(password));
        let others = ["password", "identitytoken", "registrytoken"].map(|key| text(entry, key));
        has_password.then_some(auth).or_else(|| others.into_iter().find(|word| !is_placeholder(word)))
    })?;
    let at = lines.iter().find(|(_, line)| line.contains(&login));
    Some((at.map_or(1, |(number, _)| *number), "a login of Docker's configuration"))
}

/// Finds a key of `WireGuard`, 32 bytes in base64: `PrivateKey = …`, `WIREGUARD_PRIVATE_KEY: …`.
fn of_wireguard(line: &str) -> Option<&'static str> {
    let (key, value) = line.split_once(['=', ':'])?;
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'', ',']);
    let is_key = value.len() == 44 && STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == 32);
    let is_named = key.ends_with("privatekey") || key.ends_with("presharedkey");
    (is_named && is_key).then_some("a private key of WireGuard")
}

/// Tells whether a line is part of a Secret, whose base64 values another rule reports.
fn is_of_secret(text: &str, number: usize) -> bool {
    let around = manifest::parts(text).into_iter().rfind(|(begins, ..)| *begins <= number);
    around.and_then(|(_, _, documents)| documents.ok()).is_some_and(|documents| {
        let kind =
            |document: &Value| document.get("kind").and_then(Value::as_str).is_some_and(manifest::is_secret_kind);
        documents.iter().any(kind)
    })
}

/// Finds a key in base64, which may continue on the following lines.
fn encoded(line: &str, rest: &[(usize, &str)]) -> Option<&'static str> {
    let at = ENCODED.iter().find_map(|word| line.find(word))?;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter);
    // The key may be in the middle of the word.
    let begin = line.get(..at)?.rfind(|letter| !is_letter(letter)).map_or(0, |before| before.saturating_add(1));
    let word: String = line.get(begin..)?.chars().take_while(|letter| is_letter(*letter)).collect();
    let is_whole_line = line.trim_end().ends_with(&word);
    let below =
        rest.iter().map(|(_, line)| line.trim()).take_while(|line| !line.is_empty() && line.chars().all(is_letter));
    let whole: String = std::iter::once(word.as_str()).chain(below.filter(|_| is_whole_line)).collect();
    let letters: String = whole.chars().take_while(|letter| *letter != '=').collect();
    let length = letters.len() / 4 * 4;
    let bytes = STANDARD.decode(letters.get(..length)?).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<(usize, &str)> = (1_usize..).zip(text.lines()).collect();
    lines.iter().enumerate().find_map(|(position, (_, line))| {
        age(line).or_else(|| pem(line, lines.get(position.saturating_add(1)..).unwrap_or_default()))
    })
}

/// Finds the credentials of a kubeconfig by its fields, in any notation: in JSON, with quotes, in braces.
fn of_kubeconfig(document: &Value, lines: &[(usize, &str)]) -> Vec<(usize, &'static str)> {
    let list = |key: &str| document.get(key).and_then(Value::as_sequence);
    let users = || list("users").into_iter().flatten();
    let says_so = document.get("kind").and_then(Value::as_str) == Some("Config") || list("clusters").is_some();
    // kubectl merges files, of which one may hold the users alone, without a kind.
    let is_part =
        || users().all(|entry| entry.get("name").is_some() && entry.get("user").is_some_and(Value::is_mapping));
    if !says_so && !is_part() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for user in users().filter_map(|entry| entry.get("user")) {
        let environment = user.get("exec").and_then(|exec| exec.get("env")).and_then(Value::as_sequence);
        for variable in environment.into_iter().flatten() {
            let word = |key: &str| variable.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = word("name").to_ascii_uppercase();
            let is_secret =
                ["SECRET", "TOKEN", "PASSWORD", "PRIVATE_KEY", "API_KEY"].iter().any(|part| name.contains(part));
            if is_secret && let Some(what) = kind_of("password", word("value")) {
                let at = lines.iter().find(|(_, line)| line.contains(word("value")));
                found.push((at.map_or(1, |(number, _)| *number), what));
            }
        }
        let provider = user.get("auth-provider").and_then(|provider| provider.get("config"));
        let tokens = ["access-token", "id-token", "refresh-token", "client-secret"].map(|key| (provider, key));
        for (place, key) in
            ["token", "client-key-data", "password"].map(|key| (Some(user), key)).into_iter().chain(tokens)
        {
            let Some(value) = place.and_then(|place| place.get(key)).and_then(Value::as_str) else { continue };
            if let Some(what) = kind_of(key, value) {
                let at = lines.iter().find(|(_, line)| line.contains(value));
                found.push((at.map_or(1, |(number, _)| *number), what));
            }
        }
    }
    found
}

/// Finds an age identity: 59 letters of bech32 behind the prefix; an example with dots in it is none. age requires
/// capitals, but small letters give the same key. The name of a key in a store or a token, for a plug-in, may be the
/// key itself.
fn age(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_uppercase();
    let length = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).count();
    let has = |prefix: &str| line.split(prefix).skip(1).any(|rest| length(rest) >= 50);
    let names_one = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(rest.len());
        rest.get(..end).and_then(|word| word.split_once("-1")).is_some_and(|(_, data)| length(data) >= 16)
    };
    if line.split("AGE-PLUGIN-").skip(1).any(names_one) {
        return Some("an identity of an age plug-in");
    }
    if has("AGE-SECRET-KEY-1") {
        return Some("an age private key");
    }
    has("AGE-SECRET-KEY-PQ-1").then_some("a post-quantum age private key")
}

/// Finds a PEM private key: its first line, with base64 behind it; JSON may have several on one line.
fn pem(line: &str, rest: &[(usize, &str)]) -> Option<&'static str> {
    line.split("-----BEGIN ").skip(1).find_map(|after| pem_begun(after, rest))
}

fn pem_begun(after: &str, rest: &[(usize, &str)]) -> Option<&'static str> {
    let (kind, tail) = after.split_once("-----")?;
    let what = match kind {
        "OPENSSH PRIVATE KEY" => "an SSH private key",
        "PGP PRIVATE KEY BLOCK" => "a PGP private key",
        kind if kind.ends_with("PRIVATE KEY") => "a private key",
        _ => return None,
    };
    // In JSON the key follows on the same line, behind `\n`.
    let mut inline = tail.trim_start();
    while let Some(rest) = ["\\\\", "\\r", "\\n"].iter().find_map(|sign| inline.strip_prefix(sign)) {
        inline = rest.trim_start();
    }
    let mut follow = rest.iter().take(8).map(|(_, line)| line.trim().trim_matches(['"', '\'', ',', '+']));
    let is_base64 = |text: &str| {
        let letters = text.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).count();
        letters >= 40 || (letters >= 16 && letters == text.chars().count())
    };
    (is_base64(inline) || follow.any(is_base64)).then_some(what)
}

fn is_kubeconfig(lines: &[(usize, &str)]) -> bool {
    let has = |words: &str| lines.iter().any(|(_, line)| line.trim_end() == words || line.starts_with(words));
    has("kind: Config") && has("users:") && has("clusters:")
}

/// Finds a credential of a kubeconfig.
fn credential(line: &str) -> Option<&'static str> {
    let (key, value) = line.trim_start_matches([' ', '-']).split_once(':')?;
    kind_of(key, value.trim().trim_matches(['"', '\'']))
}

fn kind_of(key: &str, value: &str) -> Option<&'static str> {
    let what = match key {
        "token" | "access-token" | "id-token" | "refresh-token" => "a kubeconfig's token",
        "client-key-data" => "a kubeconfig's private key",
        "password" | "client-secret" => "a kubeconfig's password",
        _ => return None,
    };
    (value.len() >= 8 && !value.starts_with(['<', '$']) && !value.contains("...") && !value.contains('…'))
        .then_some(what)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::of;

    const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";

    #[test]
    fn a_key_is_found_in_whatever_form_it_stands() {
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END PRIVATE KEY-----\n");
        let age = format!("# public key: age1\nAGE-SECRET-KEY-1{}\n", "Q".repeat(58));
        let encoded = |text: &str| STANDARD.encode(text);
        let mut wrapped = String::new();
        for part in encoded(&pem).as_bytes().chunks(60) {
            wrapped.extend(["  ", &String::from_utf8_lossy(part), "\n"]);
        }
        let login = encoded("app:hunter2");
        let wireguard = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        for (line, text) in [
            (1, pem.clone()),
            (1, format!("key: \"-----BEGIN PRIVATE KEY----- {BODY} {BODY} -----END PRIVATE KEY-----\"\n")),
            (2, format!("key:\n  -----BEGIN PRIVATE KEY-----\n  {BODY}\n  {BODY}\n  -----END PRIVATE KEY-----\n")),
            (1, format!("{{\"key\": \"-----BEGIN PRIVATE KEY-----\\\\n{BODY}\\\\n\"}}\n")),
            (2, format!("kind: ConfigMap\nbinaryData: {{tls.key: {}}}\n", encoded(&pem))),
            (3, format!("kind: ConfigMap\nbinaryData:\n  tls.key: {}\n", encoded(&age))),
            (3, format!("kind: ConfigMap\nbinaryData:\n  tls.key: {}\n", encoded(&format!("{age}\n").replace("# public", "#  public")))),
            (3, format!("kind: ConfigMap\nbinaryData:\n  tls.key: {}\n", encoded(&format!("{age}\n").replace("# public", "#public")))),
            (3, format!("binaryData:\n  tls.key: |\n  {}", wrapped.replace("\n  ", "\n    "))),
            (2, format!("[Interface]\nPrivateKey = {wireguard}\n")),
            (2, format!("[Peer]\n  PresharedKey={wireguard} # ours\n")),
            (1, format!("WIREGUARD_PRIVATE_KEY: \"{wireguard}\"\n")),
            (1, format!("{{\"auths\": {{\"ghcr.io\": {{\"auth\": \"{login}\"}}}}}}\n")),
            (4, format!("kind: ConfigMap\ndata:\n  config.json: |\n    {{\"auths\": {{\"ghcr.io\": {{\"auth\": \"{login}\"}}}}}}\n")),
            (1, "{\"auths\": {\"ghcr.io\": {\"username\": \"app\", \"password\": \"hunter2\"}}}\n".to_owned()),
            (8, "kind: ConfigMap\ndata:\n  kubeconfig: |\n    kind: Config\n    clusters: []\n    users:\n    - name: a\n      user: {token: abcdefghijklmnopqrst}\n".to_owned()),
            (8, "kind: ConfigMap\ndata:\n  kubeconfig: |\n    apiVersion: v1\n    kind: Config\n    users:\n    - name: a\n      user: {token: abcdefghijklmnopqrst}\n".to_owned()),
        ] {
            let found = of(&text);
            assert!(matches!(found.as_slice(), [(at, _)] if *at == line), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_key_is_none() {
        let public =
            STANDARD.encode(format!("-----BEGIN CERTIFICATE-----\n{BODY}\n{BODY}\n-----END CERTIFICATE-----\n"));
        for text in [
            format!("caBundle: {public}\n"),
            format!(
                "kind: Secret\ndata:\n  tls.key: {}\n",
                STANDARD.encode(format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n"))
            ),
            "key: -----BEGIN PRIVATE KEY----- ... -----END PRIVATE KEY-----\n".to_owned(),
            "PrivateKey = ${WIREGUARD_KEY}\nPublicKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n".to_owned(),
            "privateKey:\n  algorithm: ECDSA\n".to_owned(),
            "privateKeySecretRef: {name: a}\n".to_owned(),
            "{\"auths\": {\"ghcr.io\": {\"auth\": \"${AUTH}\"}}}\n".to_owned(),
            "{\"auths\": {\"ghcr.io\": {\"username\": \"app\", \"password\": \"{{ .password }}\"}}}\n".to_owned(),
            "{\"auths\": {\"ghcr.io\": {}}, \"credsStore\": \"desktop\"}\n".to_owned(),
            "kind: HelmRelease\nspec: {values: {users: [{name: a, role: b}]}}\n".to_owned(),
            "kind: ConfigMap\ndata:\n  users.yaml: |\n    users:\n    - {name: a, roles: [b]}\n".to_owned(),
        ] {
            assert_eq!(of(&text), [], "{text}");
        }
    }
}
