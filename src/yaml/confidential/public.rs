//! Public keys and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The kinds of PEM blocks that are public.
const PUBLIC: [&str; 12] = [
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "X509 CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "PGP PUBLIC KEY BLOCK",
    "SSH2 PUBLIC KEY",
    "DH PARAMETERS",
    "EC PARAMETERS",
];

/// Removes the public blocks of PEM from a text; `None` if there are none.
pub(super) fn without_blocks(text: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN ";
    let mut out = String::new();
    let mut rest = text;
    let mut any = false;
    while let Some(at) = rest.find(BEGIN) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at.saturating_add(BEGIN.len())..).unwrap_or_default();
        let block = behind.split_once("-----").filter(|(label, _)| PUBLIC.contains(label));
        let Some((label, body)) = block else {
            out.push_str(BEGIN);
            rest = behind;
            continue;
        };
        any = true;
        let end = format!("-----END {label}-----");
        rest = match body.split_once(&end) {
            Some((_, after)) => after,
            // The example is cut short: only its letters belong to it.
            None => body
                .trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "+/=.…\\ \t\r\n".contains(letter)),
        };
    }
    out.push_str(rest);
    any.then_some(out)
}

/// Tells whether each line of a text is a public key of SSH or a recipient of age, by its structure; the beginning
/// alone is not enough.
pub(super) fn is_public_key(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    lines.peek().is_some() && lines.all(|line| is_of_ssh(line) || is_of_age(line))
}

/// Finds `ssh-ed25519 AAAA… comment`: the key begins with the length of its kind's name and the name (RFC 4253, section
/// 6.6).
fn is_of_ssh(line: &str) -> bool {
    let mut parts = line.split_whitespace();
    let (Some(kind), Some(key)) = (parts.next(), parts.next()) else { return false };
    let is_kind = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| kind.starts_with(start));
    let Ok(length) = u8::try_from(kind.len()) else { return false };
    let head: Vec<u8> = [0, 0, 0, length].into_iter().chain(kind.bytes()).collect();
    // Its last letter has bits of the next bytes.
    let mut expected = STANDARD_NO_PAD.encode(&head);
    if !head.len().is_multiple_of(3) {
        expected.pop();
    }
    // The example is cut short.
    let key = key.trim_end_matches(['.', '…']);
    is_kind && key.len() >= 4 && (key.starts_with(&expected) || expected.starts_with(key))
}

/// Finds recipients of age, of its plug-ins too: at least 58 letters of bech32.
fn is_of_age(line: &str) -> bool {
    let is_one = |word: &str| {
        let word = word.trim();
        word.starts_with("age1")
            && word.len() >= 58
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    line.split(" #").next().unwrap_or_default().split(',').all(is_one)
}
