//! The effect of each operator on a value. Values are bytes: positions and lengths count those.

use super::pattern::matches;

/// Applies an operator.
pub(super) fn apply(operation: &str, value: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
    let first = arguments.first().map(Vec::as_slice);
    let second = arguments.get(1).map(Vec::as_slice);
    match (operation, first) {
        ("^", _) => first_letter(value, upper),
        ("^^", _) => each_letter(value, upper),
        (",", _) => first_letter(value, lower),
        (",,", _) => each_letter(value, lower),
        ("#", None) => value.len().to_string().into_bytes(),
        ("#", Some(pattern)) => trim_shortest(value, pattern),
        ("##", Some(pattern)) => trim_longest(value, pattern),
        ("%", Some(pattern)) => reversed(&trim_shortest(&reversed(value), &reversed(pattern))),
        ("%%", Some(pattern)) => reversed(&trim_longest(&reversed(value), &reversed(pattern))),
        (":", Some(offset)) => part(value, offset, second),
        ("/", Some(old)) => replace(value, old, second.unwrap_or_default(), 1),
        ("//", Some(old)) => replace(value, old, second.unwrap_or_default(), usize::MAX),
        // Without a replacement text these two do nothing.
        ("/#", Some(old)) => match second {
            Some(new) if value.starts_with(old) => replace(value, old, new, 1),
            _ => value.to_vec(),
        },
        ("/%", Some(old)) => match (second, value.strip_suffix(old)) {
            (Some(new), Some(before)) => [before, new].concat(),
            _ => value.to_vec(),
        },
        _ if value.is_empty() => arguments.concat(),
        _ => value.to_vec(),
    }
}

/// Go changes a letter only if the result is one letter.
fn upper(letter: char) -> char {
    let mut changed = letter.to_uppercase();
    changed.next().filter(|_| changed.next().is_none()).unwrap_or(letter)
}

fn lower(letter: char) -> char {
    let mut changed = letter.to_lowercase();
    changed.next().filter(|_| changed.next().is_none()).unwrap_or(letter)
}

fn each_letter(value: &[u8], change: fn(char) -> char) -> Vec<u8> {
    String::from_utf8_lossy(value).chars().map(change).collect::<String>().into_bytes()
}

fn first_letter(value: &[u8], change: fn(char) -> char) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let mut letters = text.chars();
    letters.next().map(change).into_iter().chain(letters).collect::<String>().into_bytes()
}

/// `:OFFSET` and `:OFFSET:LENGTH`; an invalid number changes nothing.
fn part(value: &[u8], offset: &[u8], length: Option<&[u8]>) -> Vec<u8> {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i64>().ok();
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let Some(offset) = number(offset) else { return value.to_vec() };
    // From the end; or from the beginning, if that is beyond it.
    let offset = if offset < 0 { size.saturating_add(offset).max(0) } else { offset };
    let end = match length.map(number) {
        None => size,
        Some(None) => return value.to_vec(),
        // From the end, too, since Flux 2.9; before that it is the end of the reconciliation.
        Some(Some(length)) if length < 0 => size.saturating_add(length),
        Some(Some(length)) => offset.saturating_add(length).min(size),
    };
    let place = |number: i64| usize::try_from(number).unwrap_or_default();
    value.get(place(offset)..place(end)).unwrap_or_default().to_vec()
}

fn replace(value: &[u8], old: &[u8], new: &[u8], most: usize) -> Vec<u8> {
    if old.is_empty() {
        return between(value, new, most);
    }
    let mut out = Vec::with_capacity(value.len());
    let (mut rest, mut count) = (value, 0_usize);
    while let Some((first, after)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(old).filter(|_| count < most) {
            out.extend_from_slice(new);
            (rest, count) = (behind, count.saturating_add(1));
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// Inserts a text before each letter and after the last one, as Go does when it replaces the empty text.
fn between(value: &[u8], new: &[u8], most: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let places: Vec<usize> = ends.take(most).collect();
    let mut out = Vec::new();
    for (at, letter) in text.char_indices() {
        if places.contains(&at) {
            out.extend_from_slice(new);
        }
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if places.contains(&text.len()) {
        out.extend_from_slice(new);
    }
    out
}

/// Removes the shortest non-empty beginning that matches a pattern.
fn trim_shortest(value: &[u8], pattern: &[u8]) -> Vec<u8> {
    trim(value, pattern, (1..=value.len()).collect())
}

fn trim_longest(value: &[u8], pattern: &[u8]) -> Vec<u8> {
    trim(value, pattern, (1..=value.len()).rev().collect())
}

fn trim(value: &[u8], pattern: &[u8], ends: Vec<usize>) -> Vec<u8> {
    for end in ends {
        let (start, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
        match matches(pattern, start) {
            Some(true) => return rest.to_vec(),
            Some(false) => {}
            // An invalid pattern changes nothing.
            None => break,
        }
    }
    value.to_vec()
}

fn reversed(value: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(value).chars().rev().collect::<String>().into_bytes()
}
