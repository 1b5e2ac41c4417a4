//! The rules against a small repository, with one fault at a time.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::rules::secrets::plain_secret;
use super::run::check_files;
use super::{
    CheckedState, Context, File, Finding, ListedFile, Rule, RuleInput, check_secrets, index, refusal, working_tree,
};
use crate::render::Worker;
use crate::render::revision::Revision;
use crate::repo::Snapshot;
use crate::repo::git::tests::TestRepository;
use crate::secret::Secret;
use crate::sops::{Format, Identities, NewFile, RuleKind, create, generate};

const PLAIN: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: web\nstringData:\n  password: hunter2hunter2\n";

/// Holds a repository of two environments, each with its key; each environment reads the files below `apps/ENV`.
struct Fixture {
    repository: TestRepository,
    keys: [(Secret, String); 2],
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { repository: TestRepository::new(), keys: [generate(), generate()] };
        for (env, (_, recipient)) in ["staging", "production"].into_iter().zip(&fixture.keys) {
            let rule = format!(
                "creation_rules:\n  - path_regex: apps/{env}/.*\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"
            );
            fixture.write(&format!("clusters/{env}/.sops.yaml"), &rule);
            fixture.write(
                &format!("clusters/{env}/apps.yaml"),
                &format!(
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/{env}\n  decryption:\n    provider: sops\n"
                ),
            );
            fixture.write(&format!("apps/{env}/kustomization.yaml"), "resources: [secret.yaml]\n");
            fixture.write(&format!("apps/{env}/secret.yaml"), &sealed(PLAIN, recipient));
        }
        fixture
    }

    fn write(&self, path: &str, text: &str) {
        self.repository.write(path, text);
    }

    /// Returns the findings, as `rule file:line severity`.
    fn found(&self) -> Vec<String> {
        let snapshot = Snapshot::load(self.repository.path());
        let mut identities = Identities::from_text(&self.keys[0].0).unwrap();
        identities.merge(Identities::from_text(&self.keys[1].0).unwrap());
        let files = working_tree(self.repository.path(), &[]).unwrap();
        let report = check_secrets(&files, &Context::new(&snapshot, &identities, None), &Worker::default());
        let shown = report.findings.iter().map(|one| {
            assert!(!format!("{one:?}").contains("hunter2"), "{one:?}");
            let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{} {}{line} {}", one.rule, one.file, one.severity.word())
        });
        shown.collect()
    }

    /// Returns the findings about recipients, as sentences.
    fn about_recipients(&self) -> Vec<String> {
        let snapshot = Snapshot::load(self.repository.path());
        let files = working_tree(self.repository.path(), &[]).unwrap();
        let identities = Identities::default();
        let context = Context::new(&snapshot, &identities, None);
        let report = check_secrets(&files, &context, &Worker::default());
        let about = report.findings.iter().filter(|one| matches!(one.rule, "secret-recipient" | "new-reader"));
        about.map(|one| format!("{} {} {}; {}; {}", one.rule, one.file, one.message, one.why, one.fix)).collect()
    }
}

fn sealed(text: &str, recipient: &str) -> String {
    sealed_for(text, &[recipient])
}

fn sealed_for(text: &str, recipients: &[&str]) -> String {
    let recipients: Vec<String> = recipients.iter().map(|one| (*one).to_owned()).collect();
    let file = NewFile::for_recipients(&recipients, "^(data|stringData)$");
    create(Format::Yaml, &Secret::new(text), &file, Timestamp::UNIX_EPOCH).unwrap()
}

#[test]
fn a_finding_names_the_only_environment_and_object_that_it_can_be_about() {
    let fixture = Fixture::new();
    let about = |files: &[(&str, &str)]| -> Vec<(Option<String>, Option<String>)> {
        for (path, text) in files {
            fixture.write(path, text);
        }
        let snapshot = Snapshot::load(fixture.repository.path());
        let files = working_tree(fixture.repository.path(), &[]).unwrap();
        let report = check_secrets(&files, &Context::new(&snapshot, &Identities::default(), None), &Worker::default());
        report.findings.into_iter().map(|one| (one.env, one.object)).collect()
    };
    let named = |env: Option<&str>, object: &str| (env.map(str::to_owned), Some(object.to_owned()));
    assert_eq!(about(&[("apps/staging/secret.yaml", PLAIN)]), [named(Some("staging"), "Secret/web/app")]);
    let dotted = PLAIN.replace("password:", "key: ''\n  a-tls.key:");
    fixture.write("apps/staging/secret.yaml", &dotted);
    assert_eq!(fixture.found(), ["secret-plaintext apps/staging/secret.yaml:8 error"]);
    // A finding in a file that two environments read names neither of them.
    let both = [
        ("apps/staging/kustomization.yaml", "resources: [../shared]\n"),
        ("apps/production/kustomization.yaml", "resources: [../shared]\n"),
        ("apps/shared/kustomization.yaml", "resources: [secret.yaml]\n"),
        ("apps/shared/secret.yaml", PLAIN),
        ("apps/staging/secret.yaml", "{}\n"),
    ];
    assert_eq!(about(&both), [named(None, "Secret/web/app")]);
}

#[test]
fn a_repository_in_order_has_no_findings() {
    let fixture = Fixture::new();
    fixture.write(
        "docs/keys.md",
        "An age key looks like AGE-SECRET-KEY-1... and a PEM one begins -----BEGIN PRIVATE KEY-----\n",
    );
    fixture.write("apps/base/empty.yaml", "kind: Secret\nmetadata: {name: made-elsewhere}\nstringData: {}\n");
    fixture.write("apps/base/substituted.yaml", "kind: Secret\nmetadata: {name: a}\nstringData:\n  a: ${password}\n");
    assert_eq!(fixture.found(), Vec::<String>::new());
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases, one for each rule")]
fn every_rule_finds_its_own() {
    let fixture = Fixture::new();
    let (staging, production) = (&fixture.keys[0].1, &fixture.keys[1].1);
    let cases: [(&str, &str, String, &str); 16] = [
        ("plain", "apps/staging/secret.yaml", PLAIN.to_owned(), "secret-plaintext apps/staging/secret.yaml:7 error"),
        (
            "age key",
            "notes.txt",
            format!("mine\n{}\n", fixture.keys[0].0.expose().trim()),
            "private-key notes.txt:2 error",
        ),
        (
            "ssh key",
            "deploy/id",
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB"),
            "private-key deploy/id:1 error",
        ),
        (
            "kubeconfig",
            "kubeconfig",
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user:\n    token: abcdefghijkl\n".to_owned(),
            "private-key kubeconfig:7 error",
        ),
        (
            "another environment's key",
            "apps/staging/secret.yaml",
            sealed(PLAIN, production),
            "secret-recipient apps/staging/secret.yaml error",
        ),
        (
            "put in by hand",
            "apps/staging/secret.yaml",
            sealed(PLAIN, staging).replace("stringData:\n", "stringData:\n  other: hunter2\n"),
            "secret-unencrypted-value apps/staging/secret.yaml:7 error",
        ),
        (
            "changed by hand",
            "apps/staging/secret.yaml",
            sealed(PLAIN, staging).replace("name: app", "name: other"),
            "secret-mac apps/staging/secret.yaml",
        ),
        (
            "a number",
            "apps/staging/secret.yaml",
            sealed(&PLAIN.replace("hunter2hunter2", "12345"), staging),
            "secret-value-type apps/staging/secret.yaml:7 error",
        ),
        (
            "a comment in a list",
            "apps/staging/secret.yaml",
            sealed(&format!("{PLAIN}  list:\n    - one\n    # two\n    - three\n"), staging),
            "secret-sops-edit apps/staging/secret.yaml:10 warning",
        ),
        (
            "no decryption",
            "clusters/staging/apps.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/staging\n".to_owned(),
            "secret-without-decryption apps/staging/secret.yaml error",
        ),
        (
            "a typo",
            "clusters/staging/.sops.yaml",
            format!("creation_rules:\n  - path_regx: a\n    encrypted_regex: ^(data|stringData)$\n    age: {staging}\n"),
            "sops-config clusters/staging/.sops.yaml:2 warning",
        ),
        (
            "damaged",
            "apps/staging/secret.yaml",
            sealed(PLAIN, staging).replace("lastmodified", "lastmodifed"),
            "secret-unreadable apps/staging/secret.yaml error",
        ),
        (
            "sealed each by itself",
            "apps/staging/secret.yaml",
            format!("{}---\n{}", sealed(PLAIN, staging), sealed(PLAIN, staging)),
            "secret-unreadable apps/staging/secret.yaml warning",
        ),
        (
            "the mask of flux build",
            "apps/staging/secret.yaml",
            "kind: Secret\nmetadata:\n  name: app\ndata:\n  password: KipTT1BTKio=\n".to_owned(),
            "secret-data apps/staging/secret.yaml:5 error",
        ),
        (
            "a threshold that sops refuses",
            "clusters/staging/.sops.yaml",
            format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    shamir_threshold: 1\n    key_groups:\n      - age: [{staging}]\n      - age: [{staging}]\n"),
            "sops-config clusters/staging/.sops.yaml:3 error",
        ),
        (
            "conflict",
            "apps/staging/kustomization.yaml",
            "<<<<<<< HEAD\nresources: [secret.yaml]\n=======\nresources: []\n>>>>>>> side\n".to_owned(),
            "conflict apps/staging/kustomization.yaml:1 error",
        ),
    ];
    for (name, file, text, expected) in cases {
        let path = fixture.repository.path().join(file);
        let before = std::fs::read_to_string(&path).ok();
        fixture.write(file, &text);
        let found = fixture.found();
        assert!(found.len() == 1 && found[0].starts_with(expected), "{name}: {found:?}");
        match before {
            Some(before) => fixture.write(file, &before),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
    assert!(fixture.found().is_empty());
}

#[test]
fn what_is_no_base64_is_told_beside_the_plain_text_and_what_is_still_filled_in_is_not() {
    let fixture = Fixture::new();
    let found = |value: &str| {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  \"a.b\": {value}\n");
        fixture.write("apps/staging/secret.yaml", &text);
        fixture.found().iter().any(|one| one == "secret-data apps/staging/secret.yaml:6 error")
    };
    for wrong in ["'!!!'", "hunter2", "aHVudGVyMg"] {
        assert!(found(wrong), "{wrong}");
    }
    for right in ["aHVudGVyMg==", "|\n    aHVudGVy\n    Mg==", "${password}", "'{{ .Values.a }}'", "''"] {
        assert!(!found(right), "{right}");
    }
}

/// Returns the findings in one staged file of any name and bytes.
fn staged_alone(name: &[u8], bytes: &[u8]) -> Vec<String> {
    use std::os::unix::ffi::OsStrExt as _;
    let repository = TestRepository::new();
    std::fs::write(repository.path().join(std::ffi::OsStr::from_bytes(name)), bytes).unwrap();
    // A name beside it that is not UTF-8 hides nothing.
    std::fs::write(repository.path().join(std::ffi::OsStr::from_bytes(b"0\xe9.yaml")), "a: b\n").unwrap();
    repository.git(&["add", "--all"]);
    staged(&repository)
}

/// Returns the findings in the index.
fn staged(repository: &TestRepository) -> Vec<String> {
    let snapshot = Snapshot::load(repository.path());
    let report = check_secrets(
        &index(repository.path()).unwrap(),
        &Context::new(&snapshot, &Identities::default(), None).strict(),
        &Worker::default(),
    );
    assert!(!format!("{:?}", report.findings).contains("hunter2"), "{:?}", report.findings);
    report.findings.iter().map(|one| format!("{} {}", one.rule, one.file)).collect()
}

fn wide(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[test]
fn a_key_is_found_in_whatever_bytes_git_takes() {
    let key = generate().0.expose().trim().to_owned();
    let pem = format!("-----BEGIN CERTIFICATE-----\\nMII\\n-----BEGIN PRIVATE KEY-----\\n{}\\n", "QUJD".repeat(16));
    let cases: [(&str, Vec<u8>); 19] = [
        ("little", wide(&key, true)),
        ("big", wide(&key, false)),
        ("little with a mark", [vec![0xff, 0xfe], wide(&key, true)].concat()),
        ("big with a mark", [vec![0xfe, 0xff], wide(&key, false)].concat()),
        ("Latin-1", [b"x\xe9y\n".as_slice(), key.as_bytes()].concat()),
        ("binary", [b"\0bin\xff\xfe".as_slice(), key.as_bytes()].concat()),
        ("behind 5 MB", ["#".repeat(5_000_000), key.clone()].join("\n").into_bytes()),
        ("behind an example", format!("AGE-SECRET-KEY-1... {key}").into_bytes()),
        ("behind a certificate on one line", format!("{{\"a\": \"{pem}\"}}").into_bytes()),
        ("a kubeconfig in JSON", br#"{"kind":"Config","clusters":[],"users":[{"name":"a","user":{"token":"abcdefghijkl"}}]}"#.to_vec()),
        ("a kubeconfig in braces", b"{kind: Config, clusters: [], users: [{user: {password: abcdefghijkl}}]}".to_vec()),
        ("a kubeconfig in quotes", b"\"kind\": \"Config\"\n\"clusters\": []\n\"users\":\n- \"user\": {\"client-key-data\": \"abcdefghijkl\"}\n".to_vec()),
        ("small letters", key.to_ascii_lowercase().into_bytes()),
        ("a plug-in's", b"AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQQQ\n".to_vec()),
        ("a part of a kubeconfig", b"kind: Config\nusers:\n- name: a\n  user: {password: abcdefghijkl}\n".to_vec()),
        ("users alone", b"users:\n- name: a\n  user:\n    client-key-data: abcdefghijkl\n".to_vec()),
        (
            "a kubeconfig's environment",
            b"kind: Config\nusers:\n- user:\n    exec: {env: [{name: AWS_SECRET_ACCESS_KEY, value: abcdefghijkl}]}\n".to_vec(),
        ),
        ("a kubeconfig's part in JSON", br#"{"users":[{"name":"a","user":{"token":"abcdefghijkl"}}]}"#.to_vec()),
        ("CRLF", format!("a\r\n{key}\r\n").into_bytes()),
    ];
    for (name, bytes) in cases {
        assert_eq!(staged_alone(b"file.bin", &bytes), ["private-key file.bin"], "{name}");
    }
    assert_eq!(staged_alone(b"k\xe9.txt", key.as_bytes()), ["private-key k\\xE9.txt"]);
}

#[test]
fn what_becomes_a_secret_is_found_wherever_it_stands() {
    for (name, file, text) in [
        ("a set", "s.yaml", "kind: ResourceSet\nspec: {resources: [{kind: Secret, stringData: {p: hunter2}}]}\n"),
        (
            "values",
            "s.yaml",
            "kind: HelmRelease\nspec: {values: {extra: [{kind: Secret, stringData: {p: hunter2}}]}}\n",
        ),
        ("a text", "s.yaml", "kind: ConfigMap\ndata:\n  a: |\n    kind: Secret\n    stringData: {p: hunter2}\n"),
        ("a literal", "kustomization.yaml", "secretGenerator: [{name: a, literals: [p=hunter2]}]\n"),
        ("a generator", "g.yaml", "kind: SecretGenerator\nliterals: [p=hunter2]\n"),
        ("a patch", "p.yaml", "- {op: add, path: /stringData/p, value: hunter2}\n"),
    ] {
        let found = staged_alone(file.as_bytes(), text.as_bytes());
        assert_eq!(found, [format!("secret-plaintext {file}")], "{name}");
        let found = staged_alone(file.as_bytes(), text.replace("hunter2", "${P}").as_bytes());
        assert_eq!(found, [""; 0], "{name}");
    }
}

#[test]
fn a_file_that_becomes_a_secret_is_found_by_whoever_takes_it() {
    let repository = TestRepository::new();
    let generator =
        "secretGenerator: [{name: a, envs: [x.env, u.env], files: [k=p.txt, host=h.txt, app.p12, logo.png]}]\n";
    std::fs::create_dir(repository.path().join("a")).unwrap();
    for (file, bytes) in [("app.p12", b"\x30\x82\x0a\x01\x02\x01\x03\xff".as_slice()), ("logo.png", b"\x89PNG\xff")] {
        std::fs::write(repository.path().join("a").join(file), bytes).unwrap();
    }
    repository.write("a/kustomization.yaml", generator);
    repository.write("a/x.env", "USER=admin\nPASSWORD=hunter2\n");
    repository.write("a/u.env", "USER=admin\n");
    repository.write("a/p.txt", "hunter2");
    repository.write("a/h.txt", "db.example.org\n");
    repository.write("other.env", "PASSWORD=hunter2\n");
    let here = ["a/app.p12", "a/p.txt", "a/x.env"].map(|file| format!("secret-source-plaintext {file}"));
    repository.git(&["add", "--", "."]);
    assert_eq!(staged(&repository), here);
    // Either of the two files may be new.
    repository.git(&["reset", "--quiet", "--", "a/kustomization.yaml"]);
    assert_eq!(staged(&repository), here);
    repository.git(&["commit", "--quiet", "-m", "files"]);
    repository.git(&["add", "--", "."]);
    assert_eq!(staged(&repository), ["secret-source-plaintext a/kustomization.yaml"; 3]);
}

/// Returns a Flux Kustomization, with further lines below its spec.
fn of_flux(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n{more}"
    )
}

/// A case: its name, the files, and those in which a value is found.
type Case<'a> = (&'a str, Vec<(&'a str, String)>, &'a [&'a str]);

#[test]
fn a_value_that_reaches_a_secret_by_another_way_is_found_where_it_stands() {
    let taker = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData:\n  password: ${THE_VALUE}\n  host: ${DOMAIN}\n  user: ${DB_USER}\n".to_owned();
    let from = "  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  DOMAIN: example.org\n  THE_VALUE: hunter2\n";
    let set = "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: s, namespace: b}\nspec:\n  inputsFrom: [{kind: ResourceSetInputProvider, name: p}]\n  resources:\n  - {apiVersion: v1, kind: Secret, metadata: {name: c}, stringData: {p: << inputs.thing >>, host: << inputs.domain >>}}\n";
    let provider = "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSetInputProvider\nmetadata: {name: p, namespace: b}\nspec:\n  type: Static\n  defaultValues:\n    domain: example.org\n    thing: hunter2\n";
    let own =
        "  postBuild:\n    substitute:\n      DOMAIN: example.org\n      DB_USER: admin\n      THE_VALUE: hunter2\n";
    let apps = |more: &str| ("clusters/one/apps.yaml", of_flux("apps", "./apps", more));
    let app = || ("apps/secret.yaml", taker.clone());
    let cases: [Case<'_>; 9] = [
        ("of the Kustomization", vec![apps(own), app()], &["clusters/one/apps.yaml:10"]),
        (
            "of a ConfigMap",
            vec![apps(from), app(), ("clusters/one/vars.yaml", map.to_owned())],
            &["clusters/one/vars.yaml:6"],
        ),
        (
            "of a generated ConfigMap",
            vec![
                apps(from),
                app(),
                (
                    "clusters/one/kustomization.yaml",
                    "resources: [apps.yaml]\nconfigMapGenerator:\n- {name: vars, envs: [v.env], literals: [DOMAIN=example.org]}\n"
                        .to_owned(),
                ),
                ("clusters/one/v.env", "DB_USER=admin\nTHE_VALUE=hunter2\n".to_owned()),
            ],
            &["clusters/one/v.env:2"],
        ),
        (
            "of the one above",
            vec![
                ("clusters/one/flux-system/gotk-sync.yaml", of_flux("flux-system", "./clusters/one", own)),
                apps("  postBuild:\n    substitute: {THE_VALUE: \"${THE_VALUE}\"}\n"),
                app(),
            ],
            &["clusters/one/flux-system/gotk-sync.yaml:10"],
        ),
        (
            "of a provider",
            vec![apps(""), ("apps/set.yaml", set.to_owned()), ("apps/provider.yaml", provider.to_owned())],
            &["apps/provider.yaml:8"],
        ),
        ("of no Kustomization", vec![("a/s.yaml", set.to_owned()), ("b/p.yaml", provider.to_owned())], &["b/p.yaml:8"]),
        (
            "of another environment",
            vec![
                apps(from),
                app(),
                ("clusters/two/vars.yaml", map.to_owned()),
                ("clusters/two/apps.yaml", of_flux("apps", "./other", "")),
                ("other/provider.yaml", provider.to_owned()),
                ("apps/set.yaml", set.to_owned()),
            ],
            &[],
        ),
        ("of nobody who reads the Secret", vec![apps(own), ("other/secret.yaml", taker.clone())], &[]),
        ("of what is left as it is", vec![apps(own), ("apps/secret.yaml", taker.replace("${", "$${"))], &[]),
    ];
    for (name, files, expected) in cases {
        let repository = TestRepository::new();
        for (file, text) in &files {
            repository.write(file, text);
        }
        repository.git(&["add", "--all"]);
        let snapshot = Snapshot::load(repository.path());
        let found = |files: &[ListedFile]| -> Vec<String> {
            let identities = Identities::default();
            let context = Context::new(&snapshot, &identities, None).strict();
            let report = check_secrets(files, &context, &Worker::default());
            assert!(!format!("{:?}", report.findings).contains("hunter2"), "{:?}", report.findings);
            let own = report.findings.iter().filter(|one| one.rule == "secret-variable-plaintext");
            own.map(|one| format!("{}:{}", one.file, one.line.unwrap_or_default())).collect()
        };
        assert_eq!(found(&index(repository.path()).unwrap()), expected, "{name}");
        // Either of the two may be checked; the staged file counts, not that of the working tree.
        let at = expected.first().map_or("", |place| place.split(':').next().unwrap_or_default());
        for (file, text) in &files {
            let alone = found(&[ListedFile::known(*file, text.as_bytes())]);
            let is_secret = text.contains("kind: Secret") && !expected.is_empty();
            assert_eq!(alone.len(), usize::from(*file == at || is_secret), "{name}: {file}");
            let mended = found(&[ListedFile::known(*file, text.replace("hunter2", "changeme"))]);
            assert!(*file != at || mended.is_empty(), "{name}: {file}");
        }
    }
}

#[test]
fn a_plain_secret_is_found_in_whatever_form_kubernetes_takes_it() {
    let json = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"a":"aHVudGVyMg=="}}"#;
    let cases: [(&str, &str, Vec<u8>); 24] = [
        ("JSON", "s.json", json.into()),
        ("JSON that is called YAML", "s.yaml", json.into()),
        ("JSON on lines", "s.json", json.replace(',', ",\n\t").into()),
        (
            "quotes",
            "s.yaml",
            b"\"apiVersion\": \"v1\"\n\"kind\": \"Secret\"\n\"stringData\": {\"a\": \"hunter2\"}\n".to_vec(),
        ),
        ("escapes", "s.json", json.replace("Secret", "S\\u0065cret").into()),
        ("a list", "s.yaml", format!("kind: List\nitems:\n- {json}\n").into()),
        ("a list of Secrets", "s.yaml", b"kind: SecretList\nitems:\n- data: {a: aHVudGVyMg==}\n".to_vec()),
        ("a merge", "s.yaml", b"x: &x {a: hunter2}\nkind: Secret\nstringData:\n  <<: *x\n".to_vec()),
        ("an alias", "s.yaml", b"x: &x {a: hunter2}\nkind: Secret\nstringData: *x\n".to_vec()),
        ("a second document", "s.yaml", format!("a: b\n--- # next\n{json}\n").into()),
        ("CRLF", "s.yaml", PLAIN.replace('\n', "\r\n").into()),
        ("UTF-16", "s.yaml", wide(PLAIN, true)),
        ("Latin-1", "s.yaml", [b"# \xe9\n".as_slice(), PLAIN.as_bytes()].concat()),
        ("a default of a variable", "s.yaml", b"kind: Secret\nstringData: {a: \"${a:=hunter2}\"}\n".to_vec()),
        ("no YAML", "s.yaml", format!("{PLAIN}  @bad\n").into()),
        ("an empty group", "s.yaml", PLAIN.replace("apiVersion: v1", "apiVersion: /v1").into()),
        ("a binary word", "s.yaml", PLAIN.replace("kind: Secret", "kind: !!binary U2VjcmV0").into()),
        (
            "a key that stands twice",
            "s.json",
            json.replace("{\"apiVersion\"", "{\"kind\":\"ConfigMap\",\"apiVersion\"").into(),
        ),
        (
            "a key that stands twice in YAML",
            "s.yaml",
            b"kind: ConfigMap\nkind: Secret\nstringData:\n  a: hunter2\n".to_vec(),
        ),
        (
            "a key that stands twice in braces",
            "s.yaml",
            b"{kind: ConfigMap, kind: Secret, stringData: {a: hunter2}}\n".to_vec(),
        ),
        ("a stream", "s.json", format!("{{\"kind\":\"ConfigMap\"}}\n{json}\n").into()),
        ("a line that goes on", "s.yaml", b"kind: \"Sec\\\n  ret\"\nstringData: {a: hunter2}\n".to_vec()),
        ("a binary key", "s.yaml", b"kind: Secret\n!!binary c3RyaW5nRGF0YQ==: {a: hunter2}\n".to_vec()),
        (
            "a ciphertext that nothing vouches for",
            "s.yaml",
            b"kind: Secret\nstringData: {a: \"ENC[AES256_GCM,data:aHVudGVyMg==,iv:YQ==,tag:YQ==,type:str]\"}\n"
                .to_vec(),
        ),
    ];
    for (name, file, bytes) in cases {
        let found = staged_alone(file.as_bytes(), &bytes);
        assert_eq!(found, [format!("secret-plaintext {file}")], "{name}");
    }
    for (name, file, text) in [
        ("a template", "s.yaml", "kind: Secret\ndata:\n  a: {{ .Values.a | b64enc }}\n"),
        ("another group's", "s.yaml", "apiVersion: a.example.com/v1\nkind: Secret\ndata: {a: b}\n"),
        ("prose", "s.md", "A manifest:\n\n    kind: Secret\n    stringData: {a: b}\n\nSecret data is encrypted.\n"),
    ] {
        assert_eq!(staged_alone(file.as_bytes(), text.as_bytes()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_is_committed_silences_no_rule_about_secrets_of_itself() {
    let text = format!("# fluxdeck:ignore secret-plaintext an example of the documentation\n{PLAIN}");
    assert_eq!(staged_alone(b"a.yaml", text.as_bytes()), ["secret-plaintext a.yaml"]);
    let repository = TestRepository::new();
    repository.write(".fluxdeck.toml", "[check.ignore]\nsecret-plaintext = 'a'\nprivate-key = 'b'\n");
    repository.write("a.yaml", PLAIN);
    assert_eq!(inspected(&repository), ["secret-plaintext a.yaml:7"]);
    // In the working tree such a comment silences the finding, which is counted.
    repository.write("a.yaml", &text);
    let snapshot = Snapshot::load(repository.path());
    let files = working_tree(repository.path(), &[]).unwrap();
    let report = check_secrets(&files, &Context::new(&snapshot, &Identities::default(), None), &Worker::default());
    assert_eq!((report.findings.len(), report.silenced), (0, 1));
}

#[test]
fn what_cannot_be_read_is_found() {
    let repository = TestRepository::new();
    let snapshot = Snapshot::load(repository.path());
    let large = ListedFile::unread("large.bin", "it is too large");
    let report = check_secrets(&[large], &Context::new(&snapshot, &Identities::default(), None), &Worker::default());
    assert_eq!(report.findings.iter().map(|one| one.rule).collect::<Vec<_>>(), ["unread"]);
}

#[test]
fn who_becomes_a_reader_by_what_is_staged_is_told_there() {
    let fixture = Fixture::new();
    let root = fixture.repository.path();
    fixture.repository.commit("keys");
    let config = std::fs::read_to_string(root.join("clusters/staging/.sops.yaml")).unwrap();
    let (_, stranger) = generate();
    fixture.write("clusters/staging/.sops.yaml", &config.replace("age: ", &format!("age: {stranger},")));
    fixture.repository.git(&["add", "--all"]);
    let here = Snapshot::load(root);
    let told = |revision: &Revision| {
        let state = CheckedState::read(&here, revision, &Identities::default(), &Worker::default()).unwrap();
        state.findings.iter().filter(|one| one.rule == "new-reader").map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    assert!(told(&Revision::Index).concat().contains(&stranger), "{:?}", told(&Revision::Index));
    assert_eq!(told(&Revision::Index), told(&Revision::WorkingTree));
}

#[test]
fn somebody_new_in_a_configuration_is_one_finding_and_nothing_advises_to_let_him_in() {
    let fixture = Fixture::new();
    let staging = fixture.keys[0].1.clone();
    let names = ["apps/staging/secret.yaml", "apps/staging/a.yaml", "apps/staging/b.yaml", "apps/staging/c.yaml"];
    for (number, name) in names.iter().enumerate() {
        fixture.write(name, &sealed(&PLAIN.replace("name: app", &format!("name: app{number}")), &staging));
    }
    fixture.repository.commit("keys");
    assert_eq!(fixture.about_recipients(), [""; 0]);
    let config = std::fs::read_to_string(fixture.repository.path().join("clusters/staging/.sops.yaml")).unwrap();
    let (_, stranger) = generate();
    // A new recipient in the working tree.
    fixture.write("clusters/staging/.sops.yaml", &config.replace("age: ", &format!("age: {stranger},")));
    let told = fixture.about_recipients();
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("new-reader clusters/staging/.sops.yaml") && one.contains("and 1 more")),
        "{told:?}"
    );
    assert!(!told.concat().contains("--update"), "{told:?}");
    // A new recipient in the place of the old one.
    fixture.write("clusters/staging/.sops.yaml", &config.replace(&staging, &stranger));
    let told = fixture.about_recipients();
    assert!(
        matches!(told.as_slice(), [one] if one.contains(&stranger) && one.contains(&format!("reads them still: {staging}"))),
        "{told:?}"
    );
    // A new recipient in the last commit, which may have come with a pull.
    fixture.write("clusters/staging/.sops.yaml", &config.replace("age: ", &format!("age: {stranger},")));
    fixture.repository.commit("pulled");
    let told = fixture.about_recipients();
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("secret-recipient clusters/staging/.sops.yaml") && one.contains("none of the 4 files")),
        "{told:?}"
    );
    assert!(!told.concat().contains("--update"), "{told:?}");
    // A recipient of one file is known; the others lack it by mistake.
    fixture.write(names[1], &sealed_for(&PLAIN.replace("name: app", "name: app1"), &[&staging, &stranger]));
    let told = fixture.about_recipients();
    assert!(told.len() == 3 && told.iter().all(|one| one.contains("it lacks the recipient")), "{told:?}");
}

#[test]
fn where_git_cannot_tell_who_could_read_before_that_is_said() {
    let fixture = Fixture::new();
    let root = fixture.repository.path();
    fixture.repository.commit("keys");
    let told = || fixture.found().into_iter().filter(|one| one.starts_with("new-reader")).collect::<Vec<_>>();
    assert_eq!(told(), [""; 0]);
    // The object of one configuration is missing in git.
    let hash = fixture.repository.git(&["rev-parse", "HEAD:clusters/staging/.sops.yaml"]);
    let (folder, name) = hash.split_at(2);
    std::fs::remove_file(root.join(".git/objects").join(folder).join(name)).unwrap();
    assert_eq!(
        told(),
        [
            "new-reader apps/production/secret.yaml warning",
            "new-reader apps/staging/secret.yaml warning",
            "new-reader clusters/production/.sops.yaml warning",
            "new-reader clusters/staging/.sops.yaml warning",
        ]
    );
}

/// A rule with a defect that one file triggers.
const BROKEN: Rule = Rule { id: "broken", about: "", check: RuleInput::File(break_off) };

fn break_off(file: &File, _context: &Context<'_>, _found: &mut Vec<Finding>) {
    assert!(file.path != "b.yaml", "a defect");
}

#[test]
fn a_defect_of_a_rule_is_told_and_hides_nothing_of_other_files() {
    let repository = TestRepository::new();
    let snapshot = Snapshot::load(repository.path());
    let identities = Identities::default();
    let plain = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hunter2-throwaway}\n";
    let files: Vec<ListedFile> =
        ["a.yaml", "b.yaml", "c.yaml", "d.yaml"].iter().map(|name| ListedFile::known(*name, plain)).collect();
    let report = check_files(&files, &Context::new(&snapshot, &identities, None), &[&BROKEN, &plain_secret::RULE]);
    let mut told: Vec<_> = report.findings.iter().map(|one| (one.rule, one.file.clone())).collect();
    told.sort_by(|one, other| one.1.cmp(&other.1));
    let plain = |file: &str| (plain_secret::RULE.id, file.to_owned());
    assert_eq!(told, [plain("a.yaml"), ("unread", "b.yaml".to_owned()), plain("c.yaml"), plain("d.yaml")]);
}

#[test]
fn a_rule_that_reaches_nothing_leaves_a_file_in_plain_text() {
    let fixture = Fixture::new();
    let file = NewFile {
        rule: Some((RuleKind::EncryptedRegex, "^other$".to_owned())),
        ..NewFile::for_recipients(&[fixture.keys[0].1.clone()], "")
    };
    // As a Secret it could not even be encrypted.
    let manifest = |kind: &str| Secret::new(format!("{PLAIN}other: x\n").replace("kind: Secret", kind));
    assert!(create(Format::Yaml, &manifest("kind: Secret"), &file, Timestamp::UNIX_EPOCH).is_err());
    let text = create(Format::Yaml, &manifest("kind: Other"), &file, Timestamp::UNIX_EPOCH).unwrap();
    let text = text.replace("kind: Other", "kind: Secret");
    let cut = text.lines().filter(|line| !line.starts_with("other: ")).collect::<Vec<_>>().join("\n");
    fixture.write("apps/staging/secret.yaml", &cut);
    assert!(
        fixture.found().contains(&"secret-unencrypted-value apps/staging/secret.yaml error".to_owned()),
        "{:?}",
        fixture.found()
    );
}

#[test]
fn a_reason_silences_a_finding_and_nothing_less_does() {
    let fixture = Fixture::new();
    fixture.write("a.yaml", &format!("# fluxdeck:ignore secret-plaintext\n{PLAIN}"));
    assert_eq!(fixture.found(), ["secret-plaintext a.yaml:8 error"]);
    fixture.write("a.yaml", &format!("# fluxdeck:ignore secret-plaintext an example of the documentation\n{PLAIN}"));
    assert_eq!(fixture.found(), Vec::<String>::new());
}

#[test]
fn what_is_staged_is_looked_at_as_it_is_staged() {
    let fixture = Fixture::new();
    let root = fixture.repository.path();
    fixture.repository.commit("in order");
    fixture.write("apps/staging/plain.yaml", PLAIN);
    fixture.write("apps/staging/fine.yaml", "kind: ConfigMap\n");
    fixture.repository.git(&["add", "--all"]);
    // The working tree is valid again; the next commit is not.
    fixture.write("apps/staging/plain.yaml", "kind: ConfigMap\n");
    let staged = index(root).unwrap();
    let names: Vec<&str> = staged.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(names, ["apps/staging/fine.yaml", "apps/staging/plain.yaml"]);
    let snapshot = Snapshot::load(root);
    let (path, fault) = refusal(&staged, &snapshot, &BTreeSet::new(), "committed", &Worker::default()).unwrap();
    assert_eq!(
        (path.as_str(), fault.what.as_str()),
        ("apps/staging/plain.yaml", "apps/staging/plain.yaml is not committed")
    );
    assert!(fault.why.contains("line 7") && !fault.to_string().contains("hunter2"), "{fault}");
    let allowed = BTreeSet::from(["apps/staging/plain.yaml".to_owned()]);
    assert!(refusal(&staged, &snapshot, &allowed, "committed", &Worker::default()).is_none());
    let folder = working_tree(root, &["apps/".to_owned()]).unwrap();
    assert!(
        folder.iter().all(|one| one.path.starts_with("apps/"))
            && refusal(&folder, &snapshot, &BTreeSet::new(), "staged", &Worker::default()).is_none()
    );
}

#[test]
fn many_staged_files_are_read_without_waiting_for_ever() {
    let fixture = Fixture::new();
    for number in 0..3000 {
        fixture.write(&format!("many/{number}.txt"), &format!("{number}\n").repeat(20));
    }
    fixture.repository.git(&["add", "--all"]);
    let staged = index(fixture.repository.path()).unwrap();
    let last: &ListedFile = staged.iter().find(|one| one.path == "many/2999.txt").unwrap();
    assert!(last.read(|bytes| bytes.unwrap().starts_with(b"2999\n2999\n")) && staged.len() > 3000);
}

/// Returns the findings of the rules about the repository, as `rule file:line`; nothing is rendered.
fn inspected(repository: &TestRepository) -> Vec<String> {
    let snapshot = Snapshot::load(repository.path());
    let files = working_tree(repository.path(), &[]).unwrap();
    let rendering = crate::render::Rendering::default();
    let identities = Identities::default();
    let context = Context::new(&snapshot, &identities, Some(&rendering));
    let report = super::check_all(&files, &context);
    let shown = report.findings.iter().map(|one| {
        let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{} {}{line}", one.rule, one.file)
    });
    shown.collect()
}

#[test]
fn a_tag_that_is_set_to_what_it_is_may_be_meant() {
    let repository = TestRepository::new();
    let app = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: web}\nspec:\n  template:\n    spec:\n      containers:\n        - image: docker.io/a/b:1.0.0\n";
    repository.write("apps/base/app.yaml", app);
    repository.write("apps/base/kustomization.yaml", "resources: [app.yaml]\n");
    let overlay = |tag: &str| format!("resources: [../base]\nimages:\n  - name: docker.io/a/b\n    newTag: {tag}\n");
    for env in ["production", "staging"] {
        let text = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\nspec:\n  path: ./apps/{env}\n  prune: true\n"
        );
        repository.write(&format!("clusters/{env}/apps.yaml"), &text);
    }
    let staging = "kustomize-same-tag apps/staging/kustomization.yaml:3".to_owned();
    for (production, found) in [
        (overlay("1.0.0"), Vec::new()),
        (overlay("0.9.0"), Vec::new()),
        ("resources: [../base]\n".to_owned(), vec![staging]),
    ] {
        repository.write("apps/production/kustomization.yaml", &production);
        repository.write("apps/staging/kustomization.yaml", &overlay("1.0.0"));
        assert_eq!(inspected(&repository), found, "{production}");
    }
}

/// A repository without faults.
const GROUND: [(&str, &str); 8] = [
    ("clusters/staging/apps.yaml", KUSTOMIZATION),
    (
        "apps/staging/kustomization.yaml",
        "resources: [../base]\nimages:\n  - name: docker.io/a/b\n    newTag: 1.1.0\npatches:\n  - target: {kind: Deployment, name: app}\n    patch: |-\n      - {op: remove, path: /spec/paused}\n",
    ),
    ("apps/base/kustomization.yaml", "resources: [app.yaml, map.yaml]\n"),
    (
        "apps/base/app.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: web}\nspec:\n  template:\n    spec:\n      containers:\n        - image: docker.io/a/b:1.0.0\n",
    ),
    (
        "apps/base/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, namespace: web}\ndata:\n  a: \"on\"\n  text: |\n    b: yes\n",
    ),
    ("README.md", "# Homelab\n\nSee [setup](docs/setup.md#the-keys), `apps/base/app.yaml` and `apps/ENV/NAME.yaml`.\n"),
    (
        "docs/setup.md",
        "# Setup\n\n[Keys](#the-keys)\n\n## The keys\n\nBack to [the top](../README.md). `kubectl get apps/v1`\n",
    ),
    (".sops.yaml", "creation_rules:\n  - path_regex: apps/.*\n    age: age1x\n"),
];

const KUSTOMIZATION: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/staging\n  prune: true\n";

#[test]
fn the_rules_about_files_find_their_own_and_nothing_else() {
    let repository = TestRepository::new();
    for (file, text) in GROUND {
        repository.write(file, text);
    }
    assert_eq!(inspected(&repository), Vec::<String>::new());
    let overlay = GROUND[1].1;
    let cases: [(&str, String, &str); 18] = [
        ("apps/base/lost.yaml", GROUND[3].1.replace("name: app", "name: lost"), "flux-unread apps/base/lost.yaml:1"),
        (
            "clusters/staging/apps.yaml",
            KUSTOMIZATION.replace("staging", "stagin"),
            "flux-graph clusters/staging/apps.yaml:1",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("newTag: 1.1.0", "newTag: 1.0.0").replace("[../base]", "[app.yaml]"),
            "kustomize-same-tag apps/staging/kustomization.yaml:3",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("docker.io/a/b", "docker.io/a"),
            "kustomize-same-tag apps/staging/kustomization.yaml:3",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("name: app}", "name: apps}"),
            "kustomize-idle-patch apps/staging/kustomization.yaml:6",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("remove, path: /spec/paused", "replace, path: /metadata/namespace, value: web"),
            "kustomize-same-patch apps/staging/kustomization.yaml:6",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("- {op: remove, path: /spec/paused}", "{metadata: {name: app, namespace: web}}"),
            "kustomize-same-patch apps/staging/kustomization.yaml:6",
        ),
        (
            "apps/staging/kustomization.yaml",
            overlay.replace("resources:", "bases:"),
            "kustomize-deprecated apps/staging/kustomization.yaml:1",
        ),
        ("apps/base/map.yaml", GROUND[4].1.replace("\"on\"", "on"), "yaml-surprise apps/base/map.yaml:5"),
        ("apps/base/map.yaml", GROUND[4].1.replace("\"on\"", "0755"), "yaml-surprise apps/base/map.yaml:5"),
        ("apps/base/app.yaml", GROUND[3].1.replace("apps/v1", "apps/v1beta1"), "api-version apps/base/app.yaml:1"),
        ("apps/base/app.yaml", "a: [\n".to_owned(), "flux-graph apps/base/app.yaml:2"),
        ("README.md", "[a](docs/gone.md)\n".to_owned(), "document-link README.md:1"),
        ("README.md", "[a](docs/setup.md#the-key)\n".to_owned(), "document-link README.md:1"),
        ("README.md", "```\n[a](b.md)\n```\n![a](docs/a.png)\n".to_owned(), "document-link README.md:4"),
        ("README.md", "`apps/base/gone.yaml` [a](docs/setup.md)\n".to_owned(), "document-path README.md:1"),
        ("docs/lost.md", "# Lost\n\n[to the top](../README.md)\n".to_owned(), "document-unreached docs/lost.md"),
        (
            ".sops.yaml",
            "creation_rules:\n  - path_regex: app/.*\n    age: age1x\n".to_owned(),
            "sops-unused-rule .sops.yaml:2",
        ),
    ];
    for (file, text, expected) in cases {
        let before = GROUND.iter().find(|(known, _)| *known == file).map(|(_, text)| *text);
        repository.write(file, &text);
        if text.contains("[app.yaml]") {
            repository.write("apps/staging/app.yaml", GROUND[3].1);
        }
        let found = inspected(&repository);
        assert!(found.iter().any(|one| one == expected), "{file} {text}: {found:?}");
        // Consequences of the fault are reported too, and nothing unrelated.
        assert!(found.len() <= 2, "{file} {text}: {found:?}");
        match before {
            Some(before) => repository.write(file, before),
            None => std::fs::remove_file(repository.path().join(file)).unwrap(),
        }
        let _gone = std::fs::remove_file(repository.path().join("apps/staging/app.yaml"));
    }
    assert_eq!(inspected(&repository), Vec::<String>::new());
    repository.write("README.md", "[a](gone.md)\n");
    repository.write(".fluxdeck.toml", "[check.ignore]\ndocument-link = ''\n");
    assert_eq!(inspected(&repository), ["document-link README.md:1"], "no reason, no silence");
    repository.write(".fluxdeck.toml", "[check.ignore]\ndocument-link = 'the wiki is elsewhere'\n");
    assert_eq!(inspected(&repository), Vec::<String>::new());
}

#[test]
fn what_the_key_at_hand_does_not_open_among_the_rest_is_told() {
    let fixture = Fixture::new();
    let (operator, recipient) = generate();
    let both = NewFile::for_recipients(&[fixture.keys[0].1.clone(), recipient.clone()], "^(data|stringData)$");
    let shared = create(Format::Yaml, &Secret::new(PLAIN), &both, Timestamp::UNIX_EPOCH).unwrap();
    fixture.write("apps/staging/kustomization.yaml", "resources: [secret.yaml, b.yaml, c.yaml]\n");
    let told = |identities: &Identities| {
        let snapshot = Snapshot::load(fixture.repository.path());
        let report = super::check_all(&[], &Context::new(&snapshot, identities, None));
        let found = report.findings.into_iter().filter(|one| one.rule == "secret-closed");
        found.map(|one| format!("{} {}", one.file, one.message)).collect::<Vec<_>>()
    };
    let at_hand = Identities::from_text(&operator).unwrap();
    fixture.write("apps/staging/b.yaml", &shared);
    fixture.write("apps/staging/c.yaml", &sealed(PLAIN, &fixture.keys[0].1));
    assert_eq!(told(&at_hand), [""; 0], "it opens one of three: it is not this environment's key");
    fixture.write("apps/staging/c.yaml", &shared);
    assert_eq!(told(&at_hand), ["apps/staging/secret.yaml no key at hand opens it, and 2 others of staging open"]);
    assert_eq!(told(&Identities::default()), [""; 0]);
    assert_eq!(told(&Identities::from_text(&fixture.keys[0].0).unwrap()), [""; 0]);
    // If the configuration names its key, another rule reports the file.
    let config = std::fs::read_to_string(fixture.repository.path().join("clusters/staging/.sops.yaml")).unwrap();
    fixture.write("clusters/staging/.sops.yaml", &(config.trim_end().to_owned() + "," + &recipient + "\n"));
    assert_eq!(told(&at_hand), [""; 0]);
}
