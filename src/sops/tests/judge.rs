//! The judge: the real sops must read all our output, with its MAC.

use std::path::PathBuf;
use std::process::Command;

use super::{ODD, all, folder, formats, identities, open, random, text};
use crate::secret::Secret;
use crate::sops::{Format, KeyGroup, NewFile, RuleKind, SopsError, SopsFile, create, create_binary, yaml};

/// The real sops with the staging key, on files in a temporary folder.
struct Judge {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Judge {
    /// Finds the program that `FLUXDECK_SOPS` names, and fails if that is set but does not work; `None` if it is not
    /// set.
    fn summon() -> Option<Self> {
        let program = PathBuf::from(std::env::var_os("FLUXDECK_SOPS")?);
        let judge = Self { program, folder: tempfile::tempdir().unwrap() };
        let version = judge.run(&["--version", "--disable-version-check"]);
        assert!(version.starts_with("sops "), "FLUXDECK_SOPS is set, but it is not sops: {version}");
        Some(judge)
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.run_with("vectors/throwaway-staging.txt", arguments)
    }

    fn run_with(&self, key: &str, arguments: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("SOPS_AGE_KEY_FILE", folder().join(key))
            .env("HOME", "/nonexistent")
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("FLUXDECK_SOPS is set, but {} cannot be run: {error}", self.program.display())
            });
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Decrypts a text with sops and returns (document, path, value) of everything in it.
    fn read(&self, encrypted: &str, output: &str) -> Vec<(usize, String, String)> {
        std::fs::write(self.folder.path().join("file.yaml"), encrypted).unwrap();
        let plain = self.run(&["decrypt", "--output-type", output, "file.yaml"]);
        if output == "yaml" {
            return values(&plain);
        }
        let mut list = Vec::new();
        flatten(&serde_json::from_str(&plain).unwrap(), String::new(), &mut list);
        list
    }
}

fn values(text: &str) -> Vec<(usize, String, String)> {
    let leaves = yaml::read(text).unwrap().leaves;
    leaves.iter().map(|leaf| (leaf.document, leaf.path.pointer(), leaf.value.canonical.expose().to_owned())).collect()
}

fn flatten(value: &serde_json::Value, pointer: String, list: &mut Vec<(usize, String, String)>) {
    use serde_json::Value;
    let text = match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(value, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), list);
            }
            return;
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(value, format!("{pointer}/{index}"), list);
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
    };
    list.push((0, pointer, text));
}

/// Returns the output type for sops: JSON, since go-yaml writes some unreadable strings, but only YAML has several
/// documents and infinite numbers.
fn output(name: &str) -> &'static str {
    if ["documents", "zoo", "times"].iter().any(|one| name.ends_with(one)) { "yaml" } else { "json" }
}

/// Fails at the first difference, and shows only that one.
fn compare(name: &str, theirs: &[(usize, String, String)], ours: &[(usize, String, String)]) {
    for (their, our) in theirs.iter().zip(ours) {
        assert_eq!(their, our, "{name}");
    }
    assert_eq!(theirs.len(), ours.len(), "{name}");
}

/// Values that are hard to write; each replaces another.
const HARD: [&str; 13] = [
    "hunter3",
    "",
    "# no comment",
    "a: b",
    "it's \"quoted\" \\ {a} [b]",
    "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
    "🔐 ключ",
    "0755",
    " lead and trail ",
    "line\nline\n",
    "first\n\n  deeper\nlast",
    "\n\nblank lines\n\n",
    "tab\t\u{1}\u{85}\u{2028}\u{feff}\r\n",
];

/// The number of them that go-yaml itself writes well.
const SAFE: usize = 8;

#[test]
fn the_real_sops_reads_every_change() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2031-02-03T04:05:06Z".parse().unwrap();
    for name in all() {
        let mut opened = open(&name);
        let paths: Vec<_> = opened.entries().iter().map(|entry| (entry.document, entry.path.clone())).collect();
        for (position, (document, path)) in paths.iter().enumerate() {
            let hard = if output(&name) == "json" { &HARD[..] } else { &HARD[..SAFE] };
            let value = hard[position % hard.len()];
            match opened.set(*document, path, &Secret::new(value)) {
                Ok(()) | Err(SopsError::Unsupported(_)) => {}
                Err(error) => panic!("{name} {path}: {error}"),
            }
        }
        let saved = opened.save(now).unwrap_or_else(|error| panic!("{name}: {error}"));
        let plain = opened.plaintext().unwrap();
        compare(&name, &judge.read(&saved, output(&name)), &values(plain.expose()));
    }
}

#[test]
fn the_real_sops_reads_what_we_encrypt() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let recipients = [identities("staging").recipients(), identities("production").recipients()].concat();
    for name in ["secret", "hard", "documents", "flow", "nested"] {
        let plain = text(&format!("plain/{name}.yaml"));
        for text in [plain.clone(), plain.replace('\n', "\r\n")] {
            let created = create(
                Format::Yaml,
                &Secret::new(text),
                &NewFile::for_recipients(&recipients, "^(data|stringData)$"),
                now,
            )
            .unwrap();
            compare(name, &judge.read(&created, output(name)), &values(&plain));
        }
    }
}

#[test]
fn the_real_sops_reads_documents_as_people_write_them() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let recipients = identities("staging").recipients().to_vec();
    for (name, plain) in ODD {
        for plain in [plain.to_owned(), plain.replace('\n', "\r\n")] {
            let created = create(
                Format::Yaml,
                &Secret::new(plain.as_str()),
                &NewFile::for_recipients(&recipients, "^(data|stringData)$"),
                now,
            )
            .unwrap();
            compare(name, &judge.read(&created, "yaml"), &values(&plain));
            let mut opened = SopsFile::parse(Format::Yaml, created).unwrap().decrypt(&identities("staging")).unwrap();
            let paths: Vec<_> = opened.entries().iter().map(|entry| (entry.document, entry.path.clone())).collect();
            for (position, (document, path)) in paths.iter().enumerate() {
                // A value with an anchor is refused.
                let _ = opened.set(*document, path, &Secret::new(HARD[position % SAFE]));
            }
            let saved = opened.save(now).unwrap();
            compare(name, &judge.read(&saved, "yaml"), &values(opened.plaintext().unwrap().expose()));
        }
    }
}

#[test]
fn the_real_sops_reads_random_edits_of_random_documents() {
    let Some(judge) = Judge::summon() else { return };
    for seed in 1000..1080 {
        let mut dice = random::Dice::new(seed);
        let (plain, mut opened) = random::sealed(&mut dice);
        let done = random::edit(&mut opened, &mut dice);
        let Ok(saved) = opened.save("2031-02-03T04:05:06Z".parse().unwrap()) else { continue };
        let name = format!("seed {seed}, {done:?}\n{plain}\n---\n{saved}");
        let documents = opened.file().documents().len();
        let (output, ours) = match documents {
            1 => ("json", values(opened.plaintext().unwrap().expose())),
            _ => ("yaml", values(opened.plaintext().unwrap().expose())),
        };
        compare(&name, &judge.read(&saved, output), &ours);
    }
}

#[test]
fn the_real_sops_reads_every_format_that_we_change_or_encrypt() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2031-02-03T04:05:06Z".parse().unwrap();
    let check = |name: &str, format: Format, encrypted: &str| {
        let ending = name.rsplit_once('.').unwrap().1;
        let file = format!("file.{ending}");
        std::fs::write(judge.folder.path().join(&file), encrypted).unwrap();
        let theirs = formats::values(format, &judge.run(&["decrypt", &file]));
        let ours = formats::opened(format, encrypted).plaintext().unwrap();
        assert_eq!(theirs, formats::values(format, ours.expose()), "{name}");
    };
    for (name, format, encrypted) in formats::all() {
        let mut opened = formats::opened(format, &encrypted);
        let paths: Vec<_> = opened.entries().iter().map(|entry| entry.path.clone()).collect();
        for (position, path) in paths.iter().enumerate() {
            // sops's own writers do not preserve quotes or control characters.
            let hard = if format == Format::Json { &HARD[..] } else { &HARD[..5] };
            opened.set(0, path, &Secret::new(hard[position % hard.len()])).unwrap();
        }
        let mut metadata = opened.file().metadata().clone();
        check(&name, format, &opened.save(now).unwrap_or_else(|error| panic!("{name}: {error}")));
        metadata.groups[0].age.extend(KeyGroup::for_recipients(identities("production").recipients()).age);
        check(&name, format, &opened.with_metadata(metadata).unwrap());
    }
    let recipients = [identities("staging").recipients(), identities("production").recipients()].concat();
    for groups in [vec![recipients.clone()], vec![recipients.clone(), recipients]] {
        for name in formats::FILES {
            let (format, plain) = (Format::from_path(name), text(&format!("plain/{name}")));
            let file = NewFile { groups: groups.clone(), ..NewFile::default() };
            check(name, format, &create(format, &Secret::new(plain.as_str()), &file, now).unwrap());
        }
        let file = NewFile { groups: groups.clone(), ..NewFile::default() };
        let bytes = std::fs::read(folder().join("plain/bytes.bin")).unwrap();
        let created = create_binary(zeroize::Zeroizing::new(bytes.clone()), &file, now).unwrap();
        std::fs::write(judge.folder.path().join("file.bin"), created).unwrap();
        judge.run(&["decrypt", "--output", "plain.bin", "file.bin"]);
        assert_eq!(std::fs::read(judge.folder.path().join("plain.bin")).unwrap(), bytes);
        for (name, rule) in [
            ("suffixes", (RuleKind::EncryptedSuffix, "_secret")),
            ("suffixes", (RuleKind::UnencryptedRegex, "_plain$")),
            ("comments", (RuleKind::EncryptedComment, "sops:enc")),
            ("comments", (RuleKind::UnencryptedComment, "sops:plain")),
        ] {
            let plain = text(&format!("plain/{name}.yaml"));
            let rule = Some((rule.0, rule.1.to_owned()));
            let file = NewFile {
                groups: groups.clone(),
                rule,
                mac_only_encrypted: true,
                indent: Some(2),
                ..NewFile::default()
            };
            let created = create(Format::Yaml, &Secret::new(plain.as_str()), &file, now).unwrap();
            compare(name, &judge.read(&created, "yaml"), &values(&plain));
        }
    }
}

/// Sound files, with the damage of sops's next edit: `a` is changed, and the rest is checked.
const SPOILED: &[(&str, &str)] = &[
    ("", "stringData:\n  a: x\n  # about b\n  b: y # inline\n  # last\nkind: Secret\n"),
    (
        "",
        "stringData:\n  a: x\n  l: # on the key\n    - y: 1\n      # within\n      z: 2\n    - q: 3\n      # behind\n",
    ),
    ("", "stringData:\n  a: x\n  l:\n    - one\n  # floating\n\n  b: y\n"),
    ("item", "stringData:\n  a: x\n  l:\n    # first\n    - one\n"),
    ("item", "stringData:\n  a: x\n  l:\n    - one # inline\n    - two\n"),
    ("item", "stringData:\n  a: x\n  l:\n  - one\n  # between\n  - two\n"),
    ("item", "stringData:\n  a: x\n  l:\n    - one\n    # behind\n  b: y\n"),
    ("item", "stringData:\n  a: x\n  l:\n  - {y: 1}\n  # behind\n# tail\n"),
    ("item", "stringData:\n  a: x\n  l: [one, two] # behind a flow\n  b: y\n"),
    ("item", "stringData:\n  a: x\n  m:\n    l:\n    - one\n  # behind more\n"),
    ("twice", "stringData:\n  a: x\n  m:\n    k: v\n  # behind more\n"),
    ("merge", "base: &b {c: d}\nmetadata:\n  <<: *b\nstringData:\n  a: x\n"),
    ("alias", "metadata:\n  name: &n app\n  label: *n\nstringData:\n  a: x\n"),
];

#[test]
fn what_sops_would_spoil_is_told_and_nothing_else() {
    let judge = Judge::summon();
    for (spoiled, text) in SPOILED {
        let file = NewFile::for_recipients(identities("staging").recipients(), "^(data|stringData)$");
        let sealed = create(Format::Yaml, &Secret::new(*text), &file, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let found = SopsFile::parse(Format::Yaml, sealed.as_str()).unwrap().hazards();
        assert_eq!(found.is_empty(), spoiled.is_empty(), "{found:?}\n{text}");
        let Some(judge) = &judge else { continue };
        std::fs::write(judge.folder.path().join("file.yaml"), &sealed).unwrap();
        judge.run(&["set", "file.yaml", r#"["stringData"]["a"]"#, "\"z\""]);
        let edited = std::fs::read_to_string(judge.folder.path().join("file.yaml")).unwrap();
        let plain = judge.run(&["decrypt", "file.yaml"]);
        let twice = plain.contains("#ENC[");
        let item = edited.lines().any(|line| line.trim_start().starts_with("- ENC[") && line.contains("type:comment"));
        let lost = text.contains('&') && !edited.contains('&');
        assert_eq!(twice || item || lost, !spoiled.is_empty(), "{text}\n{edited}\n{plain}");
        assert_eq!(item, *spoiled == "item", "{text}\n{edited}");
        assert_eq!(edited.contains("!!merge"), *spoiled == "merge", "{text}\n{edited}");
    }
}

#[test]
fn sops_opens_what_is_encrypted_for_a_post_quantum_key() {
    let Some(judge) = Judge::summon() else { return };
    let (file, recipient) = crate::sops::keys::post_quantum::tests::throwaway();
    let plain = Secret::new("kind: Secret\nstringData:\n    a: hunter2\n");
    let sealed = create(
        Format::Yaml,
        &plain,
        &NewFile::for_recipients(&[recipient], "^stringData$"),
        jiff::Timestamp::UNIX_EPOCH,
    );
    std::fs::write(judge.folder.path().join("file.yaml"), sealed.unwrap()).unwrap();
    assert!(judge.run_with(file, &["decrypt", "file.yaml"]).contains("a: hunter2"));
}
