//! Untrusted regular expressions of a repository: parsed as the programs of Kubernetes parse them, bounded, and
//! compiled once.
//!
//! sops and kustomize have Go's syntax (the package regexp/syntax), which differs from our library's in escapes, in
//! classes and in braces; `translated` converts from one to the other. The matching itself takes time linear in the
//! text, but a few letters such as `(x{500}){40}` compile to megabytes, and the rules of a file are queried again and
//! again.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

/// The most letters: the longest real ones name some folders.
const LONGEST: usize = 2_000;

/// The most bytes of a compiled expression; a usual one takes some kilobytes.
const LARGEST: usize = 256 * 1024;

/// The most cached expressions; a repository has a few.
const KEPT: usize = 512;

type Compiled = Result<Regex, String>;

static KNOWN: LazyLock<Mutex<HashMap<String, Compiled>>> = LazyLock::new(Mutex::default);

/// Compiles an expression, or returns the cached one.
///
/// # Errors
/// Describes the fault of the expression, or that it is too large.
pub fn compile(text: &str) -> Compiled {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} letters"));
    }
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = known().get(text) {
        return compiled.clone();
    }
    let built = RegexBuilder::new(&translated(text)?).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
    let compiled = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it compiles to more than any file name needs".to_owned(),
        other => {
            let message = other.to_string();
            message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    });
    let mut known = known();
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(text.to_owned(), compiled.clone());
    compiled
}

/// Tells whether an expression matches the whole of a text, as in kustomize's selectors: an empty one matches
/// everything, and an invalid one nothing.
pub fn fits_whole(expression: &str, text: &str) -> bool {
    expression.is_empty() || compile(&format!("^(?:{expression})$")).is_ok_and(|regex| regex.is_match(text))
}

/// Converts an expression of Go's syntax to our library's. The library reports faults in both.
fn translated(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Whether a repetition is directly before.
    let mut repeated = false;
    while let Some(letter) = rest.chars().next() {
        let behind = rest.get(letter.len_utf8()..).unwrap_or_default();
        let was_repeated = std::mem::take(&mut repeated);
        match letter {
            '\\' if behind.starts_with('Q') => {
                let behind = behind.get(1..).unwrap_or_default();
                let (literal, after) = behind.split_once("\\E").unwrap_or((behind, ""));
                out.push_str(&regex::escape(literal));
                rest = after;
            }
            '\\' => rest = escape(behind, false, &mut out),
            '[' => rest = class(behind, &mut out),
            '(' if has_flags_of_ours(behind) => return Err("it has flags that Go does not know".to_owned()),
            '*' | '+' | '?' => {
                if was_repeated {
                    return Err("it repeats a repetition".to_owned());
                }
                out.push(letter);
                rest = behind;
                if let Some(lazy) = rest.strip_prefix('?') {
                    out.push('?');
                    rest = lazy;
                }
                repeated = true;
            }
            '{' => match counted(behind) {
                Some(_) if was_repeated => return Err("it repeats a repetition".to_owned()),
                Some((count, after)) => {
                    out.push('{');
                    out.push_str(count);
                    out.push('}');
                    rest = after;
                    if let Some(lazy) = rest.strip_prefix('?') {
                        out.push('?');
                        rest = lazy;
                    }
                    repeated = true;
                }
                // A brace that is no count is literal.
                None => {
                    out.push_str("\\{");
                    rest = behind;
                }
            },
            _ => {
                out.push(letter);
                rest = behind;
            }
        }
    }
    Ok(out)
}

/// Tells whether a group has flags of our library alone: `(?x)`.
fn has_flags_of_ours(behind: &str) -> bool {
    let flags = behind.strip_prefix('?').and_then(|rest| rest.split([':', ')']).next()).unwrap_or_default();
    flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') && flags.contains(['x', 'u', 'R'])
}

/// Reads `{2}`, `{2,}` or `{2,3}` after its brace: the count, and the rest.
fn counted(behind: &str) -> Option<(&str, &str)> {
    let (inside, after) = behind.split_once('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_count = !least.is_empty() && is_number(least) && is_number(most);
    is_count.then_some((inside, after))
}

/// Writes an escape after its backslash; returns the rest.
fn escape<'t>(behind: &'t str, in_class: bool, out: &mut String) -> &'t str {
    let Some(letter) = behind.chars().next() else {
        out.push('\\');
        return behind;
    };
    let after = behind.get(letter.len_utf8()..).unwrap_or_default();
    let own = |set: &str, negated: bool| match (in_class, negated) {
        (true, false) => set.to_owned(),
        (_, true) => format!("[^{set}]"),
        (false, false) => format!("[{set}]"),
    };
    match letter {
        // Up to three octal digits; a single one other than zero would be a back reference, which Go does not have.
        '0'..='7' => {
            let digits = behind.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let number = behind.get(..digits).unwrap_or_default();
            if letter != '0' && digits < 2 {
                out.push('\\');
                out.push(letter);
                return after;
            }
            let value = u32::from_str_radix(number, 8).unwrap_or_default();
            let _never_fails = write!(out, "\\x{{{value:x}}}");
            return behind.get(digits..).unwrap_or_default();
        }
        // ASCII alone, unlike ours.
        'd' | 'D' => out.push_str(&own("0-9", letter == 'D')),
        'w' | 'W' => out.push_str(&own("0-9A-Za-z_", letter == 'W')),
        's' | 'S' => out.push_str(&own("\\t\\n\\x0C\\r ", letter == 'S')),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        'p' | 'P' if after.starts_with("{^") => {
            out.push_str(if letter == 'p' { "\\P{" } else { "\\p{" });
            return after.get(2..).unwrap_or_default();
        }
        // Our library takes these for the edges of words.
        '<' | '>' => out.push(letter),
        _ => {
            out.push('\\');
            out.push(letter);
        }
    }
    after
}

/// Writes a class of letters after its bracket; Go has no nested classes and no sets, only names such as `[:alpha:]`.
fn class<'t>(behind: &'t str, out: &mut String) -> &'t str {
    out.push('[');
    let mut rest = behind;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut is_first = true;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            ']' if !is_first => {
                out.push(']');
                return after;
            }
            ']' => out.push_str("\\]"),
            '[' if rest.starts_with("[:") && rest.contains(":]") => {
                let (name, after) = rest.split_once(":]").unwrap_or((rest, ""));
                out.push_str(name);
                out.push_str(":]");
                (rest, is_first) = (after, false);
                continue;
            }
            '\\' => {
                (rest, is_first) = (escape(after, true, out), false);
                continue;
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            // Two of them would subtract letters: the first is a letter, or ends a range at the second.
            '-' if is_first => out.push_str("\\-"),
            '-' if after.starts_with('-') => {
                out.push_str("-\\-");
                (rest, is_first) = (after.get(1..).unwrap_or_default(), false);
                continue;
            }
            _ => out.push(letter),
        }
        (rest, is_first) = (after, false);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, compile, fits_whole};

    /// The expected results come from Go 1.25 (regexp.MatchString).
    #[test]
    fn expressions_fit_as_those_of_go() {
        for (expression, text, fits) in [
            (r"\Qapps/staging\E.*", "apps/staging/a.yaml", true),
            (r"\Qa.b\E", "axb", false),
            (r"^\Qa.b", "a.b", true),
            (r"apps\057staging", "apps/staging", true),
            (r"[\057]", "/", true),
            (r"a\00b", "a\0b", true),
            (r"a\<b\>", "a<b>", true),
            (r"a{,2}", "a{,2}", true),
            (r"a{b}", "a{b}", true),
            (r"^{$", "{", true),
            (r"^a{2}$", "aa", true),
            (r"^a{1,2}?$", "aa", true),
            (r"[a[b]", "[", true),
            (r"[]a]", "]", true),
            (r"[^]a]", "]", false),
            (r"[a&&b]", "&", true),
            (r"[+--]", ",", true),
            (r"[[:alpha:]]", "x", true),
            (r"[[:^alpha:]]", "x", false),
            (r"^\d$", "٣", false),
            (r"^[\d]$", "3", true),
            (r"^\w$", "ä", false),
            (r"^[\W]$", "ä", true),
            (r"^\S$", "\u{a0}", true),
            (r"é\b", "é", false),
            (r"^\p{^Greek}$", "a", true),
            (r"(?i)SECRET", "secret", true),
            (r"\_", "_", true),
            (r"^a*?$", "aa", true),
        ] {
            let found = compile(expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
            assert_eq!(found.is_match(text), fits, "{expression} {text}: {found}");
        }
        for refused in [
            "a**", "a*+", "a{2}{3}", "a{2}*", "(", "[a", r"\8", r"\1", r"\E", r"[\Qa\E]", "(?=a)", "(?x)a", "*a",
            "{2}", "(*)",
        ] {
            assert!(compile(refused).is_err(), "{refused}");
        }
        assert!(
            fits_whole("", "Secret") && fits_whole("Sec.*|ConfigMap", "Secret") && fits_whole("S[e]cret", "Secret")
        );
        assert!(!fits_whole("Sec", "Secret") && !fits_whole("(", "Secret"));
    }

    #[test]
    fn what_would_take_long_is_refused_and_what_people_write_is_not() {
        for text in ["(x{500}){40}", "((a{1,1000}){1,1000}){1,1000}", "(a|b|c){100000}"] {
            assert!(compile(text).unwrap_err().contains("compiles to more"), "{text}");
        }
        assert!(compile(&"a".repeat(LONGEST + 1)).unwrap_err().contains("longer"));
        assert!(compile("(").unwrap_err().contains("unclosed"));
        for text in [
            "",
            "^(data|stringData)$",
            r"clusters/(staging|production)/.*\.ya?ml$",
            r"^(\w+/)*[\w.-]+-secret\.(ya?ml|json|env|ini)$",
            r"(?i)\bsecrets?\b.*\.enc\.\w{2,4}$",
        ] {
            assert!(compile(text).is_ok(), "{text}");
        }
    }
}
