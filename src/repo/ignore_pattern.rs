//! Ignore patterns, as Flux reads them.

use std::cell::RefCell;
use std::collections::HashMap;

/// The most names for which a part of a pattern caches its answers.
const MOST_NAMES: usize = 4096;

/// The text between two slashes of a pattern.
#[derive(Debug)]
struct Part {
    text: String,
    letters: Vec<char>,
    /// The number of its wildcards and escapes.
    signs: usize,
    /// The cached answers: the same folders are in the paths of all their files.
    known: RefCell<HashMap<String, Option<bool>>>,
}

impl Part {
    fn new(text: &str) -> Self {
        let signs = text.matches(['*', '?', '[', '\\']).count();
        Self { text: text.to_owned(), letters: text.chars().collect(), signs, known: RefCell::default() }
    }

    /// Matches a name; `None` if the part is no valid pattern.
    fn fits(&self, name: &str) -> Option<bool> {
        match self.signs {
            0 => Some(self.text == name),
            // Matching takes no longer than a look-up.
            1 | 2 => matches(&self.letters, name),
            _ => {
                if let Some(known) = self.known.borrow().get(name) {
                    return *known;
                }
                let answer = matches(&self.letters, name);
                let mut known = self.known.borrow_mut();
                if known.len() < MOST_NAMES {
                    known.insert(name.to_owned(), answer);
                }
                answer
            }
        }
    }
}

/// A pattern as go-git reads it (`plumbing/format/gitignore`), which differs from git's own in corners.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The folder that the pattern counts from.
    domain: Vec<String>,
    parts: Vec<Part>,
    pub(super) leaves_out: bool,
    is_folder: bool,
    is_path: bool,
    pub(super) line: usize,
}

/// Reads the patterns of a file in a folder.
pub(super) fn patterns(text: &str, folder: &str) -> Vec<Pattern> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|(index, line)| Pattern::new(line, folder, index.saturating_add(1))).collect()
}

/// Finds the last pattern that matches a path, which wins.
pub(super) fn last_that_fits<'a>(patterns: &'a [Pattern], path: &[&str], is_folder: bool) -> Option<&'a Pattern> {
    patterns.iter().rev().find(|pattern| pattern.fits(path, is_folder))
}

impl Pattern {
    pub(super) fn new(text: &str, folder: &str, line: usize) -> Self {
        let (leaves_out, text) = text.strip_prefix('!').map_or((true, text), |rest| (false, rest));
        let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
        let (is_folder, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        Self {
            domain: folder.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            parts: text.split('/').map(Part::new).collect(),
            leaves_out,
            is_folder,
            is_path: text.contains('/'),
            line,
        }
    }

    fn fits(&self, path: &[&str], is_folder: bool) -> bool {
        let Some((domain, path)) = path.split_at_checked(self.domain.len()).filter(|(_, rest)| !rest.is_empty()) else {
            return false;
        };
        domain == self.domain.as_slice()
            && if self.is_path { self.fits_path(path, is_folder) } else { self.fits_name(path, is_folder) }
    }

    fn fits_name(&self, path: &[&str], is_folder: bool) -> bool {
        let Some(pattern) = self.parts.first() else { return false };
        for (index, name) in path.iter().enumerate() {
            match pattern.fits(name) {
                None => return false,
                Some(false) => {}
                Some(true) => return !self.is_folder || is_folder || index.saturating_add(1) < path.len(),
            }
        }
        false
    }

    fn fits_path(&self, path: &[&str], is_folder: bool) -> bool {
        let (mut rest, mut matched, mut can_traverse) = (path, false, false);
        for (index, pattern) in self.parts.iter().enumerate() {
            if pattern.text.is_empty() {
                can_traverse = false;
                continue;
            }
            if pattern.text == "**" {
                if index.saturating_add(1) == self.parts.len() {
                    break;
                }
                can_traverse = true;
                continue;
            }
            if pattern.text.contains("**") {
                return false;
            }
            if !can_traverse {
                let Some((_, behind)) = rest.split_first().filter(|(first, _)| pattern.fits(first) == Some(true))
                else {
                    return false;
                };
                (matched, rest) = (true, behind);
                continue;
            }
            can_traverse = false;
            if rest.is_empty() {
                return false;
            }
            while let Some((first, behind)) = rest.split_first() {
                rest = behind;
                match pattern.fits(first) {
                    None => return false,
                    Some(true) => {
                        matched = true;
                        break;
                    }
                    Some(false) if rest.is_empty() => matched = false,
                    Some(false) => {}
                }
            }
        }
        matched && !(self.is_folder && !is_folder && rest.is_empty())
    }
}

/// Matches a name with a pattern of Go's `path/filepath.Match`: `*`, `?`, `[a-z]`, `[^a-z]` and `\`; `None` if the
/// pattern is invalid.
fn matches(pattern: &[char], name: &str) -> Option<bool> {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut place) = (0_usize, 0_usize);
    // The point to resume from if the rest after the last star does not match: after the star, and the end of its
    // match.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            None if place == name.len() => return Some(true),
            None => None,
            Some('*') => {
                star = Some((at.saturating_add(1), place));
                at = at.saturating_add(1);
                continue;
            }
            Some(_) => one(pattern.get(at..).unwrap_or_default(), name.get(place).copied())?,
        };
        match (step, star) {
            (Some(length), _) => {
                at = at.saturating_add(length);
                place = place.saturating_add(1);
            }
            (None, Some((behind, reached))) if reached < name.len() => {
                star = Some((behind, reached.saturating_add(1)));
                (at, place) = (behind, reached.saturating_add(1));
            }
            (None, _) => return Some(false),
        }
    }
}

/// Matches one letter with the beginning of a pattern; returns the length of that beginning, `Some(None)` if it does
/// not match.
#[allow(clippy::option_option, reason = "a pattern that is none is not the same as one that does not fit")]
fn one(pattern: &[char], letter: Option<char>) -> Option<Option<usize>> {
    match pattern {
        ['?', ..] => Some(letter.map(|_| 1)),
        ['\\'] => None,
        ['\\', escaped, ..] => Some((letter == Some(*escaped)).then_some(2)),
        ['[', rest @ ..] => {
            let negated = rest.first() == Some(&'^');
            let mut index = usize::from(negated);
            let (mut found, mut count) = (false, 0_usize);
            loop {
                if rest.get(index) == Some(&']') && count > 0 {
                    return Some(letter.filter(|_| found != negated).map(|_| index.saturating_add(2)));
                }
                let (low, next) = in_class(rest, index)?;
                let (high, next) = match rest.get(next) {
                    Some('-') => in_class(rest, next.saturating_add(1))?,
                    _ => (low, next),
                };
                found |= letter.is_some_and(|letter| (low..=high).contains(&letter));
                (index, count) = (next, count.saturating_add(1));
            }
        }
        [same, ..] => Some((letter == Some(*same)).then_some(1)),
        [] => Some(None),
    }
}

fn in_class(rest: &[char], index: usize) -> Option<(char, usize)> {
    match rest.get(index)? {
        '-' | ']' => None,
        '\\' => Some((*rest.get(index.saturating_add(1))?, index.saturating_add(2))),
        letter => Some((*letter, index.saturating_add(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    /// The expected results come from go-git 5.16 (`gitignore.NewMatcher`).
    #[test]
    fn patterns_fit_as_those_of_go_git() {
        for (pattern, path, is_folder, fits) in [
            ("docs", "docs", true, true),
            ("docs", "a/docs/b.yaml", false, true),
            ("docs/", "a/docs", false, false),
            ("docs/", "a/docs/b.yaml", false, true),
            ("/docs", "docs/a.yaml", false, true),
            ("/docs", "a/docs", true, false),
            ("/*", "a.yaml", false, true),
            ("/*", "a/b.yaml", false, true),
            ("a/b", "a/b/c", false, true),
            ("a/b", "x/a/b", false, false),
            ("**/b", "x/a/b", false, true),
            ("**/b/", "x/a/b", false, false),
            ("a/**/c.yaml", "a/b/d/c.yaml", false, true),
            ("a/**", "a/b", false, true),
            ("*.yaml", "a/b.yaml", false, true),
            ("values-*.y?ml", "x/values-example.yaml", false, true),
            ("[a-c].yaml", "b.yaml", false, true),
            ("[^a-c].yaml", "b.yaml", false, false),
            ("[a", "a", false, false),
            ("a**b/c", "axb/c", false, false),
            ("a ", "a", false, true),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            assert_eq!(Pattern::new(pattern, "", 1).fits(&parts, is_folder), fits, "{pattern} {path}");
        }
        let below = Pattern::new("/b", "a", 1);
        assert!(below.fits(&["a", "b"], false) && !below.fits(&["b"], false) && !below.fits(&["a"], true));
    }

    #[test]
    fn a_name_is_matched_once_with_a_pattern_however_many_files_have_it_in_their_paths() {
        let pattern = Pattern::new("a*a*a*b", "", 1);
        let files: Vec<String> = (0..50).map(|file| format!("aaaa{file}.yaml")).collect();
        for file in &files {
            let path: Vec<&str> = std::iter::repeat_n("aaaa", 20).chain([file.as_str()]).collect();
            assert!(!pattern.fits(&path, false) && !pattern.fits(&path, false));
        }
        assert_eq!(pattern.parts[0].known.borrow().len(), 51, "a folder's name, and those of the files");
    }
}
