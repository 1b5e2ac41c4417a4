//! Patterns of the shell as envsubst's `path.Match` matches them: `*` matches slashes, too, `?` is one letter, `[a-z]`
//! and `[^a]` are classes.

/// Tells whether a pattern matches the whole of a name; `None` if it is no valid pattern.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> Option<bool> {
    let (mut pattern, mut name) = (pattern, name);
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Some(true);
        }
        let is_last = pattern.is_empty();
        if let Some(left) = fit(chunk, name)?.filter(|left| left.is_empty() || !is_last) {
            name = left;
            continue;
        }
        let mut from = if star { name } else { &[] };
        while let Some((_, behind)) = from.split_first() {
            if let Some(left) = fit(chunk, behind)?.filter(|left| left.is_empty() || !is_last) {
                name = left;
                continue 'pattern;
            }
            from = behind;
        }
        return Some(false);
    }
    Some(name.is_empty())
}

/// Takes the next part without a star, and whether a star is before it.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let pattern = pattern.get(stars..).unwrap_or_default();
    let (mut in_class, mut at) = (false, 0_usize);
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' if at.saturating_add(1) < pattern.len() => at = at.saturating_add(1),
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let (chunk, rest) = pattern.split_at_checked(at).unwrap_or((pattern, &[]));
    (stars > 0, chunk, rest)
}

/// Matches a part at the beginning of a name: outer `None` if the part is invalid, inner `None` if it does not match,
/// else the rest.
#[expect(clippy::option_option, reason = "the two say different things, as they do in Go")]
fn fit<'a>(chunk: &[u8], name: &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (mut chunk, mut name) = (chunk, name);
    while let Some((first, after)) = chunk.split_first() {
        let Some((byte, behind)) = name.split_first() else { return Some(None) };
        match first {
            b'[' => {
                let (letter, left) = letter(name);
                name = left;
                let (is_negated, class) = match after.strip_prefix(b"^") {
                    Some(class) => (true, class),
                    None => (false, after),
                };
                let (is_in, rest) = class_has(class, letter)?;
                chunk = rest;
                if is_in == is_negated {
                    return Some(None);
                }
            }
            b'?' => {
                name = letter(name).1;
                chunk = after;
            }
            b'\\' => {
                let (escaped, rest) = after.split_first()?;
                if escaped != byte {
                    return Some(None);
                }
                (chunk, name) = (rest, behind);
            }
            _ if first != byte => return Some(None),
            _ => (chunk, name) = (after, behind),
        }
    }
    Some(Some(name))
}

/// Tells whether a class has a letter, and returns the text after the class.
fn class_has(class: &[u8], wanted: char) -> Option<(bool, &[u8])> {
    let (mut rest, mut is_in, mut count) = (class, false, 0_usize);
    loop {
        if let Some(after) = rest.strip_prefix(b"]").filter(|_| count > 0) {
            return Some((is_in, after));
        }
        let (low, after) = member(rest)?;
        let (high, after) = match after.strip_prefix(b"-") {
            Some(after) => member(after)?,
            None => (low, after),
        };
        is_in |= (low..=high).contains(&wanted);
        count = count.saturating_add(1);
        rest = after;
    }
}

fn member(class: &[u8]) -> Option<(char, &[u8])> {
    if matches!(class.first(), None | Some(b'-' | b']')) {
        return None;
    }
    let class = class.strip_prefix(b"\\").unwrap_or(class);
    let (found, rest) = letter(class);
    (!class.is_empty() && !rest.is_empty() && found != char::REPLACEMENT_CHARACTER).then_some((found, rest))
}

/// Takes the first letter; invalid bytes count one each.
fn letter(text: &[u8]) -> (char, &[u8]) {
    let start = text.get(..4).unwrap_or(text);
    let valid = match std::str::from_utf8(start) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(found) => (found, text.get(found.len_utf8()..).unwrap_or_default()),
        None => (char::REPLACEMENT_CHARACTER, text.get(1..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_fit_the_whole() {
        for (pattern, name, expected) in [
            ("*.txt", "a/b.txt", Some(true)),
            ("a?c", "aéc", Some(true)),
            ("[a-c]*", "bird", Some(true)),
            ("[^a-c]", "b", Some(false)),
            ("a\\*", "a*", Some(true)),
            ("a", "ab", Some(false)),
            ("*a*", "xxaxx", Some(true)),
            ("[", "a", None),
            ("[]a]", "a", None),
            ("", "", Some(true)),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
