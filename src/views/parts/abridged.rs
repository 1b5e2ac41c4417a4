//! Texts that are too long for their rows: the beginning says what they are about, and the end has the cause.

use unicode_width::UnicodeWidthStr;

use crate::widgets::{fit_unfinished, wrap};

/// Wraps a text into a number of rows at most. A text that is too long is filled in without the gaps that long paths leave, breaking after
/// their slashes; then without the explanation in brackets at its end; only then is its middle left out, since the end has the cause.
pub(crate) fn abridged(text: &str, most: usize, width: usize) -> Vec<String> {
    let whole = wrapped(text, width);
    if whole.len() <= most {
        return whole;
    }
    let dense = filled(text, width);
    if dense.len() <= most {
        return dense;
    }
    let said = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")).map_or(text, |(said, _)| said);
    let mut rows = filled(said, width);
    if rows.len() > most {
        rows.drain(1..=rows.len() - most);
        if let Some(first) = rows.first_mut() {
            *first = fit_unfinished(first, width);
        }
    }
    rows
}

/// Wraps a text at its words; one with a word longer than a row breaks after slashes, so that no name or tag is torn.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let is_too_long = |word: &str| word.width() > width;
    if text.split_whitespace().any(is_too_long) { filled(text, width) } else { wrap(text, width) }
}

/// Wraps a text after spaces and slashes.
fn filled(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for paragraph in wrap(text, usize::MAX) {
        let mut row = String::new();
        for piece in paragraph.split_inclusive([' ', '/']) {
            if !row.is_empty() && row.width() + piece.trim_end().width() > width {
                rows.push(std::mem::take(&mut row).trim_end().to_owned());
            }
            row.push_str(piece);
            // A piece that is longer than a row breaks anywhere.
            if row.trim_end().width() > width {
                let mut torn = wrap(&row, width);
                row = torn.pop().unwrap_or_default();
                rows.append(&mut torn);
            }
        }
        rows.push(row.trim_end().to_owned());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{abridged, wrapped};

    #[test]
    fn a_path_that_is_the_cause_is_told_where_its_rows_have_room() {
        let missing =
            "its path ./infrastructure/controllers/production is not in the source (no such file or directory)";
        for most in [2, 3] {
            let rows = abridged(missing, most, 38);
            assert!(rows.len() <= most && rows.iter().all(|row| row.len() <= 38), "{rows:?}");
            let told = rows.concat();
            assert!(told.contains("controllers/production") && !told.contains('~'), "{rows:?}");
        }
        // Only what has no room at all is left out, and the end is kept.
        let rows = abridged(&format!("it waits {}for: it is full", "for a long time ".repeat(9)), 2, 24);
        assert!(rows.first().is_some_and(|row| row.ends_with('~')) && rows.concat().ends_with("full"), "{rows:?}");
    }

    #[test]
    fn what_is_left_out_is_marked_once() {
        let said = "applies the path ./infrastructure/controllers/of-nobody, which is not in the source at all";
        for width in 20..60 {
            let rows = abridged(said, 2, width);
            assert!(rows.concat().matches('~').count() <= 1 && rows.iter().all(|row| row.len() <= width), "{rows:?}");
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert!(bare(&rows.concat()) == bare(said) || rows.concat().contains('~'), "{width}: {rows:?}");
        }
    }

    #[test]
    fn a_tag_is_not_torn() {
        let rows = wrapped("linkding: docker.io/sissbruecker/linkding:1.45.9: not found", 30);
        assert_eq!(rows, ["linkding: docker.io/", "sissbruecker/linkding:1.45.9:", "not found"]);
        assert_eq!(wrapped("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
    }
}
