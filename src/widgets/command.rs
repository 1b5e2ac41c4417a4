//! Commands of a shell in rows: broken between words, with the backslash that a shell wants, so that what stands on the screen is what runs.

use unicode_width::UnicodeWidthStr;

use super::fit;

/// How far the rows after the first stand in.
const INDENT: &str = "  ";

/// Breaks a command into rows of at most a width in cells; each but the last ends in a backslash.
pub fn command_rows(command: &str, width: usize) -> Vec<String> {
    if command.width() <= width {
        return vec![command.to_owned()];
    }
    // The space and the backslash behind a row that goes on.
    let room = width.saturating_sub(2);
    let mut rows: Vec<String> = Vec::new();
    let mut row = String::new();
    for word in words(command).into_iter().flat_map(|word| parts(word, room)) {
        if let Some(word) = word.strip_prefix(JOINED) {
            // Nothing may stand between the parts of a word.
            rows.push(format!("{row}\\"));
            word.clone_into(&mut row);
            continue;
        }
        let word = word.as_str();
        let is_begun = !row.trim().is_empty();
        if is_begun && row.width() + 1 + word.width() > room {
            rows.push(format!("{row} \\"));
            row = format!("{INDENT}{word}");
        } else {
            if is_begun {
                row.push(' ');
            }
            row.push_str(word);
        }
    }
    rows.push(row);
    rows.iter().map(|row| fit(row, width)).collect()
}

/// Marks the part of a word that follows another without a space; no command has it.
const JOINED: char = '\0';

/// Cuts a word that is wider than a row: where it is plain, or stands between single quotes as it is.
fn parts(word: &str, room: usize) -> Vec<String> {
    let inner = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).filter(|inner| !inner.contains('\''));
    let is_plain = |word: &str| !word.contains(['\'', '"', '$', '\\', '`', '(', ')']);
    let (text, quote) = match inner {
        Some(inner) => (inner, "'"),
        None if is_plain(word) => (word, ""),
        None => return vec![word.to_owned()],
    };
    // The indent before it, and its quotes.
    let most = room.saturating_sub(INDENT.len() + 2).max(1);
    if word.width() <= most {
        return vec![word.to_owned()];
    }
    let letters: Vec<char> = text.chars().collect();
    let parts = letters.chunks(most).map(|part| format!("{quote}{}{quote}", part.iter().collect::<String>()));
    parts.enumerate().map(|(index, part)| if index == 0 { part } else { format!("{JOINED}{part}") }).collect()
}

/// Splits a command at the spaces that no quotes and no parentheses hold together.
fn words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut depth) = (0, None, 0_usize);
    let mut letters = command.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            // A backslash takes the next letter as it is, everywhere but between plain single quotes.
            (None | Some('"' | '$'), '\\') => _ = letters.next(),
            (Some('$' | '\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'') => {
                quote = Some(if command.get(..at).is_some_and(|so_far| so_far.ends_with('$')) { '$' } else { '\'' });
            }
            (None, '"') => quote = Some('"'),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 => {
                words.extend(command.get(start..at).filter(|word| !word.is_empty()));
                start = at + 1;
            }
            _ => {}
        }
    }
    words.extend(command.get(start..).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::command_rows;

    #[test]
    fn what_stands_on_the_screen_is_what_runs() {
        let command = r#"printf '%s\n' 'a b  c' "$(printf '%s %s' x y)" $'d\'e f' plain-word another-plain-word g\ h \
            a-plain/word-that-is/longer-than/any-row/of-this/screen '[quoted] words that are longer than any row' "#
            .replace("\\\n            ", "");
        let command = command.trim_end();
        let run = |text: &str| std::process::Command::new("bash").args(["-c", text]).output().unwrap().stdout;
        let whole = run(command);
        assert_eq!(
            String::from_utf8(whole.clone()).unwrap(),
            "a b  c\nx y\nd'e f\nplain-word\nanother-plain-word\ng h\na-plain/word-that-is/longer-than/any-row/of-this/screen\n[quoted] words that are longer than any row\n"
        );
        for width in [28, 36, 48, 60, 200] {
            let rows = command_rows(command, width);
            assert!(rows.iter().all(|row| row.chars().count() <= width), "{rows:?}");
            assert_eq!(run(&rows.join("\n")), whole, "{rows:?}");
        }
    }
}
