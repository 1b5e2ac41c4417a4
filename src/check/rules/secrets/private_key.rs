//! A private key in a file: age, PEM (SSH, TLS, PGP), or what a kubeconfig logs in with.

use crate::check::file::parts;
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::yaml::Value;

pub(in crate::check) const RULE: Rule = Rule {
    id: "private-key",
    about: "a private key of age, SSH, TLS or PGP, or a kubeconfig's credentials",
    look: RuleInput::File(look),
};

/// One of these stands in whatever holds a key.
const WORDS: [&str; 6] = ["SECRET-KEY-", "secret-key-", "AGE-PLUGIN-", "age-plugin-", "PRIVATE KEY", "users"];

fn look(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    for text in file.readings().filter(|text| WORDS.iter().any(|word| text.contains(word))) {
        let before = found.len();
        for (number, what) in keys(text) {
            let message = format!("{what} stands in the file");
            let why = "once pushed, everybody who reads the repository has it, in its history too";
            let fix = "move it out of the repository and name it in .gitignore; if it was ever pushed, make a new one and take the old out of use";
            found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number));
        }
        if found.len() > before {
            return;
        }
    }
}

/// Finds the keys of a text, each with its line.
fn keys(text: &str) -> Vec<(usize, &'static str)> {
    let lines: Vec<(usize, &str)> = (1_usize..).zip(text.lines()).collect();
    let kubeconfig = is_kubeconfig(&lines);
    let mut found = Vec::new();
    for (position, (number, line)) in lines.iter().enumerate() {
        let rest = lines.get(position.saturating_add(1)..).unwrap_or_default();
        let what = age(line).or_else(|| pem(line, rest)).or_else(|| if kubeconfig { credential(line) } else { None });
        found.extend(what.map(|what| (*number, what)));
    }
    if found.is_empty() && text.contains("users") {
        let documents = parts(text).into_iter().filter_map(|(_, _, documents)| documents.ok());
        found.extend(documents.flatten().flat_map(|document| of_kubeconfig(&document, &lines)));
    }
    found
}

/// Finds what a kubeconfig logs in with by what it says, however it is written: in JSON, with quotes, in braces.
fn of_kubeconfig(document: &Value, lines: &[(usize, &str)]) -> Vec<(usize, &'static str)> {
    let list = |key: &str| document.get(key).and_then(Value::as_sequence);
    let users = || list("users").into_iter().flatten();
    let says_so = document.get("kind").and_then(Value::as_str) == Some("Config") || list("clusters").is_some();
    // kubectl joins files, of which one may hold the users alone, and asks none what it is.
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

/// Finds an age identity: 59 letters of bech32 behind the prefix; an example with dots in it is none. In small letters it is the same key, though
/// age wants it in capitals. What names a key in a store or a token, for a plug-in, may be the key itself.
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

/// Finds a PEM private key: the line that begins it, with base64 behind it; several may stand on one line, as JSON has them.
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
    // In one line, as JSON has it, the key follows behind `\n`.
    let inline = tail.strip_prefix("\\r").unwrap_or(tail).trim_start_matches("\\n");
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

/// Finds what a kubeconfig logs in with.
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
