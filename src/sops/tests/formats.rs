//! The formats other than YAML, and keys that are split between groups.

use similar::{ChangeTag, TextDiff};
use zeroize::Zeroizing;

use super::{LAYOUTS, folder, identities, text};
use crate::secret::Secret;
use crate::sops::value::ValueType;
use crate::sops::{
    Format, Identities, KeyGroup, NewFile, Opened, RuleKind, SopsError, SopsFile, create, create_binary, sniff,
};

pub(super) const NOW: &str = "2031-02-03T04:05:06Z";

/// The vectors that are text.
pub(super) const FILES: [&str; 4] = ["values.json", "values.env", "values.ini", "note.txt"];

pub(super) fn opened(format: Format, text: &str) -> Opened {
    SopsFile::parse(format, text).unwrap().decrypt(&identities("staging")).unwrap()
}

/// Reads a plain text into (path, value); sops 3.9 takes every number of JSON for a float, so types are left out.
pub(super) fn values(format: Format, text: &str) -> Vec<(String, String)> {
    if format == Format::Binary {
        return vec![("/data".to_owned(), text.to_owned())];
    }
    let parsed = format.read(text).unwrap();
    let shown = parsed.leaves.iter().map(|leaf| (leaf.path.pointer(), leaf.value.canonical.expose().to_owned()));
    shown.filter(|(path, _)| path != "/DEFAULT").collect()
}

pub(super) fn all() -> impl Iterator<Item = (String, Format, String)> {
    LAYOUTS.into_iter().flat_map(|layout| {
        FILES.map(|name| {
            let path = format!("vectors/{layout}/{name}");
            (path.clone(), Format::from_path(name), text(&path))
        })
    })
}

fn plain_of(name: &str) -> String {
    text(&format!("plain/{}", name.rsplit_once('/').unwrap().1))
}

#[test]
fn every_vector_opens_and_holds_what_was_encrypted() {
    for (name, format, encrypted) in all() {
        let opened = opened(format, &encrypted);
        let shown = |entry: &crate::sops::Entry| (entry.path.pointer(), entry.secret.expose().to_owned());
        let ours: Vec<_> = opened.entries().iter().map(shown).collect();
        let display = |value: String| match value.as_str() {
            "True" | "False" => value.to_lowercase(),
            _ => value,
        };
        let theirs: Vec<_> =
            values(format, &plain_of(&name)).into_iter().map(|(path, value)| (path, display(value))).collect();
        assert_eq!(ours, theirs, "{name}");
        let plain = opened.plaintext().unwrap();
        assert_eq!(values(format, plain.expose()), values(format, &plain_of(&name)), "{name}");
        assert!(!plain.expose().contains("sops") && !plain.expose().contains("ENC["), "{name}: {}", plain.expose());
        assert_eq!(sniff(&encrypted), Some(opened.file().recipients()), "{name}");
        assert_eq!(opened.save(NOW.parse().unwrap()).unwrap(), encrypted, "{name}");
    }
}

#[test]
fn changing_one_value_changes_its_line_and_two_of_the_block() {
    for (name, format, encrypted) in all() {
        let paths: Vec<_> = opened(format, &encrypted).entries().iter().map(|entry| entry.path.clone()).collect();
        for path in paths {
            for value in ["hunter3: \"it's\" new", "first\nsecond", "", "5", "`x` # y; z", " a "] {
                let mut opened = opened(format, &encrypted);
                opened.set(0, &path, &Secret::new(value)).unwrap_or_else(|error| panic!("{name} {path}: {error}"));
                if opened.changes().is_empty() {
                    continue;
                }
                let after =
                    opened.save(NOW.parse().unwrap()).unwrap_or_else(|error| panic!("{name} {path} {value}: {error}"));
                let again = self::opened(format, &after);
                let found = again.entries().iter().find(|entry| entry.path == path).unwrap();
                assert_eq!(found.secret.expose(), value, "{name} {path}");
                let diff = TextDiff::from_lines(&encrypted, &after);
                let inserted = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert).count();
                // A list in JSON can be on the line.
                assert!(inserted <= 3 + usize::from(value.contains('\n')), "{name} {path}: {after}");
                if found.encrypted && !value.is_empty() && value.len() > 3 {
                    assert!(!after.contains(value), "{name} {path}");
                }
            }
        }
    }
}

#[test]
fn keys_are_added_renamed_and_removed() {
    let path = |words: &[&str]| {
        crate::sops::Path::new(words.iter().map(|word| crate::sops::Segment::Key((*word).to_owned())).collect())
    };
    for (name, format, encrypted) in all().filter(|(_, format, _)| *format != Format::Binary) {
        let (parent, old): (&[&str], &str) = match format {
            Format::Json => (&["stringData"], "password"),
            Format::Ini => (&["db"], "user"),
            _ => (&[], "DB_USER"),
        };
        let at = |key: &str| path(&[parent, &[key]].concat());
        let mut opened = opened(format, &encrypted);
        opened.add(0, &at("ADDED"), &Secret::new("throwaway-new")).unwrap_or_else(|error| panic!("{name}: {error}"));
        opened.rename(0, &at(old), "RENAMED").unwrap();
        let saved = opened.save(NOW.parse().unwrap()).unwrap();
        let mut again = self::opened(format, &saved);
        let held = |opened: &Opened, key: &str| {
            opened.entries().iter().find(|entry| entry.path == at(key)).map(|entry| entry.secret.expose().to_owned())
        };
        assert_eq!(held(&again, "ADDED").as_deref(), Some("throwaway-new"), "{name}");
        assert!(held(&again, "RENAMED").is_some() && held(&again, old).is_none(), "{name}");
        assert!(!saved.contains("throwaway-new"), "{name}");
        again.remove(0, &at("ADDED")).unwrap();
        again.remove(0, &at("RENAMED")).unwrap();
        let saved = again.save(NOW.parse().unwrap()).unwrap();
        assert!(held(&self::opened(format, &saved), "ADDED").is_none(), "{name}");
    }
}

#[test]
fn a_file_of_any_bytes_is_opened_and_encrypted() {
    let bytes = std::fs::read(folder().join("plain/bytes.bin")).unwrap();
    for layout in LAYOUTS {
        let opened = opened(Format::Binary, &text(&format!("vectors/{layout}/bytes.bin")));
        assert_eq!(opened.content().unwrap().as_slice(), bytes, "{layout}");
        assert_eq!(opened.entries()[0].value_type, ValueType::Bytes);
        assert!(opened.plaintext().is_err());
        let note = self::opened(Format::Binary, &text(&format!("vectors/{layout}/note.txt")));
        assert_eq!(note.plaintext().unwrap().expose(), text("plain/note.txt"));
    }
    let file = NewFile::for_recipients(identities("staging").recipients(), "^nothing$");
    let created = create_binary(Zeroizing::new(bytes.clone()), &file, NOW.parse().unwrap()).unwrap();
    assert_eq!(opened(Format::Binary, &created).content().unwrap().as_slice(), bytes);
    assert!(!created.contains("encrypted_regex"));
    let mut note = opened(Format::Binary, &text("vectors/3.13/note.txt"));
    note.replace(Secret::new("another\nthrowaway\n")).unwrap();
    let saved = note.save(NOW.parse().unwrap()).unwrap();
    assert_eq!(opened(Format::Binary, &saved).plaintext().unwrap().expose(), "another\nthrowaway\n");
}

#[test]
fn a_new_file_of_every_format_keeps_every_byte_outside_its_values() {
    let production = identities("production").recipients().to_vec();
    for name in FILES {
        let (format, plain) = (Format::from_path(name), text(&format!("plain/{name}")));
        for rule in [None, Some((RuleKind::UnencryptedRegex, "_unencrypted$|^web$|^kind$".to_owned()))] {
            let groups = vec![[identities("staging").recipients(), &production].concat()];
            let file = NewFile { groups, rule, ..NewFile::default() };
            let created = create(format, &Secret::new(plain.as_str()), &file, NOW.parse().unwrap())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!created.contains("throwaway-") && !created.contains("hunter2"), "{name}: {created}");
            let opened = opened(format, &created);
            let again = opened.plaintext().unwrap();
            assert_eq!(values(format, again.expose()), values(format, &plain), "{name}");
            // In other formats the quotes of a value may differ.
            assert!(matches!(format, Format::Json | Format::Ini) || again.expose() == plain, "{name}");
            SopsFile::parse(format, created.as_str()).unwrap().decrypt(&identities("production")).unwrap();
        }
    }
}

#[test]
fn what_would_stay_plain_is_refused() {
    let refused = |format, plain: &str, regex: &str| {
        let file = NewFile::for_recipients(identities("staging").recipients(), regex);
        create(format, &Secret::new(plain), &file, NOW.parse().unwrap()).unwrap_err()
    };
    let kubernetes = "^(data|stringData)$";
    for (format, plain) in [(Format::Dotenv, "A=1\n"), (Format::Ini, "[a]\nb = 1\n"), (Format::Json, "{\"a\": 1}")] {
        assert!(matches!(refused(format, plain, kubernetes), SopsError::NothingEncrypted(_)), "{plain}");
        assert!(matches!(refused(format, plain, "^(data"), SopsError::Rule { .. }), "{plain}");
    }
    assert!(matches!(refused(Format::Binary, "", kubernetes), SopsError::NothingEncrypted(_)));
    for (format, name) in [(Format::Dotenv, "values.env"), (Format::Ini, "values.ini"), (Format::Json, "values.json")] {
        assert_eq!(refused(format, &text(&format!("vectors/3.13/{name}")), "."), SopsError::AlreadyEncrypted);
    }
}

#[test]
fn recipients_are_added_and_removed_in_every_format() {
    for (name, format, encrypted) in all() {
        let before = opened(format, &encrypted);
        let mut metadata = before.file().metadata().clone();
        metadata.groups[0].age.extend(KeyGroup::for_recipients(identities("production").recipients()).age);
        let longer = before.with_metadata(metadata).unwrap_or_else(|error| panic!("{name}: {error}"));
        let file = SopsFile::parse(format, longer.as_str()).unwrap();
        file.decrypt(&identities("production")).unwrap();
        let again = opened(format, &longer).with_metadata(before.file().metadata().clone()).unwrap();
        assert_eq!(again, encrypted, "{name}");
        let diff = TextDiff::from_lines(&encrypted, &longer);
        let deleted = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Delete).count();
        assert!(deleted <= 1, "{name}: {longer}");
    }
}

#[test]
fn a_split_key_is_put_together_from_enough_groups() {
    let both = || {
        let mut both = identities("staging");
        both.merge(identities("production"));
        both
    };
    let parse = |layout: &str| SopsFile::parse(Format::Yaml, text(&format!("vectors/{layout}/shamir.yaml"))).unwrap();
    for layout in LAYOUTS {
        assert_eq!((parse(layout).metadata().groups.len(), parse(layout).metadata().needed()), (3, 2));
        // Each of them opens two of the three groups.
        for identities in [identities("staging"), identities("production"), both()] {
            parse(layout).decrypt(&identities).unwrap_or_else(|error| panic!("{layout}: {error}"));
        }
        let error = parse(layout).decrypt(&Identities::default()).unwrap_err();
        let missing =
            "its data key is split between 3 groups of keys of which 2 are needed, and the keys at hand open 0";
        assert!(error.to_string().starts_with(missing), "{error}");
    }
    let groups = vec![identities("staging").recipients().to_vec(), identities("production").recipients().to_vec()];
    let staging = groups[0][0].clone();
    let file = NewFile { groups, ..NewFile::default() };
    for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini] {
        let plain = match format {
            Format::Yaml => "a: throwaway\n",
            Format::Json => "{\n\t\"a\": \"throwaway\"\n}\n",
            Format::Ini => "[s]\na = throwaway\n",
            _ => "a=throwaway\n",
        };
        let created = create(format, &Secret::new(plain), &file, NOW.parse().unwrap()).unwrap();
        let parse = || SopsFile::parse(format, created.as_str()).unwrap();
        assert_eq!(parse().metadata().shamir_threshold, Some(2));
        let mut opened = parse().decrypt(&both()).unwrap();
        let path = opened.entries()[0].path.clone();
        opened.set(0, &path, &Secret::new("other")).unwrap();
        let saved = opened.save(NOW.parse().unwrap()).unwrap();
        let again = SopsFile::parse(format, saved).unwrap().decrypt(&both()).unwrap();
        assert_eq!(again.entries()[0].secret.expose(), "other");
        let error = parse().decrypt(&identities("production")).unwrap_err().to_string();
        assert!(error.ends_with(&format!("open 1; not opened: group 1 ({staging})")), "{error}");
    }
}

#[test]
fn a_file_for_pgp_too_stays_readable_and_keeps_it() {
    for layout in LAYOUTS {
        let encrypted = text(&format!("vectors/{layout}/pgp-and-age.yaml"));
        let mut opened = opened(Format::Yaml, &encrypted);
        assert_eq!(opened.file().metadata().other_kinds(), ["pgp"]);
        let path = opened.find(0, "stringData.LD_SUPERUSER_NAME").unwrap().path.clone();
        opened.set(0, &path, &Secret::new("other")).unwrap();
        let saved = opened.save(NOW.parse().unwrap()).unwrap();
        let pgp = |text: &str| {
            let (_, rest) = text.split_once("-----BEGIN PGP MESSAGE").unwrap();
            rest.split_once("fp:").unwrap().0.to_owned()
        };
        assert_eq!(pgp(&saved), pgp(&encrypted));
    }
}

#[test]
fn the_fuzzer_s_corpus_is_replayed() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in crate::sops::fuzzing::TARGETS {
        let files: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            target(&std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn a_file_of_another_ending_is_read_in_the_format_that_it_has() {
    let sealed = "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]";
    let dotenv = format!(
        "A={sealed}\nsops_age__list_0__map_enc=x\nsops_age__list_0__map_recipient=age1x\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_mac={sealed}\nsops_version=3.13.3\n"
    );
    let yaml = format!(
        "a: {sealed}\nsops:\n    age:\n        - recipient: age1x\n          enc: x\n    lastmodified: \"2026-01-01T00:00:00Z\"\n    mac: {sealed}\n    version: 3.13.3\n"
    );
    for (text, format) in [(dotenv, Format::Dotenv), (yaml, Format::Yaml)] {
        assert_eq!(SopsFile::parse(Format::Binary, text.as_str()).unwrap().format(), format);
        // An ending that says a format is believed, as sops believes it.
        assert!(SopsFile::parse(Format::Json, text).is_err());
    }
}
