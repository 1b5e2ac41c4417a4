//! Blocks of the real sops, written again.

use super::{KeyGroup, Layout, Metadata, Node, flat, yaml};
use crate::sops::cipher::DataKey;
use crate::sops::tests::{all, identities, text};
use crate::sops::{Format, RuleKind, SopsFile};

fn parse(name: &str) -> SopsFile {
    SopsFile::parse(Format::Yaml, text(&format!("vectors/{name}.yaml"))).unwrap()
}

#[test]
fn every_field_is_written_as_the_real_sops_writes_it() {
    for name in all() {
        let file = parse(&name);
        let newline = if file.text.contains("\r\n") { "\r\n" } else { "\n" };
        let block = file.parsed.documents[0].block.clone().unwrap();
        let block = yaml::split(file.text.get(block).unwrap()).unwrap();
        let layout = match name.split_once('/').unwrap().0 {
            "3.9" => Layout::WithEmpty,
            "3.10" => Layout::Ordered,
            _ => Layout::Sorted,
        };
        let node = file.metadata.node(layout);
        let ours = node.members().iter().map(|(name, node)| yaml::field(name, node, 4, 4).join(newline));
        let theirs: Vec<&str> = block
            .fields
            .iter()
            .map(|(_, lines)| *lines)
            .filter(|lines| lines.contains('\n') || !lines.ends_with(": []"))
            .collect();
        assert_eq!(ours.collect::<Vec<_>>(), theirs, "{name}");
    }
}

#[test]
fn a_block_that_says_the_same_keeps_its_bytes() {
    for name in all() {
        let file = parse(&name);
        assert_eq!(file.with_metadata(&file.metadata).unwrap(), file.text, "{name}");
    }
}

#[test]
fn a_recipient_is_added_and_removed_without_touching_anything_else() {
    let production = identities("production").recipients()[0].clone();
    for name in all().into_iter().filter(|name| !name.ends_with("two-recipients") && !name.ends_with("shamir")) {
        let file = parse(&name);
        let mut metadata = file.metadata.clone();
        metadata.groups[0].age.extend(KeyGroup::for_recipients(std::slice::from_ref(&production)).age);
        let key = metadata_key(&file);
        metadata.wrap_missing(&key).unwrap();
        let longer = file.with_metadata(&metadata).unwrap();
        let again = SopsFile::parse(Format::Yaml, longer.as_str()).unwrap();
        assert_eq!(again.metadata, metadata, "{name}");
        again.decrypt(&identities("production")).unwrap();
        let again = SopsFile::parse(Format::Yaml, longer.as_str()).unwrap();
        assert_eq!(again.with_metadata(&file.metadata).unwrap(), file.text, "{name}");
        // Each entry has the form of the first.
        let lines = |text: &str| text.lines().count();
        let entry = metadata.groups[0].age[1].armor.lines().count() + 2;
        assert_eq!(lines(&longer), lines(&file.text) + file.documents().len() * entry, "{name}");
    }
}

fn metadata_key(file: &SopsFile) -> DataKey {
    file.metadata.unwrap(&identities("staging")).unwrap().0
}

#[test]
fn the_rule_is_changed_in_its_place() {
    let file = parse("3.9/secret");
    let mut metadata = file.metadata.clone();
    metadata.rule = Some((RuleKind::UnencryptedSuffix, "_plain".to_owned()));
    metadata.mac_only_encrypted = true;
    let changed = file.with_metadata(&metadata).unwrap();
    let tail = changed.split("    pgp: []\n").nth(1).unwrap();
    let version = &file.metadata.version;
    assert_eq!(tail, format!("    unencrypted_suffix: _plain\n    mac_only_encrypted: true\n    version: {version}\n"));
    assert_eq!(Metadata::read(&Format::Yaml.read(&changed).unwrap()).unwrap(), metadata);
}

#[test]
fn keys_of_other_kinds_and_unknown_fields_stay_as_they_are() {
    let text = text("vectors/3.9/secret.yaml");
    let opaque = "    pgp:\n        - created_at: \"2026-01-02T03:04:05Z\"\n          enc: |-\n            -----BEGIN PGP MESSAGE-----\n\n            throwaway\n            -----END PGP MESSAGE-----\n          fp: ABCDEF\n    later: {a: 1}\n";
    let text = text.replace("    pgp: []\n", opaque);
    let file = SopsFile::parse(Format::Yaml, text.as_str()).unwrap();
    assert_eq!(file.metadata.groups[0].others(), [("pgp".to_owned(), "ABCDEF".to_owned())]);
    let key = metadata_key(&file);
    let mut metadata = file.metadata.clone();
    metadata.groups[0].age.extend(KeyGroup::for_recipients(identities("production").recipients()).age);
    metadata.wrap_missing(&key).unwrap();
    assert!(file.with_metadata(&metadata).unwrap().contains(opaque));
    let error = metadata.wrap_all(&key).unwrap_err().to_string();
    assert_eq!(error, "it is also encrypted for pgp, for which only sops can wrap a new data key");
}

#[test]
fn flat_names_are_those_of_sops() {
    let file = parse("3.13/two-recipients");
    let Node::Map(lines) = flat::fields(&file.metadata.node(Layout::Sorted)) else { panic!() };
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "age__list_0__map_enc",
            "age__list_0__map_recipient",
            "age__list_1__map_enc",
            "age__list_1__map_recipient",
            "encrypted_regex",
            "lastmodified",
            "mac",
            "version"
        ]
    );
}
