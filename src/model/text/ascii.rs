//! Our own signs for terminals that show ASCII alone.

/// Returns the ASCII replacement of one of our signs in a cell of the screen; `None` if it stays.
pub fn ascii_sign(sign: char) -> Option<char> {
    Some(match sign {
        '…' => '~',
        '–' | '—' | '‐' | '‑' | '−' | '─' | '━' | '═' => '-',
        '│' | '┃' | '║' => '|',
        '\u{2500}'..='\u{257f}' => '+',
        '·' | '•' | '●' | '○' => '*',
        '→' | '▶' | '▸' | '❯' | '›' => '>',
        '←' | '◀' | '‹' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' | '▾' => 'v',
        '×' | '✗' | '✘' => 'x',
        '✓' | '✔' => '=',
        '“' | '”' | '„' | '«' | '»' => '"',
        '‘' | '’' => '\'',
        '\u{2580}'..='\u{259f}' => '#',
        '\u{2800}'..='\u{28ff}' => '.',
        '\u{a0}' | '\u{202f}' => ' ',
        _ => return None,
    })
}

/// Returns a text for a terminal that shows ASCII alone: three dots for an ellipsis, as there is room for them.
pub fn in_ascii(text: &str) -> String {
    text.replace('…', "...").chars().map(|sign| ascii_sign(sign).unwrap_or(sign)).collect()
}

#[cfg(test)]
mod tests {
    use super::in_ascii;

    #[test]
    fn signs_of_ours_are_ascii_and_words_of_others_stay() {
        assert_eq!(in_ascii("context = \"…\" → Käse ── ✓"), "context = \"...\" > Käse -- =");
    }
}
