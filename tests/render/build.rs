//! `fluxdeck build`, with the real kustomize: the objects of a repository, and the variables that are put into them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::golden::copy;
use super::search_path;
use super::support::testbed::said;

/// Copies a story into a repository of its own.
fn story(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name), folder.path());
    said(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    folder
}

fn fluxdeck(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(arguments).current_dir(root).env("PATH", search_path()).env_remove("SOPS_AGE_KEY_FILE");
    command.env("XDG_CACHE_HOME", root.join(".git/cache")).env("XDG_CONFIG_HOME", root.join(".git/none"));
    command.output().unwrap()
}

fn printed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn variables_are_listed_with_their_origins_what_they_override_and_their_uses() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let file = root.join("settings/cluster.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  domain: example.com\n  idle: \"1\"\n")).unwrap();
    let file = root.join("apps/app.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  level: ${{level:=info}}\n")).unwrap();
    let output = fluxdeck(root, &["build", "--vars", "-k", "apps", "-o", "json"]);
    let found = printed(&output);
    let of = |name: &str| found.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default();
    assert_eq!(
        of("domain"),
        json!({
            "env": "lab", "kustomization": "apps", "name": "domain", "value": "example.org", "origin": "substitute",
            "file": "clusters/lab/all.yaml", "line": 30,
            "overrides": [{
                "origin": "ConfigMap/flux-system/cluster", "file": "settings/cluster.yaml", "line": 8, "value": "example.com",
            }],
            "used": [{
                "object": "ConfigMap/default/app", "path": "data.url", "form": "${domain}", "file": "apps/app.yaml", "line": 10,
            }],
        })
    );
    assert_eq!(
        (&of("replicas")["value"], &of("replicas")["origin"]),
        (&json!("2"), &json!("ConfigMap/flux-system/cluster"))
    );
    assert_eq!(of("replicas")["used"][0]["path"], "metadata.labels.copies");
    assert_eq!((&of("idle")["value"], &of("idle")["used"]), (&json!("1"), &json!([])));
    assert_eq!(
        (&of("token")["value"], &of("token")["origin"]),
        (&json!("(masked)"), &json!("Secret/flux-system/made"))
    );
    assert_eq!((&of("path")["value"], &of("path")["origin"]), (&Value::Null, &json!("undefined")));
    assert_eq!((&of("level")["value"], &of("level")["origin"]), (&json!("info"), &json!("default")));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("throwaway"));
    let text = String::from_utf8(fluxdeck(root, &["build", "--vars"]).stdout).unwrap();
    assert!(text.contains("overrides") && text.contains("(settings/cluster.yaml:8)"), "{text}");
}

#[test]
fn the_objects_are_yaml_with_their_secrets_masked_until_they_are_asked_for_off_a_terminal() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let output = fluxdeck(root, &["build", "-k", "settings"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("---\n").count(), 2, "{text}");
    assert!(text.contains("# lab: settings, from settings/cluster.yaml\napiVersion: v1\n"), "{text}");
    assert!(text.contains("token: (masked, 14 bytes)") && !text.contains("dGhyb3dhd2F5"), "{text}");
    let objects = printed(&fluxdeck(root, &["build", "-k", "settings", "-o", "json"]));
    assert_eq!(objects[0]["kind"], "ConfigMap");
    let open = fluxdeck(root, &["build", "-k", "settings", "--decrypt"]);
    assert!(String::from_utf8(open.stdout).unwrap().contains("token: dGhyb3dhd2F5LW1hZGU="));
    assert_eq!(open.status.code(), Some(0));
}

#[test]
fn what_is_encrypted_for_others_stays_masked_and_what_cannot_be_rendered_is_told() {
    let folder = story("what-an-encrypted-secret-puts-in-is-not-known");
    let root = folder.path();
    let output = fluxdeck(root, &["build", "--decrypt"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stays masked"), "{told}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("(masked)") && !text.contains("ENC["), "{text}");
    let broken = story("what-flux-refuses-of-variables");
    let output = fluxdeck(broken.path(), &["build"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be rendered"));
}

#[test]
fn a_commit_and_what_is_staged_are_built_as_they_were() {
    let folder = story("variables-are-put-in-by-flux");
    let root = folder.path();
    let git = |arguments: &[&str]| {
        let names = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        said(Command::new("git").args(names).args(arguments).current_dir(root));
    };
    let write = |replicas: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cluster\n  namespace: flux-system\ndata:\n  replicas: \"{replicas}\"\n"
        );
        std::fs::write(root.join("settings/cluster.yaml"), text).unwrap();
    };
    git(&["add", "--all", "apps", "clusters", "settings"]);
    git(&["commit", "--quiet", "-m", "test: begin"]);
    write("3");
    git(&["add", "settings"]);
    write("4");
    let copies = |arguments: &[&str]| {
        let arguments = [&["build", "-k", "apps", "-o", "json"], arguments].concat();
        printed(&fluxdeck(root, &arguments))[0]["metadata"]["labels"]["copies"].clone()
    };
    assert_eq!([copies(&["--rev", "HEAD"]), copies(&["--staged"]), copies(&[])], [json!(2), json!(3), json!(4)]);
}

/// The Kustomizations of a repository whose generators and variables are encrypted.
const ENCRYPTED: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: settings, namespace: flux-system}
spec:
  interval: 10m
  path: ./settings
  prune: true
  decryption: {provider: sops}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  decryption: {provider: sops}
  commonMetadata: {labels: {team: a}}
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substitute: {HOST: db.example.org}
    substituteFrom: [{kind: Secret, name: settings}, {kind: Secret, name: elsewhere, optional: true}]
";

const APPS: &str = "namespace: web
resources: [app.yaml]
secretGenerator:
  - name: login
    envs: [login.env]
    files: [config.yaml, tls.key=key.bin]
    literals: [plain=x]
  - name: fixed
    envs: [login.env]
    options: {disableNameSuffixHash: true}
configMapGenerator:
  - name: open
    literals: [a=b]
";

const APP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: app, annotations: {note: \"$${HOST} of ${HOST}, ${NOTHING:-nothing}\"}}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          image: app:1
          env: [{name: URL, value: \"postgres://app:${PASSWORD}@${HOST}/app\"}]
          envFrom: [{secretRef: {name: login}}, {configMapRef: {name: open}}]
";

/// The encrypted files, with their content.
const SEALED: [(&str, &str, &str); 5] = [
    (
        "settings/settings.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: settings\n    namespace: flux-system\nstringData:\n    PASSWORD: hunter2-settings\n",
        "^stringData$",
    ),
    (
        "apps/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: url\nstringData:\n    url: //app:${PASSWORD}@${HOST}\n    kept: $${HOST}\n",
        "^stringData$",
    ),
    ("apps/login.env", "# a remark\nUSER=someone\nTOKEN= hunter2-token = x \n", ""),
    ("apps/config.yaml", "password: hunter2-config\nport: 5432\n", ""),
    ("apps/key.bin", "hunter2-key", ""),
];

/// Writes such a repository twice: encrypted, and with the plain content in its place; returns the key of the first.
fn encrypted_and_plain(encrypted: &Path, plain: &Path) -> String {
    use fluxdeck::secret::Secret;
    use fluxdeck::sops::{Format, NewFile, create, create_binary, generate};
    let (key, recipient) = generate();
    for (root, is_plain) in [(encrypted, false), (plain, true)] {
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("clusters/lab/all.yaml", ENCRYPTED);
        write("apps/kustomization.yaml", &APPS.replace("[app.yaml]", "[app.yaml, secret.yaml]"));
        write("apps/app.yaml", APP);
        for (path, text, rule) in SEALED {
            let file = NewFile::for_recipients(std::slice::from_ref(&recipient), rule);
            let now = jiff::Timestamp::UNIX_EPOCH;
            let text = match Format::from_path(path) {
                _ if is_plain => text.to_owned(),
                Format::Binary => create_binary(text.as_bytes().to_vec().into(), &file, now).unwrap(),
                format => create(format, &Secret::new(text), &file, now).unwrap(),
            };
            assert!(is_plain || !text.contains("hunter2"), "{text}");
            write(path, &text);
        }
        said(Command::new("git").args(["init", "--quiet"]).current_dir(root));
    }
    key.expose().to_owned()
}

#[test]
fn what_is_encrypted_is_built_as_its_plain_twin_names_with_hashes_and_variables_included() {
    let (encrypted, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = encrypted_and_plain(encrypted.path(), plain.path());
    let open = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.args(["build"]).args(arguments).args(["-o", "json"]).current_dir(encrypted.path());
        command.env("PATH", search_path()).env("SOPS_AGE_KEY", &key).env_remove("SOPS_AGE_KEY_FILE");
        command.env("XDG_CACHE_HOME", encrypted.path().join(".git/cache"));
        command.env("XDG_CONFIG_HOME", encrypted.path().join(".git/none")).output().unwrap()
    };
    let output = open(&["--decrypt"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let mut found = printed(&output);
    let twin = fluxdeck(plain.path(), &["build", "--decrypt", "-o", "json"]);
    let mut expected = printed(&twin);
    // Of the plain twin the variables of Secrets are put in, too.
    assert_eq!(twin.status.code(), Some(0), "{}", String::from_utf8_lossy(&twin.stderr));
    for one in [&mut found, &mut expected] {
        one.as_array_mut().unwrap().sort_by_key(|object| format!("{} {}", object["kind"], object["metadata"]["name"]));
    }
    assert_eq!(found, expected);
    let text = found.to_string();
    assert!(text.contains("postgres://app:hunter2-settings@db.example.org/app"), "{text}");
    assert!(
        text.contains("//app:hunter2-settings@db.example.org\"") && text.contains("${HOST} of db.example.org, nothing")
    );
    assert!(!text.contains("ENC[") && told.contains("may lay out config.yaml otherwise"), "{told}");
    // Masked it holds nothing, and says what it leaves.
    let masked = open(&[]);
    let (text, told) = (String::from_utf8(masked.stdout).unwrap(), String::from_utf8(masked.stderr).unwrap());
    assert!(!text.contains("hunter2") && !text.contains("ENC[") && text.contains("(masked)"), "{text}");
    assert!(told.contains("variables of Secret/flux-system/settings stay as they are written"), "{told}");
    // Nothing of it is kept.
    let kept = std::fs::read_dir(encrypted.path().join(".git/cache/fluxdeck/renderings")).unwrap();
    let kept: String = kept.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap()).collect();
    assert!(!kept.is_empty() && !kept.contains("hunter2"));
}

#[test]
fn what_no_key_opens_is_told_for_each_object_and_for_those_that_use_its_name() {
    let (encrypted, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    encrypted_and_plain(encrypted.path(), plain.path());
    let output = fluxdeck(encrypted.path(), &["build", "--decrypt", "-k", "apps", "-o", "json"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for object in ["Secret/web/login-", "Secret/web/fixed", "Secret/web/url", "Deployment/web/app"] {
        assert!(told.contains(object) && told.contains("is not what Flux applies"), "{object}: {told}");
    }
    assert!(told.contains("it uses the name of Secret/web/login-"), "{told}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2") && text.contains("(masked)"), "{text}");
}
