//! Single changes to an encrypted file without SOPS: those that are noticed, and those that sops's MAC cannot notice.

use super::formats::{FILES, values};
use super::{LAYOUTS, identities, text};
use crate::sops::{Format, SopsError, SopsFile};

fn open(format: Format, text: &str) -> Result<Vec<(String, String)>, SopsError> {
    let opened = SopsFile::parse(format, text)?.decrypt(&identities("staging"))?;
    let plain = opened.plaintext()?;
    Ok(values(format, plain.expose()))
}

/// Replaces the first occurrence, which must exist.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in it");
    text.replacen(from, to, 1)
}

/// Finds the ciphertexts outside of the block, with their places.
fn ciphertexts(text: &str) -> Vec<std::ops::Range<usize>> {
    let end = text.find("sops").unwrap();
    let found = text.match_indices("ENC[").filter(|(at, _)| *at < end);
    found.map(|(at, _)| at..at + text.get(at..).unwrap().find(']').unwrap() + 1).collect()
}

#[test]
fn every_ciphertext_is_bound_to_its_key_and_its_place() {
    for layout in LAYOUTS {
        for name in FILES.into_iter().chain(["secret.yaml"]) {
            let (format, encrypted) = (Format::from_path(name), text(&format!("vectors/{layout}/{name}")));
            let places = ciphertexts(&encrypted);
            assert!(!places.is_empty());
            for place in &places {
                let sealed = encrypted.get(place.clone()).unwrap();
                if sealed.ends_with("type:comment]") {
                    continue;
                }
                let with = |new: &str| {
                    let (before, after) = (encrypted.get(..place.start).unwrap(), encrypted.get(place.end..).unwrap());
                    open(format, &format!("{before}{new}{after}"))
                };
                // Plain text, or nothing, in its place.
                assert!(with("throwaway").is_err(), "{layout}/{name}");
                assert!(with("").is_err(), "{layout}/{name}");
                // One letter of it.
                let at = "ENC[AES256_GCM,data:".len();
                let letter = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
                let damaged = format!("{}{letter}{}", sealed.get(..at).unwrap(), sealed.get(at + 1..).unwrap());
                assert!(with(&damaged).is_err(), "{layout}/{name}");
                // Another value's ciphertext, which is intact.
                for other in places.iter().filter(|other| *other != place) {
                    let moved = encrypted.get(other.clone()).unwrap();
                    let same_path = format == Format::Json && moved != sealed && {
                        // The MAC distinguishes items of one list, not their place.
                        matches!(with(moved), Err(SopsError::MacMismatch))
                    };
                    assert!(same_path || with(moved).is_err(), "{layout}/{name}");
                }
            }
        }
    }
}

#[test]
fn what_the_mac_covers_is_noticed() {
    for layout in LAYOUTS {
        let of = |name: &str| text(&format!("vectors/{layout}/{name}"));
        let noticed: [(&str, &str, &str); 9] = [
            // Values that are not encrypted.
            ("secret.yaml", "name: linkding", "name: other"),
            ("values.json", "\"Secret\"", "\"Secrets\""),
            ("values.json", "2.5", "2.6"),
            ("values.env", "http://example.com", "http://example.org"),
            ("values.ini", "http://example.com", "http://example.org"),
            // Order.
            ("values.json", "\"kind\": \"Secret\"", "\"kind\": \"terceS\""),
            // An added value.
            ("values.env", "EMPTY=\n", "EMPTY=\nMORE_unencrypted=x\n"),
            ("values.ini", "[web]\n", "[web]\nmore_unencrypted = x\n"),
            ("secret.yaml", "type: Opaque\n", "type: Opaque\nmore: x\n"),
        ];
        for (name, from, to) in noticed {
            let changed = replaced(&of(name), from, to);
            assert_eq!(open(Format::from_path(name), &changed), Err(SopsError::MacMismatch), "{layout}/{name}: {to}");
        }
        for name in FILES.into_iter().chain(["secret.yaml"]) {
            let encrypted = of(name);
            let year = if encrypted.contains("2026-") { "2026-" } else { "2025-" };
            let changed = replaced(&encrypted, year, "2031-");
            assert_eq!(open(Format::from_path(name), &changed), Err(SopsError::MacMismatch), "{layout}/{name}");
        }
        // A removed line, two lines in another order.
        let encrypted = of("values.env");
        let without: String = encrypted.split_inclusive('\n').filter(|line| !line.starts_with("MULTI=")).collect();
        assert_eq!(open(Format::Dotenv, &without), Err(SopsError::MacMismatch));
        let mut lines: Vec<&str> = encrypted.split_inclusive('\n').collect();
        lines.swap(1, 2);
        assert_eq!(open(Format::Dotenv, &lines.concat()), Err(SopsError::MacMismatch));
        // A renamed key of an encrypted value.
        for (name, from, to) in [
            ("values.env", "DB_USER=", "DB_LOSER="),
            ("values.ini", "user ", "loser "),
            ("values.json", "\"password\"", "\"passwords\""),
            ("secret.yaml", "LD_SUPERUSER_NAME", "LD_OTHER"),
        ] {
            let changed = replaced(&of(name), from, to);
            assert!(matches!(open(Format::from_path(name), &changed), Err(SopsError::Value { .. })), "{layout}/{name}");
        }
    }
}

#[test]
fn what_the_mac_of_sops_does_not_cover_is_not_noticed() {
    for layout in LAYOUTS {
        let of = |name: &str| text(&format!("vectors/{layout}/{name}"));
        for (name, from, to) in [
            // Keys of values that are not encrypted.
            ("secret.yaml", "    name: linkding", "    named: linkding"),
            ("values.env", "url_unencrypted=", "uri_unencrypted="),
            // A type that hashes the same, null and empty values, comments.
            ("values.json", "2.5,", "\"2.5\","),
            ("secret.yaml", "type: Opaque\n", "type: Opaque\nmore: null\n"),
            ("values.env", "EMPTY=\n", "EMPTY=\nMORE=\n"),
            ("secret.yaml", "# about what follows", "# about something else"),
            ("mac-only.yaml", "name: linkding", "name: other"),
        ] {
            let changed = replaced(&of(name), from, to);
            open(Format::from_path(name), &changed).unwrap_or_else(|error| panic!("{layout}/{name} {to}: {error}"));
        }
    }
}
