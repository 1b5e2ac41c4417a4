//! Values that are filled in elsewhere, references, and placeholders for the user.

use super::keys::{is_uuid, words};

/// Placeholders for the user.
const STANDS_FOR: [&str; 8] =
    ["changeme", "change-me", "change_me", "replace-me", "replace_me", "replaceme", "redacted", "todo"];

/// Words of placeholders in brackets: `<your token>`, `<S3_KEY_1>`.
const HINTS: [&str; 50] = [
    "your",
    "my",
    "the",
    "a",
    "some",
    "any",
    "token",
    "password",
    "passwd",
    "pass",
    "secret",
    "key",
    "name",
    "id",
    "user",
    "username",
    "url",
    "host",
    "email",
    "domain",
    "region",
    "bucket",
    "account",
    "client",
    "api",
    "insert",
    "here",
    "change",
    "changeme",
    "replace",
    "fill",
    "enter",
    "value",
    "path",
    "file",
    "base64",
    "encoded",
    "redacted",
    "random",
    "generated",
    "example",
    "placeholder",
    "todo",
    "var",
    "variable",
    "oauth2",
    "s3",
    "b2",
    "sha256",
    "input",
];

/// Prefixes of `${NAME:…}` that name a place to look in: of Spring, Log4j and the like.
const PROVIDERS: [&str; 8] = ["env", "ENV", "file", "sys", "vault", "secret", "secrets", "sm"];

/// Functions of templates that pass on their text, perhaps in other letters.
const HANDS_ON: [&str; 22] = [
    "quote",
    "squote",
    "print",
    "printf",
    "toString",
    "toJson",
    "toYaml",
    "string",
    "safe",
    "trim",
    "upper",
    "lower",
    "indent",
    "nindent",
    "b64enc",
    "b64encode",
    "b64dec",
    "b64decode",
    "base64",
    "base64encode",
    "htpasswd",
    "bcrypt",
];

/// The marks of template programs beside `{{ … }}`: makejinja and `minijinja` with other marks, ERB.
const PLACES: [(&str, &str); 7] =
    [("{{", "}}"), ("#{", "}#"), ("#%", "%#"), ("{%", "%}"), ("[[", "]]"), ("<%", "%>"), ("<<", ">>")];

/// Tells whether a text is empty, a reference, or a placeholder.
pub(super) fn says_nothing(text: &str) -> bool {
    text.is_empty()
        || matches!(text, "true" | "false" | "null" | "~" | "{}" | "[]")
        || is_reference(text)
        || text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(stands_for_something)
        || STANDS_FOR.iter().any(|word| text.eq_ignore_ascii_case(word))
        // One letter or two are a value.
        || text.len() > 2 && text.bytes().all(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'-' | b'_'))
}

/// Tells whether a text is a reference to a store of secrets, in that store's own form: 1Password, vals, Vault and
/// `OpenBao` by their injectors, Bitwarden, Keeper, Infisical, Doppler. A text that only begins like one is none.
pub(super) fn is_reference(text: &str) -> bool {
    // Vaults and items may have spaces in their names.
    if text.contains(['\n', '\r', '\t']) {
        return false;
    }
    let behind = |start: &str| text.strip_prefix(start);
    let names = |rest: &str, least: usize| rest.matches('/').count() >= least && !rest.ends_with('/');
    // `op://vault/item/field`, perhaps with a section before the field.
    behind("op://").is_some_and(|rest| names(rest, 2))
        // `ref+vault://path#/key`
        || behind("ref+").or_else(|| behind("secretref+")).is_some_and(|rest| {
            rest.split_once("://").is_some_and(|(scheme, path)| !scheme.is_empty() && !path.is_empty())
        })
        // `vault:secret/data/app#KEY`, and `vault:v1:…`, a ciphertext of Vault's transit engine.
        || behind("vault:").or_else(|| behind("bao:")).is_some_and(|rest| {
            let of_path = rest.split_once('#').is_some_and(|(path, key)| path.contains('/') && !key.is_empty());
            let version = rest.strip_prefix('v').and_then(|rest| rest.split_once(':')).map(|(version, _)| version);
            of_path || names(rest, 2) || version.is_some_and(|version| version.parse::<u32>().is_ok())
        })
        || behind("bws://").is_some_and(|rest| names(rest, 1) || is_uuid(rest))
        || ["keeper://", "infisical://", "doppler://"].iter().any(|start| behind(start).is_some_and(|rest| names(rest, 1)))
}

/// The schemes of references to a store that look like addresses.
pub(super) const REFERENCE_SCHEMES: [&str; 5] = ["op", "bws", "keeper", "infisical", "doppler"];

/// Tells whether the text in brackets is a placeholder: `path:…` of a plug-in of Argo CD, words of an example. A word
/// with digits and without a hint may be a literal value.
fn stands_for_something(inside: &str) -> bool {
    !inside.contains('\n')
        && (inside.starts_with("path:")
            || inside.contains(' ')
            || !inside.contains(|letter: char| letter.is_ascii_digit())
            || !inside.contains(|letter: char| letter.is_ascii_lowercase())
            || words(inside).iter().any(|word| HINTS.contains(&word.as_str())))
}

/// Removes the parts that are filled in elsewhere: `${name}` of Flux and `{{ … }}` of templates. The text of a default
/// stays, and so does a literal in a template.
pub(in crate::yaml) fn filled(text: &str) -> String {
    filled_within(text, 0)
}

/// The deepest nesting of defaults that is read; the rest below stays as it is written, and is judged so.
const DEEPEST: usize = 8;

fn filled_within(text: &str, depth: usize) -> String {
    if depth > DEEPEST {
        return text.to_owned();
    }
    let once = filled_once(text, depth);
    // An escaped template is for another program: `{{ "{{ .password }}" }}`.
    let filled = if once.contains("{{") && once != text { filled_once(&once, depth) } else { once };
    // A text that only joins filled-in parts holds nothing: `{{ .user }}:{{ .password }}`.
    if filled != text && !filled.contains(char::is_alphanumeric) { String::new() } else { filled }
}

fn filled_once(text: &str, depth: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '{', '#', '[', '<']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at..).unwrap_or_default();
        if let Some((inside, end)) = PLACES.iter().find_map(|(begin, end)| Some((behind.strip_prefix(begin)?, *end)))
            && let Some(at) = end_of_action(inside, end)
        {
            literals(inside.get(..at).unwrap_or_default(), &mut out);
            rest = inside.get(at.saturating_add(end.len())..).unwrap_or_default();
            continue;
        }
        if let Some(inside) = behind.strip_prefix("${")
            && let Some(end) = closing(inside)
        {
            if let Some(instead) = written_instead(inside.get(..end).unwrap_or_default()) {
                out.push_str(&filled_within(instead, depth + 1));
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

/// Returns the text in a variable's braces that replaces an empty or a set value: `A:-text`, `A+text`,
/// `A/pattern/text`.
fn written_instead(inner: &str) -> Option<&str> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let (name, rest) = inner.split_at(inner.find(|letter| !is_letter(letter)).unwrap_or(inner.len()));
    if name.is_empty() {
        // `${{ … }}`, `${ … }` and `${#A}` are forms of other programs, and hold no literal text.
        return (!inner.starts_with(['{', ' ', '#', '.', '$'])).then_some(inner);
    }
    let sign = rest.chars().next()?;
    let behind = rest.get(sign.len_utf8()..).unwrap_or_default();
    match sign {
        ':' if behind.starts_with(['-', '=', '+']) => behind.get(1..),
        ':' => {
            let is_part = behind.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, ':' | '-' | ' '));
            (!is_part && !behind.starts_with('?') && !PROVIDERS.contains(&name)).then_some(behind)
        }
        '=' | '-' | '+' => Some(behind),
        '/' => behind.trim_start_matches('/').split_once('/').map(|(_, instead)| instead),
        '?' | '#' | '%' | '^' | ',' => None,
        _ => rest.split_once([':', '=', '-']).map(|(_, default)| default.trim_start_matches(['=', '-'])),
    }
}

/// Finds the end of a template's action; quoted text does not end it.
fn end_of_action(inside: &str, end: &str) -> Option<usize> {
    let simple = inside.find(end)?;
    let (mut quote, mut escaped) = (None, false);
    for (at, letter) in inside.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some('"') if letter == '\\' => escaped = true,
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '"' | '`' | '\'') => quote = Some(letter),
            None if inside.get(at..).is_some_and(|rest| rest.starts_with(end)) => return Some(at),
            _ => {}
        }
    }
    Some(simple)
}

/// Writes the literal texts of a template's action: a single one, one that functions pass on, and defaults. A bare word
/// in brackets that names nothing stays.
fn literals(action: &str, out: &mut String) {
    let is_bare =
        !action.is_empty() && action.chars().all(|letter| letter.is_alphanumeric() || "!@%^&*".contains(letter));
    if is_bare && !stands_for_something(action) {
        out.push_str(action);
        return;
    }
    let trimmed = action.trim_start_matches(['-', '=', '~']).trim_start().trim_end_matches(['-', '~']).trim();
    let mut parts = trimmed.split('|').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let function = |part: &str| {
        part.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default().to_owned()
    };
    // The result of another function is not the text: `"PASSWORD" | env`.
    let all_hand_on =
        parts.clone().all(|part| HANDS_ON.contains(&function(part).as_str()) || function(part) == "default");
    let begins = first.trim_start_matches('(').trim_start();
    let is_quoted = |text: &str| text.starts_with(['"', '`', '\'']);
    let given = |text: &str| text.split_once([' ', '(']).is_some_and(|(_, given)| is_quoted(given.trim_start()));
    if (is_quoted(begins) || HANDS_ON.contains(&function(begins).as_str()) && given(begins)) && all_hand_on {
        quoted(begins).into_iter().filter(|text| !text.contains('%')).for_each(|text| out.push_str(text));
        return;
    }
    for part in std::iter::once(begins).chain(parts).filter(|part| function(part) == "default") {
        out.push_str(quoted(part).first().copied().unwrap_or_default());
    }
}

/// Lists the quoted texts of an action.
fn quoted(part: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = part;
    while let Some(at) = rest.find(['"', '`', '\'']) {
        let quote = rest.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('"');
        let inside = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let Some(end) = inside.find(quote) else { break };
        found.push(inside.get(..end).unwrap_or_default());
        rest = inside.get(end.saturating_add(1)..).unwrap_or_default();
    }
    found
}

/// Finds the brace that closes an open one.
pub(in crate::yaml) fn closing(text: &str) -> Option<usize> {
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
