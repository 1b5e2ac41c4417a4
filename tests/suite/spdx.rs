//! Licence expressions of packages (SPDX): AND, OR, WITH, parentheses, and the slash that old packages write for OR.

/// Whether a licence expression can be met with allowed licences alone.
///
/// `A WITH B` is allowed as such, like cargo-deny does.
pub(crate) fn can_be_met(expression: &str, allowed: &impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest, allowed);
    assert!(rest.is_empty() && !words.is_empty(), "not a licence expression: {expression:?}");
    met
}

fn any(words: &mut &[&str], allowed: &impl Fn(&str) -> bool) -> bool {
    let mut met = all(words, allowed);
    while next_is(words, "OR") {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut &[&str], allowed: &impl Fn(&str) -> bool) -> bool {
    let mut met = licence(words, allowed);
    while next_is(words, "AND") {
        met &= licence(words, allowed);
    }
    met
}

fn licence(words: &mut &[&str], allowed: &impl Fn(&str) -> bool) -> bool {
    if next_is(words, "(") {
        let met = any(words, allowed);
        assert!(next_is(words, ")"), "a parenthesis is missing before {words:?}");
        return met;
    }
    let (name, rest) = words.split_first().expect("a licence's name");
    *words = rest;
    if next_is(words, "WITH") {
        let (exception, rest) = words.split_first().expect("an exception's name");
        *words = rest;
        return allowed(&format!("{name} WITH {exception}"));
    }
    allowed(name)
}

fn next_is(words: &mut &[&str], word: &str) -> bool {
    let is = words.first() == Some(&word);
    if is {
        *words = &words[1..];
    }
    is
}

#[test]
fn expressions_are_met_as_they_are_written() {
    let allowed = |name: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name);
    for met in
        ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR MIT", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception OR X"]
    {
        assert!(can_be_met(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "Apache-2.0", "MIT WITH X"] {
        assert!(!can_be_met(unmet, &allowed), "{unmet}");
    }
}
