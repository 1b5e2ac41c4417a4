//! A private key in a file: age, PEM (SSH, TLS, PGP), or what a kubeconfig logs in with.

use super::super::{Context, File, Finding, Look, Rule};

pub(in crate::check) const RULE: Rule = Rule {
    id: "private-key",
    about: "a private key of age, SSH, TLS or PGP, or a kubeconfig's credentials",
    look: Look::File(look),
};

fn look(file: &File, _context: &Context<'_>, found: &mut Vec<Finding>) {
    let lines: Vec<(usize, &str)> = file.lines().collect();
    let kubeconfig = is_kubeconfig(&lines);
    for (position, (number, line)) in lines.iter().enumerate() {
        let rest = lines.get(position.saturating_add(1)..).unwrap_or_default();
        let what = age(line).or_else(|| pem(line, rest)).or_else(|| if kubeconfig { credential(line) } else { None });
        let Some(what) = what else { continue };
        let message = format!("{what} stands in the file");
        let why = "once pushed, everybody who reads the repository has it, in its history too";
        let fix = "move it out of the repository and name it in .gitignore; if it was ever pushed, make a new one and take the old out of use";
        found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(*number));
    }
}

/// Finds an age identity: 59 letters of bech32 behind the prefix; an example with dots in it is none.
fn age(line: &str) -> Option<&'static str> {
    let after = |prefix: &str| line.split_once(prefix).map(|(_, rest)| rest);
    let length = |rest: &str| rest.chars().take_while(char::is_ascii_alphanumeric).count();
    if after("AGE-SECRET-KEY-1").is_some_and(|rest| length(rest) >= 50) {
        return Some("an age private key");
    }
    if after("AGE-SECRET-KEY-PQ-1").is_some_and(|rest| length(rest) >= 50) {
        return Some("a post-quantum age private key");
    }
    None
}

/// Finds a PEM private key: the line that begins it, with base64 behind it.
fn pem(line: &str, rest: &[(usize, &str)]) -> Option<&'static str> {
    let (_, after) = line.split_once("-----BEGIN ")?;
    let (kind, tail) = after.split_once("-----")?;
    let what = match kind {
        "OPENSSH PRIVATE KEY" => "an SSH private key",
        "PGP PRIVATE KEY BLOCK" => "a PGP private key",
        kind if kind.ends_with("PRIVATE KEY") => "a private key",
        _ => return None,
    };
    // In one line, as JSON has it, the key follows behind `\n`.
    let inline = tail.trim_start_matches("\\n");
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
    let value = value.trim().trim_matches(['"', '\'']);
    let what = match key {
        "token" => "a kubeconfig's token",
        "client-key-data" => "a kubeconfig's private key",
        "password" => "a kubeconfig's password",
        _ => return None,
    };
    (value.len() >= 8 && !value.starts_with(['<', '$']) && !value.contains("...") && !value.contains('…'))
        .then_some(what)
}
