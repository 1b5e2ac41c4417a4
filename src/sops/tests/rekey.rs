//! Changing the recipients of a file, its data key, and its rule.

use jiff::Timestamp;

use crate::secret::Secret;
use crate::sops::{Format, Identities, NewFile, Opened, RuleKind, SopsError, SopsFile, create, generate};

const PLAIN: &str = "# head\nkind: Secret\nmetadata:\n  name: a # note\nstringData:\n  # old: hunter2\n  password: \"s3cret-one\"\n  twin: s3cret-one\n  list: [a, b]\ndata: {}\n";

struct Key(Secret, String);

fn key() -> Key {
    let (text, recipient) = generate();
    Key(text, recipient)
}

fn open(key: &Key, text: &str) -> Opened {
    let file = SopsFile::parse(Format::Yaml, text).unwrap();
    file.decrypt(&Identities::from_text(&key.0).unwrap()).unwrap()
}

fn sealed(key: &Key) -> String {
    let file = NewFile::for_recipients(std::slice::from_ref(&key.1), "^(data|stringData)$");
    create(Format::Yaml, &Secret::new(PLAIN), &file, Timestamp::UNIX_EPOCH).unwrap()
}

/// Returns the plain text as it is read back: needless quotes are gone.
fn shown(key: &Key, text: &str) -> String {
    let shown = open(key, text).plaintext().unwrap().expose().to_owned();
    assert!(shown.contains("# old: hunter2") && shown.contains("s3cret-one"));
    shown
}

fn ciphertexts(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains("ENC[")).map(str::trim).collect()
}

#[test]
fn a_recipient_comes_and_goes_and_nothing_but_the_block_changes() {
    let (one, two) = (key(), key());
    let before = sealed(&one);
    let both = open(&one, &before).for_recipients(&[vec![one.1.clone(), two.1.clone()]], None).unwrap();
    assert_eq!(ciphertexts(&both), ciphertexts(&before));
    assert_eq!(shown(&two, &both), shown(&one, &before));
    let again = open(&two, &both).for_recipients(&[vec![one.1.clone()]], None).unwrap();
    assert_eq!(again, before, "the entry that stays keeps its bytes");
    assert!(open(&one, &before).for_recipients(&[vec!["age1nonsense".to_owned()]], None).is_err());
    assert!(open(&one, &before).for_recipients(&[Vec::new()], None).is_err());
}

#[test]
fn a_rotated_key_leaves_no_ciphertext_of_the_old_one_and_the_same_plain_text() {
    let (one, two) = (key(), key());
    let before = open(&one, &sealed(&one)).for_recipients(&[vec![one.1.clone(), two.1.clone()]], None).unwrap();
    let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let after = open(&one, &before).reencrypted(None, now).unwrap();
    let old = ciphertexts(&before);
    assert!(ciphertexts(&after).iter().all(|line| !old.contains(line)) && ciphertexts(&after).len() == old.len());
    for key in [&one, &two] {
        let opened = open(key, &after);
        assert_eq!(shown(key, &after), shown(key, &before));
        assert_eq!(opened.file().last_modified(), Some(now));
    }
    let plain = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("ENC[") && !line.starts_with("    "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(&after), plain(&before), "all that is not encrypted stays");
}

#[test]
fn another_rule_and_other_recipients_are_those_of_the_configuration() {
    let (one, two) = (key(), key());
    let wanted = NewFile {
        rule: Some((RuleKind::EncryptedRegex, "^(stringData|metadata)$".to_owned())),
        mac_only_encrypted: true,
        ..NewFile::for_recipients(std::slice::from_ref(&two.1), "")
    };
    let after = open(&one, &sealed(&one)).reencrypted(Some(&wanted), Timestamp::UNIX_EPOCH).unwrap();
    assert!(after.contains("name: ENC[") && !after.contains("s3cret-one"), "{after}");
    let opened = open(&two, &after);
    assert!(opened.plaintext().unwrap().expose().contains("# old: hunter2"));
    assert_eq!(opened.file().recipients(), std::slice::from_ref(&two.1));
    assert_eq!(opened.file().rule_text(), "encrypted_regex: ^(stringData|metadata)$");
    let less = NewFile::for_recipients(std::slice::from_ref(&two.1), "^password$");
    let refused = open(&one, &sealed(&one)).reencrypted(Some(&less), Timestamp::UNIX_EPOCH);
    assert!(matches!(refused, Err(SopsError::LeftPlain { .. })), "{refused:?}");
    let nothing = NewFile::for_recipients(std::slice::from_ref(&two.1), "^nowhere$");
    assert!(open(&one, &sealed(&one)).reencrypted(Some(&nothing), Timestamp::UNIX_EPOCH).is_err());
}

#[test]
fn the_data_key_can_be_split_and_joined_again() {
    let (one, two) = (key(), key());
    let groups = [vec![one.1.clone()], vec![two.1.clone()]];
    let split = open(&one, &sealed(&one)).for_recipients(&groups, Some(2)).unwrap();
    let file = SopsFile::parse(Format::Yaml, split.as_str()).unwrap();
    assert!(file.decrypt(&Identities::from_text(&one.0).unwrap()).is_err());
    let mut both = Identities::from_text(&one.0).unwrap();
    both.merge(Identities::from_text(&two.0).unwrap());
    let file = SopsFile::parse(Format::Yaml, split.as_str()).unwrap();
    let joined = file.decrypt(&both).unwrap().for_recipients(&[vec![two.1.clone()]], None).unwrap();
    assert!(shown(&two, &joined).contains("s3cret-one"));
}

#[test]
fn another_threshold_splits_the_data_key_anew_and_one_that_sops_refuses_is_never_written() {
    let keys = [key(), key(), key()];
    let groups: Vec<Vec<String>> = keys.iter().map(|one| vec![one.1.clone()]).collect();
    let mut all = Identities::default();
    for one in &keys {
        all.merge(Identities::from_text(&one.0).unwrap());
    }
    let parse = |text: &str| SopsFile::parse(Format::Yaml, text).unwrap();
    let three = open(&keys[0], &sealed(&keys[0])).for_recipients(&groups, Some(3)).unwrap();
    let opened = parse(&three).decrypt(&all).unwrap();
    for wrong in [1, 4, 0] {
        let error = opened.for_recipients(&groups, Some(wrong)).unwrap_err();
        assert!(error.to_string().contains("groups cannot be asked for"), "{wrong}: {error}");
    }
    let two = opened.for_recipients(&groups, Some(2)).unwrap();
    let mut some = Identities::from_text(&keys[2].0).unwrap();
    some.merge(Identities::from_text(&keys[1].0).unwrap());
    assert!(parse(&three).decrypt(&some).is_err());
    let again = parse(&two).decrypt(&some).unwrap();
    assert_eq!(again.for_recipients(&groups, None).unwrap(), two, "nothing else changes");
}
