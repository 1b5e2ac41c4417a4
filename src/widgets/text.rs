//! Text in cells: cut, padded and wrapped by display width, as East Asian characters and emoji take two cells.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::cells;

/// Cuts a text to a width in cells, marking the cut with `~`; control characters become visible first.
pub fn fit(text: &str, width: usize) -> String {
    let clean = cells(text);
    if clean.width() <= width {
        return clean.into_owned();
    }
    let mut taken = String::new();
    let mut used = 0;
    for character in clean.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        taken.push(character);
        used += wide;
    }
    if width > 0 {
        taken.push('~');
    }
    taken
}

/// Ends a text that something was left out of with ` ~`; a text that has no room for that is cut, which says the same.
pub fn fit_unfinished(text: &str, width: usize) -> String {
    if cells(text).width() + 2 <= width { format!("{text} ~") } else { fit(&format!("{text}  "), width) }
}

/// Cuts the beginning of a text to a width in cells, marking the cut with `~`: the end of a path is more useful.
pub fn fit_end(text: &str, width: usize) -> String {
    let text = cells(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let mut tail: Vec<char> = Vec::new();
    let mut used = 1;
    for character in text.chars().rev() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        tail.push(character);
    }
    if width == 0 {
        String::new()
    } else {
        fit(&std::iter::once('~').chain(tail.into_iter().rev()).collect::<String>(), width)
    }
}

/// Cuts a text to a width in cells in its middle, marking the cut with `~`: a message begins with what it is about and ends with the cause.
pub fn fit_middle(text: &str, width: usize) -> String {
    let clean = cells(text);
    if clean.width() <= width {
        return clean.into_owned();
    }
    // The cut is marked once, by the end.
    let end = fit_end(&clean, width.saturating_sub(width / 2));
    let room = width.saturating_sub(end.width());
    let mut start = fit(&clean, room + 1);
    start.pop();
    start + &end
}

/// Cuts or pads a text to exactly a width in cells.
pub fn pad(text: &str, width: usize) -> String {
    let mut cut = fit(text, width);
    let missing = width.saturating_sub(cut.width());
    cut.extend(std::iter::repeat_n(' ', missing));
    cut
}

/// Wraps a text at spaces to lines of at most a width in cells; longer words are broken.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let clean = cells(paragraph);
        let rows = rows(&clean, width, usize::MAX).into_iter();
        lines.extend(rows.map(|row| clean.get(row).unwrap_or_default().to_owned()));
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// Wraps a line of harmless text as [`wrap`] does, into a number of rows at most; returns the bytes of each. The text
/// after the last row is not read.
pub fn rows(text: &str, width: usize, most: usize) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut rows = Vec::new();
    // The current row, and its cells.
    let (mut start, mut end, mut used) = (0, 0, 0_usize);
    let mut at: usize = 0;
    for word in text.split(' ') {
        let gap = usize::from(start != end);
        if gap == 1 && used.saturating_add(1).saturating_add(cells_of(word, width)) > width {
            rows.push(start..end);
            (start, end, used) = (at, at, 0);
        }
        if start == end {
            (start, end) = (at, at);
        } else {
            (end, used) = (at, used.saturating_add(1));
        }
        for (offset, character) in word.char_indices() {
            let wide = character.width().unwrap_or(0);
            if used.saturating_add(wide) > width {
                rows.push(start..end);
                (start, used) = (at.saturating_add(offset), 0);
            }
            if rows.len() >= most {
                return rows;
            }
            end = at.saturating_add(offset).saturating_add(character.len_utf8());
            used = used.saturating_add(wide);
        }
        at = at.saturating_add(word.len()).saturating_add(1);
    }
    rows.push(start..end);
    rows.truncate(most);
    rows
}

/// Counts the cells of a word, up to one more than the width.
fn cells_of(word: &str, width: usize) -> usize {
    let mut used: usize = 0;
    for character in word.chars() {
        used = used.saturating_add(character.width().unwrap_or(0));
        if used > width {
            break;
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::{fit, fit_end, pad, rows, wrap};

    #[test]
    fn texts_are_cut_by_cells_and_cannot_steer_the_terminal() {
        assert_eq!(fit("kustomization", 6), "kusto~");
        assert_eq!(fit("日本語", 5), "日本~");
        assert_eq!(fit("日本語", 4), "日~");
        assert_eq!(fit("a\x1b[31mb", 20), r"a\u{1b}[31mb");
        assert_eq!(fit("a\x1b[31mb", 6), r"a\u{1~");
        assert_eq!(fit_end("a\u{202e}b", 5), r"~2e}b");
        assert_eq!(wrap("a\u{202e}b\tc", 20), [r"a\u{202e}b c"]);
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit_end("apps/base/linkding", 10), "~/linkding");
        assert_eq!(
            (fit_end("abc", 3), fit_end("abc", 0), fit_end("日本語", 4)),
            ("abc".to_owned(), String::new(), "~語".to_owned())
        );
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_long_words() {
        assert_eq!(wrap("the quick brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn only_the_rows_that_are_wanted_are_wrapped() {
        let text = "aa bb  cc 日本語 dddddd";
        let whole = rows(text, 5, usize::MAX);
        assert_eq!(whole.iter().map(|row| text.get(row.clone()).unwrap()).collect::<Vec<_>>(), wrap(text, 5));
        for most in 0..=whole.len() {
            assert_eq!(rows(text, 5, most), whole[..most]);
        }
        assert_eq!(rows("", 5, 3).first(), Some(&(0..0)));
    }
}
