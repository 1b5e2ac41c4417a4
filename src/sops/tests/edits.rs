//! Adding, renaming, removing, and editing as text: the changed parts of the file, and the unchanged ones.

use similar::{ChangeTag, TextDiff};

use super::{identities, open, text};
use crate::secret::Secret;
use crate::sops::{Changed, Format, NewFile, Opened, Path, SopsError, SopsFile, ValueChange, create};

const NOW: &str = "2031-02-03T04:05:06Z";
const KUBERNETES: &str = "^(data|stringData)$";

fn sealed(plain: &str) -> Opened {
    let created = create(
        Format::Yaml,
        &Secret::new(plain),
        &NewFile::for_recipients(identities("staging").recipients(), KUBERNETES),
        NOW.parse().unwrap(),
    )
    .unwrap();
    SopsFile::parse(Format::Yaml, created).unwrap().decrypt(&identities("staging")).unwrap()
}

/// Saves, opens again and returns the encrypted text and the plain one.
fn saved(opened: &Opened) -> (String, String) {
    let text = opened.save(NOW.parse().unwrap()).unwrap();
    let again = SopsFile::parse(Format::Yaml, text.as_str()).unwrap().decrypt(&identities("staging")).unwrap();
    let plain = again.plaintext().unwrap().expose().to_owned();
    (text, plain)
}

/// Returns the removed and the added lines, without those of `lastmodified` and `mac`.
fn difference(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (mut went, mut came) = (Vec::new(), Vec::new());
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let line = change.value().trim_end().to_owned();
        if line.trim_start().starts_with("mac: ") || line.trim_start().starts_with("lastmodified: ") {
            continue;
        }
        match change.tag() {
            ChangeTag::Delete => went.push(line),
            ChangeTag::Insert => came.push(line),
            ChangeTag::Equal => {}
        }
    }
    (went, came)
}

fn path(words: &str) -> Path {
    Path::parse(words)
}

const SECRET: &str = "kind: Secret\nmetadata:\n    name: a\nstringData:\n    # who\n    user: admin\n    password: hunter2 # old\n\n    tail: |\n        one\n        two\nimmutable: true\n";

#[test]
fn a_new_key_is_one_new_line_behind_its_neighbours() {
    let mut opened = sealed(SECRET);
    let before = opened.file().text().to_owned();
    opened.add(0, &path("stringData.token"), &Secret::new("s3cret: #1")).unwrap();
    assert_eq!(opened.changes(), [ValueChange { document: 0, path: path("stringData.token"), what: Changed::Added }]);
    let (text, plain) = saved(&opened);
    let (went, came) = difference(&before, &text);
    assert!(went.is_empty() && came.len() == 1 && came[0].starts_with("    token: ENC["), "{went:?} {came:?}");
    assert!(plain.contains("        two\n    token: \"s3cret: #1\"\nimmutable: true\n"), "{plain}");
    // A missing mapping is created; a text of several lines becomes a block.
    opened.add(0, &path("/data/.dockerconfigjson"), &Secret::new("e30=")).unwrap();
    opened.add(0, &path("/data/b.pem"), &Secret::new("one\ntwo\n")).unwrap();
    let (text, plain) = saved(&opened);
    assert!(plain.ends_with("data:\n    .dockerconfigjson: e30=\n    b.pem: |\n        one\n        two\n"), "{plain}");
    assert!(!text.contains("e30="));
    let twice = opened.add(0, &path("stringData.token"), &Secret::new("x")).unwrap_err();
    assert_eq!(twice, SopsError::Unsupported("stringData.token is there already".to_owned()));
    assert!(opened.add(0, &path("metadata.name.x"), &Secret::new("x")).is_err());
}

#[test]
fn an_empty_mapping_takes_its_first_key() {
    for (plain, then) in [
        ("stringData:\n    x: zz\ndata: {}\nkind: Secret\n", "data: {\"a\": \"b\"}\nkind: Secret\n"),
        ("stringData:\n    x: zz\ndata:\nkind: Secret\n", "data:\n    a: b\nkind: Secret\n"),
        ("stringData:\n    x: zz\ndata: ~ # none\nkind: Secret\n", "data: # none\n    a: b\nkind: Secret\n"),
        ("stringData:\n    x: zz\ndata: {c: d}\nkind: Secret\n", "data: {c: \"d\", \"a\": \"b\"}\nkind: Secret\n"),
        ("stringData:\n    x: zz\ndata:\n  c: d", "data:\n  c: d\n  a: b\n"),
    ] {
        for plain in [plain.to_owned(), plain.replace('\n', "\r\n")] {
            let mut opened = sealed(&plain);
            opened.add(0, &path("data.a"), &Secret::new("b")).unwrap_or_else(|error| panic!("{plain}: {error}"));
            let (_, found) = saved(&opened);
            assert_eq!(found.replace("\r\n", "\n").split_once("x: zz\n").unwrap().1, then);
        }
    }
}

#[test]
fn a_renamed_key_keeps_its_place_and_its_neighbours_their_bytes() {
    let mut opened = sealed(SECRET);
    let before = opened.file().text().to_owned();
    opened.rename(0, &path("stringData.password"), "PASSWORD").unwrap();
    let change = ValueChange {
        document: 0,
        path: path("stringData.PASSWORD"),
        what: Changed::Renamed(path("stringData.password")),
    };
    assert_eq!(opened.changes(), [change]);
    let (text, plain) = saved(&opened);
    let (went, came) = difference(&before, &text);
    assert!(went.len() == 1 && came.len() == 1 && came[0].starts_with("    PASSWORD: ENC["), "{went:?} {came:?}");
    assert!(came[0].contains(" #ENC["), "the comment behind it stays: {came:?}");
    assert_eq!(plain, SECRET.replace("password", "PASSWORD"));
    // Renaming a mapping moves everything below it.
    opened.undo();
    opened.rename(0, &path("stringData"), "data").unwrap();
    assert_eq!(saved(&opened).1, SECRET.replace("stringData", "data"));
    assert!(opened.rename(0, &path("data"), "kind").is_err(), "it is there already");
    assert!(opened.rename(0, &path("data.gone"), "x").is_err());
}

#[test]
fn what_is_taken_out_goes_with_its_line_and_nothing_else() {
    let mut opened = sealed(SECRET);
    let before = opened.file().text().to_owned();
    opened.remove(0, &path("stringData.tail")).unwrap();
    let (text, plain) = saved(&opened);
    let (went, came) = difference(&before, &text);
    assert!(went.len() == 1 && came.is_empty(), "{went:?} {came:?}");
    assert!(plain.contains("# old\n\nimmutable: true\n"), "{plain}");
    opened.remove(0, &path("stringData.user")).unwrap();
    opened.remove(0, &path("stringData.password")).unwrap();
    // Then the rule covers nothing: that would be a secret in plain text.
    assert!(matches!(opened.save(NOW.parse().unwrap()), Err(SopsError::NothingEncrypted(_))));
    assert!(opened.undo() && opened.undo() && opened.undo() && !opened.undo());
    assert!(opened.redo() && opened.undo());
    assert_eq!(opened.save(NOW.parse().unwrap()).unwrap(), before);
    let mut flow = sealed("kind: Secret\nstringData: {a: 1, b: two, c: [x, y]}\n");
    flow.remove(0, &path("stringData.a")).unwrap();
    flow.remove(0, &path("stringData.c")).unwrap();
    assert_eq!(saved(&flow).1, "kind: Secret\nstringData: {b: \"two\"}\n");
}

#[test]
fn a_text_that_was_edited_keeps_the_bytes_of_every_line_that_was_not() {
    let mut opened = sealed(SECRET);
    let before = opened.file().text().to_owned();
    let edited = SECRET
        .replace("    # who\n    user: admin\n", "    # whom\n    user: root\n    more: 5\n")
        .replace("immutable: true\n", "");
    assert_eq!(opened.replace(Secret::new(edited.as_str())), Ok(true));
    let (text, plain) = saved(&opened);
    let (went, came) = difference(&before, &text);
    assert_eq!((went.len(), came.len()), (3, 3), "{went:#?} {came:#?}");
    assert!(came[0].starts_with("    #ENC[") && came[2].starts_with("    more: ENC["), "{came:#?}");
    assert_eq!(plain, edited);
    for secret in ["whom", "root", "old", "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    // An unreadable text is refused with its line, and the text before it stays.
    for (wrong, words) in [
        ("stringData:\n  a: b\n  a: c\n", "line 3: the key a stands there twice"),
        ("stringData:\n  a: 'b\n", "line"),
        ("- a\n", "a list stands at the top"),
        ("stringData: {a: b}\nsops: {}\n", "use another key"),
        ("x: &l {a: b}\nstringData:\n  <<: *l\n", "anchor"),
        ("stringData:\n  a: 18446744073709551615\n", "larger than SOPS can hold"),
    ] {
        let error = opened.validate(&Secret::new(wrong)).unwrap_err().to_string();
        assert!(error.contains(words), "{wrong}: {error}");
    }
    assert_eq!(opened.plaintext().unwrap().expose(), edited);
}

#[test]
fn items_that_move_keep_their_ciphertext_and_equal_ones_do_not_share_it() {
    let mut opened = sealed("kind: Secret\nstringData:\n    l:\n        - one\n        - two\n        - three\n");
    let before = opened.file().text().to_owned();
    opened
        .replace(Secret::new(
            "kind: Secret\nstringData:\n    l:\n        - two\n        - one\n        - one\n        - three\n",
        ))
        .unwrap();
    let (text, _) = saved(&opened);
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.trim_start().starts_with("- ENC")).map(str::to_owned).collect()
    };
    let (old, new) = (lines(&before), lines(&text));
    assert_eq!([&new[0], &new[3]], [&old[1], &old[2]]);
    assert!(new[1] == old[0] || new[2] == old[0]);
    assert_ne!(new[1], new[2]);
}

#[test]
fn the_cases_in_which_sops_leaks_or_spoils_a_comment_are_kept() {
    let plain = "kind: Secret\nstringData:\n  l:\n  - {y: 1}\n  # old: hunter2\n# tail\nx: 1\n";
    let mut opened = sealed(plain);
    assert!(!opened.file().text().contains("hunter2"));
    opened.set(0, &path("x"), &Secret::new("2")).unwrap();
    let (text, after) = saved(&opened);
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(after, plain.replace("x: 1", "x: 2"));
    assert_eq!(text.matches("type:comment").count(), 1, "never encrypted twice");
}

#[test]
fn a_new_value_is_decided_by_its_comment_where_the_rule_goes_by_comments() {
    for layout in super::LAYOUTS {
        let mut opened = open(&format!("{layout}/rule-encrypted-comment"));
        let plain = opened.plaintext().unwrap().expose().to_owned();
        opened
            .replace(Secret::new(format!("{plain}# sops:enc\nnew: hunter3\nother: plain4 # sops:enc\nlast: plain5\n")))
            .unwrap();
        let (text, again) = saved(&opened);
        assert!(!text.contains("hunter3") && !text.contains("plain4") && text.contains("last: plain5"), "{text}");
        assert!(again.contains("new: hunter3"));
        let mut opened = open(&format!("{layout}/rule-unencrypted-comment"));
        let plain = opened.plaintext().unwrap().expose().to_owned();
        opened.replace(Secret::new(format!("{plain}# sops:plain\nnew: plain3\nother: hunter4\n"))).unwrap();
        let (text, _) = saved(&opened);
        assert!(text.contains("new: plain3") && !text.contains("hunter4"), "{text}");
    }
}

#[test]
fn sealing_an_unchanged_plain_text_gives_the_very_bytes() {
    // Changed as text and restored: every ciphertext, comment and block is found again.
    for name in super::all() {
        let mut opened = open(&name);
        let plain = opened.plaintext().unwrap();
        opened.replace(Secret::new(format!("{}# more\n", plain.expose()))).unwrap();
        let changed = opened.save(NOW.parse().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let before = text(&format!("vectors/{name}.yaml"));
        let (went, came) = difference(&before, &changed);
        assert!(went.is_empty(), "{name}: {went:?}");
        assert!(came.len() == 1 && came[0].starts_with("# more") | came[0].starts_with("#ENC["), "{name}: {came:?}");
        opened.replace(plain).unwrap();
        assert_eq!(opened.save(NOW.parse().unwrap()).unwrap(), before, "{name}");
    }
}

#[test]
fn what_is_set_in_a_secret_is_text_and_elsewhere_a_number_stays_one() {
    let secret = "kind: Secret\nstringData:\n    v: 1.1\n    b: false\n    n: 7\n    t: x\n    d: 2020-01-01\n";
    let mut opened = sealed(secret);
    for (key, value) in [("v", "1.10"), ("b", "true"), ("n", "42"), ("t", "42"), ("d", "2020-01-02")] {
        opened.set(0, &path(&format!("stringData.{key}")), &Secret::new(value)).unwrap();
    }
    let plain = saved(&opened).1;
    for line in ["v: \"1.10\"", "b: \"true\"", "n: \"42\"", "t: \"42\"", "d: \"2020-01-02\""] {
        assert!(plain.contains(line), "{line} in {plain}");
    }
    // The same letters, as text.
    let mut opened = sealed(secret);
    for (key, value) in [("v", "1.1"), ("b", "false"), ("n", "7"), ("d", "2020-01-01T00:00:00Z")] {
        opened.set(0, &path(&format!("stringData.{key}")), &Secret::new(value)).unwrap();
    }
    let plain = saved(&opened).1;
    for line in ["v: \"1.1\"", "b: \"false\"", "n: \"7\"", "d: \"2020-01-01T00:00:00Z\""] {
        assert!(plain.contains(line), "{line} in {plain}");
    }
    let mut other = sealed("kind: HelmRelease\ndata:\n    port: 80\n");
    other.set(0, &path("data.port"), &Secret::new("81")).unwrap();
    assert!(saved(&other).1.contains("port: 81\n"));
}

#[test]
fn what_was_put_together_without_sops_is_told_as_that() {
    let parts: Vec<String> = ["a", "b"]
        .map(|name| sealed(&format!("kind: Secret\nstringData:\n    {name}: x\n")).file().text().to_owned())
        .into();
    let open = |text: String| SopsFile::parse(Format::Yaml, text).unwrap().decrypt(&identities("staging")).unwrap_err();
    assert_eq!(open(parts.join("---\n")), SopsError::Joined { documents: 2, sealed: 2 });
    let mixed = open(format!("{}---\nkind: Deployment\n", parts[0]));
    assert_eq!(mixed, SopsError::Joined { documents: 2, sealed: 1 });
    assert!(mixed.fault("a.yaml", None).todo.contains("split a.yaml"));
    let one = SopsFile::parse(Format::Yaml, format!("{}---\n", parts[0])).unwrap();
    assert!(one.decrypt(&identities("staging")).is_ok(), "an empty document is none");

    let text = &parts[0];
    let conflict =
        text.replacen("stringData:\n", "<<<<<<< HEAD\nstringData:\n=======\nstringData:\n>>>>>>> other\n", 1);
    for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini, Format::Binary] {
        let error = SopsFile::parse(format, conflict.as_str()).unwrap_err();
        assert_eq!(error, SopsError::Conflict { line: 2 }, "{format:?}");
        assert!(error.fault("a.yaml", None).todo.contains("git checkout --ours a.yaml"));
    }
}

#[test]
fn what_would_come_back_as_another_value_is_told_before_it_is_saved() {
    let mut opened = sealed(SECRET);
    assert_eq!(opened.changed_by_sealing(), None);
    for (written, is_told) in [("0755", true), ("1.10", true), ("'0755'", false), ("word", false), ("755", false)] {
        let text = SECRET.replace("user: admin", &format!("user: {written}"));
        opened.replace(Secret::new(text)).unwrap();
        let told = opened.changed_by_sealing();
        assert_eq!(told.is_some(), is_told, "{written}: {told:?}");
        assert!(told.is_none_or(|told| told.starts_with("line 6: stringData.user is ") && !told.contains(written)));
    }
}
