//! Regular expressions of a repository, which nobody vouches for: bounded, and compiled once.
//!
//! The matching itself takes time linear in the text, but a few letters such as `(x{500}){40}` compile to megabytes, and a file is asked for its
//! rule again and again.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

/// The most letters: the longest that people write names some folders.
const LONGEST: usize = 2_000;

/// The most bytes of what it compiles to; a usual one takes some kilobytes.
const LARGEST: usize = 256 * 1024;

/// The most expressions that are kept; a repository has a few.
const KEPT: usize = 512;

type Compiled = Result<Regex, String>;

static KNOWN: LazyLock<Mutex<HashMap<String, Compiled>>> = LazyLock::new(Mutex::default);

/// Compiles an expression, or takes it as it was compiled before.
///
/// # Errors
/// Says what is wrong with it, or that it is too large.
pub(super) fn compile(text: &str) -> Compiled {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} letters"));
    }
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = known().get(text) {
        return compiled.clone();
    }
    let built = RegexBuilder::new(text).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
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

#[cfg(test)]
mod tests {
    use super::{LONGEST, compile};

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
