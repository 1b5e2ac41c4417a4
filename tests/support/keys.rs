//! Keys as the documentation writes them, as the bytes that a terminal sends.

/// Returns what a terminal sends for keys such as `jj<enter>`, `<ctrl-r>` or `:demo<esc>`; `<lt>` is the character `<`.
///
/// The encoding is xterm's, with the cursor keys in normal mode.
pub(crate) fn bytes(keys: &str) -> Vec<u8> {
    let mut sent = Vec::new();
    let mut rest = keys;
    while !rest.is_empty() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|named| named.split_once('>')) {
            sent.extend(named(name));
            rest = after;
        } else {
            let mut characters = rest.chars();
            sent.extend(characters.next().into_iter().collect::<String>().bytes());
            rest = characters.as_str();
        }
    }
    sent
}

fn named(name: &str) -> Vec<u8> {
    if let Some(letter) = name.strip_prefix("ctrl-") {
        let letter = letter.bytes().next().expect("a letter follows <ctrl-");
        return vec![letter.to_ascii_lowercase() & 0x1f];
    }
    if let Some(letter) = name.strip_prefix("alt-") {
        return [b"\x1b", letter.as_bytes()].concat();
    }
    match name {
        "enter" => b"\r".as_slice(),
        "esc" => b"\x1b",
        "tab" => b"\t",
        "backtab" => b"\x1b[Z",
        "space" => b" ",
        "backspace" => b"\x7f",
        "delete" => b"\x1b[3~",
        "up" => b"\x1b[A",
        "down" => b"\x1b[B",
        "right" => b"\x1b[C",
        "left" => b"\x1b[D",
        "home" => b"\x1b[H",
        "end" => b"\x1b[F",
        "pageup" => b"\x1b[5~",
        "pagedown" => b"\x1b[6~",
        "lt" => b"<",
        _ => panic!("no key is called <{name}>"),
    }
    .to_vec()
}
