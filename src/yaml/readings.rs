//! The texts that the bytes of a file may be decoded as: a search for secrets goes through each.
//!
//! git takes any bytes, and so do the programs that read keys: a text in UTF-16 (as PowerShell writes it), in Latin-1,
//! or behind a zero byte holds a key as well as one in UTF-8.

/// The least share of zero bytes, as one in this many, in every other place of UTF-16 without a mark.
const ZEROS: usize = 4;

/// Decodes bytes that are not plain UTF-8; returns nothing for plain UTF-8.
pub fn decoded(bytes: &[u8]) -> Vec<String> {
    let is_text = std::str::from_utf8(bytes).is_ok();
    let has_zeros = bytes.contains(&0);
    if is_text && !has_zeros {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !text.is_empty() && !found.contains(&text) {
            found.push(text);
        }
    };
    match wide(bytes) {
        Some((little, rest)) => {
            let units = rest.as_chunks::<2>().0.iter();
            let units = units.map(|pair| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
            add(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect());
        }
        None if !is_text => add(latin(bytes)),
        None => {}
    }
    if has_zeros {
        // Without its zero bytes, a text that is UTF-16 in parts only is readable.
        let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        add(match std::str::from_utf8(&narrow) {
            Ok(text) => text.to_owned(),
            Err(_) => latin(&narrow),
        });
    }
    found
}

/// Decodes Latin-1, in which every byte is one character.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Tells whether bytes are UTF-16, and returns its order with the bytes behind the mark: `true` is little-endian.
fn wide(bytes: &[u8]) -> Option<(bool, &[u8])> {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return Some((true, rest));
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return Some((false, rest));
    }
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, least) = (zeros(0), zeros(1), bytes.len().div_ceil(ZEROS).max(1));
    match (even >= least, odd >= least) {
        (false, true) => Some((true, bytes)),
        (true, false) => Some((false, bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn whatever_holds_a_text_reads_as_it() {
        let text = "schön: AGE-SECRET\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (name, bytes) in [
            ("little", le.clone()),
            ("big", be.clone()),
            ("little with a mark", [vec![0xff, 0xfe], le.clone()].concat()),
            ("big with a mark", [vec![0xfe, 0xff], be].concat()),
        ] {
            assert_eq!(decoded(&bytes).first().map(String::as_str), Some(text), "{name}");
        }
        assert_eq!(decoded(b"x\xe9y"), ["x\u{e9}y"]);
        let has = |bytes: &[u8]| decoded(bytes).iter().any(|one| one.contains("AGE-SECRET"));
        assert!(has(b"\0binAGE-SECRET") && has(b"\0\xff\xfe\x01AGE-SECRET"));
        // UTF-16 within other bytes, at an odd offset.
        assert!(has(&[b"\x01\x02\x03head of another kind, which is longer than the rest of it".to_vec(), le].concat()));
        assert_eq!(decoded(text.as_bytes()), Vec::<String>::new());
    }
}
