//! Files of the real sops, read and changed by us.

use similar::{ChangeTag, TextDiff};

use super::{LAYOUTS, ODD, all, identities, open, text};
use crate::model::FaultKind;
use crate::secret::Secret;
use crate::sops::value::ValueType;
use crate::sops::{Changed, Format, Identities, NewFile, Path, SopsError, SopsFile, ValueChange, create, sniff, yaml};

/// Reads a plain text into (document, path, type, value), for comparison.
fn leaves(text: &str) -> Vec<(usize, String, ValueType, String)> {
    let parsed = yaml::read(text).unwrap();
    let leaves = parsed.leaves.iter();
    leaves.map(|leaf| shown(leaf.document, &leaf.path, leaf.value.kind, leaf.value.display().expose())).collect()
}

/// Shows a value for comparison; sops writes the float 2.0 as `2`, so whole floats count as whole numbers.
fn shown(document: usize, path: &Path, kind: ValueType, text: &str) -> (usize, String, ValueType, String) {
    let whole = kind == ValueType::Float && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    (document, path.pointer(), if whole { ValueType::Integer } else { kind }, text.to_owned())
}

#[test]
fn every_vector_opens_and_holds_what_sops_says() {
    for name in all() {
        let opened = open(&name);
        // go-yaml writes some hard strings in an unreadable form, hence the text before the encryption.
        let golden = match name.split_once('/') {
            Some((_, "hard")) => text("plain/hard.yaml"),
            _ => text(&format!("vectors/{name}.plain.yaml")),
        };
        let entries = opened.entries().iter();
        let ours: Vec<_> =
            entries.map(|entry| shown(entry.document, &entry.path, entry.value_type, entry.secret.expose())).collect();
        let theirs = leaves(&golden);
        // In a list, comments are items of the encrypted file but not of the plain one, so positions differ there.
        if name.ends_with("nested") {
            let values =
                |list: &[(usize, String, ValueType, String)]| list.iter().map(|one| one.3.clone()).collect::<Vec<_>>();
            assert_eq!(values(&ours), values(&theirs), "{name}");
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
        let plain = opened.plaintext().unwrap();
        assert_eq!(leaves(plain.expose()), theirs, "{name}: {}", plain.expose());
        assert!(
            !plain.expose().contains("ENC[AES256_GCM,data:") || name.ends_with("hard"),
            "{name}: {}",
            plain.expose()
        );
    }
}

#[test]
fn every_vector_is_sniffed() {
    for name in all() {
        let recipients = sniff(&text(&format!("vectors/{name}.yaml")));
        assert_eq!(recipients, Some(open(&name).file().recipients()), "{name}");
        assert_eq!(sniff(&text(&format!("vectors/{name}.plain.yaml"))), None, "{name}");
    }
}

#[test]
fn changing_one_value_changes_its_line_and_two_of_the_sops_block_only() {
    let now = "2031-02-03T04:05:06.789Z".parse().unwrap();
    // The layouts differ in the sops block alone, so the long ones are checked once.
    for name in all().into_iter().filter(|name| !matches!(name.as_str(), "3.9/hard" | "3.9/zoo")) {
        let before = text(&format!("vectors/{name}.yaml"));
        let mut opened = open(&name);
        let documents = opened.file().documents().len();
        for position in 0..opened.entries().len() {
            let entry = &opened.entries()[position];
            let (document, path, old) = (entry.document, entry.path.clone(), entry.secret.duplicate());
            let (encrypted, null) = (entry.encrypted, entry.value_type == ValueType::Null);
            let text = matches!(entry.value_type, ValueType::Text | ValueType::Bytes);
            match opened.set(document, &path, &Secret::new("hunter3: it's \"new\"\n#")) {
                Ok(()) => {}
                Err(SopsError::Unsupported(_)) => continue,
                Err(error) => panic!("{name} {path}: {error}"),
            }
            let change = ValueChange { document, path: path.clone(), what: Changed::Value };
            assert_eq!(opened.changes(), [change], "{name}");
            let after = opened.save(now).unwrap_or_else(|error| panic!("{name} {path}: {error}"));
            if encrypted {
                assert!(!after.contains("hunter3"), "{name} {path}");
                let diff = TextDiff::from_lines(&before, &after);
                let inserted = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert).count();
                assert_eq!(inserted, 1 + 2 * documents, "{name} {path}");
            }
            if null {
                opened = open(&name);
            } else if text {
                opened.set(document, &path, &old).unwrap();
            } else {
                // In a Secret the same letters would be text.
                assert!(opened.undo());
            }
        }
        assert!(opened.changes().is_empty(), "{name}");
    }
}

#[test]
fn without_a_change_nothing_changes() {
    for name in all() {
        let mut opened = open(&name);
        let entry = opened.entries().iter().find(|entry| entry.encrypted && !entry.secret.is_empty()).unwrap();
        let (document, path, value) = (entry.document, entry.path.clone(), entry.secret.duplicate());
        opened.set(document, &path, &Secret::new("other")).unwrap();
        opened.set(document, &path, &value).unwrap();
        let saved = opened.save("2031-02-03T04:05:06Z".parse().unwrap()).unwrap();
        assert_eq!(saved, text(&format!("vectors/{name}.yaml")));
    }
}

#[test]
fn the_wrong_key_is_refused_with_both_keys_named() {
    for layout in LAYOUTS {
        let file = SopsFile::parse(Format::Yaml, text(&format!("vectors/{layout}/other-key.yaml"))).unwrap();
        let production = identities("production").recipients()[0].clone();
        let staging = identities("staging").recipients()[0].clone();
        let error = file.decrypt(&identities("staging")).unwrap_err();
        let fault = error.fault("clusters/production/secret.yaml", Some("production"));
        assert_eq!(fault.kind, FaultKind::Undecryptable);
        assert_eq!(fault.what, "cannot open clusters/production/secret.yaml for production");
        assert_eq!(fault.why, format!("it is encrypted for {production}; your key is {staging}"));
        // Either key of two opens a file for both.
        let both = || SopsFile::parse(Format::Yaml, text(&format!("vectors/{layout}/two-recipients.yaml"))).unwrap();
        assert_eq!(both().recipients(), [staging, production]);
        both().decrypt(&identities("staging")).unwrap();
        both().decrypt(&identities("production")).unwrap();
    }
}

#[test]
fn changes_made_without_sops_are_noticed() {
    let original = text("vectors/3.13/secret.yaml");
    let open = |text: String| SopsFile::parse(Format::Yaml, text).unwrap().decrypt(&identities("staging")).unwrap_err();
    // The MAC covers unencrypted values, too.
    assert_eq!(open(original.replace("name: linkding", "name: other")), SopsError::MacMismatch);
    // A removed value.
    let without: String = original.split_inclusive('\n').filter(|line| !line.contains("LD_SUPERUSER_NAME")).collect();
    assert_eq!(open(without), SopsError::MacMismatch);
    // Another time than that of the MAC.
    assert_eq!(open(original.replace("lastmodified: \"20", "lastmodified: \"21")), SopsError::MacMismatch);
    // A value under another key.
    assert!(matches!(open(original.replace("LD_SUPERUSER_NAME", "LD_OTHER")), SopsError::Value { .. }));
    // A value in plain text among encrypted ones.
    let plain = original.replace("    empty: \"\"", "    empty: hunter2");
    let error = open(plain);
    assert_eq!(error.to_string(), "stringData.empty should be encrypted but is in plain text");
    // With mac_only_encrypted, unencrypted values may change.
    let free = text("vectors/3.13/mac-only.yaml").replace("name: linkding", "name: other");
    SopsFile::parse(Format::Yaml, free).unwrap().decrypt(&identities("staging")).unwrap();
}

#[test]
fn what_is_not_right_is_told_with_its_line() {
    let parse = |text: &str| SopsFile::parse(Format::Yaml, text).unwrap_err().to_string();
    assert_eq!(parse("a: b\n"), "it is not encrypted with SOPS: there is no sops block");
    assert!(parse("a: b\nc: [1,\nd: e\n").starts_with("line "), "{}", parse("a: b\nc: [1,\nd: e\n"));
    assert_eq!(parse("- a\n"), "line 1: a list stands at the top; SOPS wants keys there");
    assert_eq!(parse("a: b\na: c\n"), "line 2: the key a stands there twice");
    assert_eq!(parse("a: b\n5: c\n"), "line 2: a key is not a text; SOPS knows only such keys, so quote it");
    assert_eq!(
        parse("a: 9223372036854775808\n"),
        "line 1: a whole number is larger than SOPS can hold (64 bits with a sign); quote it"
    );
}

#[test]
fn a_new_document_keeps_every_byte_outside_its_values() {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let recipients = identities("staging").recipients().to_vec();
    for name in ["secret", "hard", "documents", "flow", "nested"] {
        let plain = text(&format!("plain/{name}.yaml"));
        for plain in [plain.replace('\n', "\r\n"), plain] {
            let created = create(
                Format::Yaml,
                &Secret::new(plain.as_str()),
                &NewFile::for_recipients(&recipients, "^(data|stringData)$"),
                now,
            )
            .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!created.contains("hunter2"), "{name}: {created}");
            let opened =
                SopsFile::parse(Format::Yaml, created.as_str()).unwrap().decrypt(&identities("staging")).unwrap();
            assert_eq!(leaves(opened.plaintext().unwrap().expose()), leaves(&plain), "{name}");
            assert_eq!(opened.file().last_modified(), Some(now));
        }
    }
}

#[test]
fn what_would_stay_plain_or_be_encrypted_twice_is_refused() {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let recipients = identities("staging").recipients().to_vec();
    let create = |text: &str, regex: &str| {
        create(Format::Yaml, &Secret::new(text), &NewFile::for_recipients(&recipients, regex), now).unwrap_err()
    };
    assert_eq!(
        create("PASSWORD: hunter2\n", "^(data|stringData)$"),
        SopsError::NothingEncrypted("encrypted_regex: ^(data|stringData)$".to_owned())
    );
    assert!(matches!(create("data: {a: b}\n", "^(data"), SopsError::Rule { .. }));
    assert_eq!(create(&text("vectors/3.13/secret.yaml"), "^(data|stringData)$"), SopsError::AlreadyEncrypted);
    assert!(matches!(create("x: &a hunter2\ndata:\n  a: *a\n", "^data$"), SopsError::Shape { line: 3, .. }));
    assert!(matches!(create("data:\n  a: !!str b\n", "^data$"), SopsError::Shape { line: 2, .. }));
}

#[test]
fn base64_is_known_below_data_of_a_secret() {
    let mut opened = open("3.13/secret");
    let now = "2031-02-03T04:05:06Z".parse().unwrap();
    let entry = opened.find(0, "/data/tls.crt").unwrap();
    assert!(entry.base64);
    assert_eq!(entry.decoded().unwrap().expose(), "-----BEGIN-----\n");
    assert!(opened.find(0, "data.binary").unwrap().decoded().is_none());
    assert!(!opened.find(0, "stringData.LD_SUPERUSER_NAME").unwrap().base64);
    let path = entry.path.clone();
    opened.set_decoded(0, &path, &Secret::new("new")).unwrap();
    let saved = opened.save(now).unwrap();
    let again = SopsFile::parse(Format::Yaml, saved).unwrap().decrypt(&identities("staging")).unwrap();
    assert_eq!(again.find(0, "/data/tls.crt").unwrap().secret.expose(), "bmV3");
}

#[test]
fn nothing_secret_is_in_debug() {
    let opened = open("3.13/secret");
    let debug = format!("{opened:?} {:?} {:?}", opened.entries(), opened.file());
    assert!(!debug.contains("hunter2") && !debug.contains("AGE-SECRET"), "{debug}");
}

/// Returns the text outside of ciphertexts, which contain any short word by chance.
fn outside_ciphertext(text: &str) -> String {
    let body = text.split("\nsops:").next().unwrap_or_default();
    let mut parts = body.split("ENC[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |open, part| open + part.split_once(']').map_or("", |(_, rest)| rest))
}

#[test]
fn documents_as_people_write_them_are_encrypted_and_changed_where_they_stand() {
    let now = "2031-02-03T04:05:06Z".parse().unwrap();
    let recipients = identities("staging").recipients().to_vec();
    for (name, plain) in ODD {
        for plain in [plain.to_owned(), plain.replace('\n', "\r\n")] {
            let created = create(
                Format::Yaml,
                &Secret::new(plain.as_str()),
                &NewFile::for_recipients(&recipients, "^(data|stringData)$"),
                now,
            )
            .unwrap_or_else(|error| panic!("{name}: {error}"));
            let open_text = outside_ciphertext(&created);
            assert!(["hunter2", "one", "two"].iter().all(|word| !open_text.contains(word)), "{name}: {created}");
            let open =
                || SopsFile::parse(Format::Yaml, created.as_str()).unwrap().decrypt(&identities("staging")).unwrap();
            assert_eq!(leaves(open().plaintext().unwrap().expose()), leaves(&plain), "{name}");
            for position in 0..open().entries().len() {
                for value in ["x", "", "a\nb\n", "0755", " # "] {
                    let mut opened = open();
                    let (document, path) =
                        (opened.entries()[position].document, opened.entries()[position].path.clone());
                    match opened.set(document, &path, &Secret::new(value)) {
                        Ok(()) => {}
                        Err(SopsError::Unsupported(_)) => continue,
                        Err(error) => panic!("{name} {path}: {error}"),
                    }
                    let saved =
                        opened.save(now).unwrap_or_else(|error| panic!("{name} {path} {value:?}: {error}\n{created}"));
                    let again = SopsFile::parse(Format::Yaml, saved).unwrap().decrypt(&identities("staging")).unwrap();
                    let (shown, found) = (&opened.entries()[position].secret, &again.entries()[position].secret);
                    assert_eq!(shown.expose(), found.expose(), "{name} {path}");
                    assert_eq!(
                        leaves(opened.plaintext().unwrap().expose()),
                        leaves(again.plaintext().unwrap().expose()),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_ssh_key_opens_what_is_encrypted_for_it() {
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let ssh = Identities::from_text(&Secret::new(text("vectors/throwaway-ssh.txt"))).unwrap();
    let created = create(
        Format::Yaml,
        &Secret::new("data: {a: hunter2}\n"),
        &NewFile::for_recipients(ssh.recipients(), "^data$"),
        now,
    )
    .unwrap();
    let file = SopsFile::parse(Format::Yaml, created.as_str()).unwrap();
    assert!(file.recipients()[0].starts_with("ssh-ed25519 "));
    assert_eq!(file.decrypt(&ssh).unwrap().entries()[0].secret.expose(), "hunter2");
}
