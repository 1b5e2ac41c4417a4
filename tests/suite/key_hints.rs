//! The texts of the program name commands, not keys: the keys are the user's choice.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use fluxdeck::app::motion::MOTIONS;
use fluxdeck::commands::COMMANDS;
use fluxdeck::model::key_hints;
use regex::Regex;

use super::architecture::program_sources;
use super::source_paths::strings;

/// Dialogs, forms and editors, whose keys are the text's own and are no settings; and what is typed into another program.
const FIXED_KEYS: &[&str] = &[
    "app/dialog/",
    "cli/secret/external.rs",
    "commands/log_in.rs",
    "commands/secret/text.rs",
    "runtime/lend.rs",
    "views/new_secret.rs",
    "views/secret/changes.rs",
    "views/secret/text.rs",
    "views/themes.rs",
];

/// What follows a key in a text: what the key does.
const VERBS: &str = "aborts|amends|applies|begins|brings|chooses|closes|commits|compares|continues|copies|discards|edits|encrypts|ends|explains|fetches|filters|follows|gives|goes|hides|keeps|leads|leaves|lends|lists|looks|makes|marks|opens|pulls|pushes|reads|reconciles|restarts|reveals|rolls|runs|saves|searches|sets|shows|stages|stops|takes|tells|tries|turns";

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new("‹[^›]*›|`[^`]*`").expect("a pattern of ours"));

/// Matches a default key that is named as one: `P pushes`, `press P`, `(P)`.
fn literal_key() -> Regex {
    let motions = MOTIONS.iter().flat_map(|(_, _, keys, _)| keys.iter());
    // Digits are numbers in texts.
    let named = COMMANDS.iter().flat_map(|command| command.keys).chain(motions);
    let named = named.filter(|key| !key.starts_with(|first: char| first.is_ascii_digit()));
    let keys: BTreeSet<String> = named.map(|key| regex::escape(key)).collect();
    // The longest first, and signs that texts have in brackets are none there.
    let mut keys: Vec<String> = keys.into_iter().collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
    let letters: Vec<&str> = keys.iter().filter(|key| key.len() == 1).map(String::as_str).collect();
    let (keys, letters) = (keys.join("|"), letters.concat());
    let pattern = format!(r"(?:^|[\s(])(?:(?:{keys})(?: again)? (?:{VERBS})\b|[Pp]ress (?:{keys})\b|\([{letters}]\))");
    Regex::new(&pattern).expect("a pattern of keys")
}

#[test]
fn no_text_names_a_default_key_and_each_hint_names_a_command() {
    let literal = literal_key();
    for text in ["P pushes it", "mend it (c)", "then press P", "once more: esc goes back", "a stages all"] {
        assert!(literal.is_match(text), "{text}");
    }
    let known: BTreeSet<&str> =
        COMMANDS.iter().map(|command| command.id).chain(MOTIONS.iter().map(|(_, id, ..)| *id)).collect();
    let (mut faults, mut count) = (Vec::new(), 0);
    for (file, source) in program_sources() {
        for (line, text) in strings(&source) {
            for hint in key_hints(&text) {
                count += 1;
                if !known.contains(hint.id) && hint.id != "{}" {
                    faults.push(format!("src/{file}:{line}: no command {}", hint.id));
                }
            }
            let rest = PLACEHOLDER.replace_all(&text, "·");
            let is_fixed = !text.contains(' ') || FIXED_KEYS.iter().any(|place| file.starts_with(place));
            if let Some(found) = literal.find(&rest).filter(|_| !is_fixed) {
                faults.push(format!("src/{file}:{line}: `{}` in {text}", found.as_str().trim()));
            }
        }
    }
    assert!(count > 100, "only {count} keys are named: is the form another?");
    assert!(faults.is_empty(), "write ‹key:ID› for a key:\n{}", faults.join("\n"));
}
