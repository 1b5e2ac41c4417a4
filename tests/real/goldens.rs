//! Repositories of tests/golden, and one with encrypted generators, applied by the real controllers in a namespace of their own: `build` is
//! what the cluster got, object by object, and `diff` finds nothing afterwards.
//!
//! Each is a repository of its own on the testbed's git server, with the namespace `golden` in place of `flux-system`, so that its
//! Kustomizations do not meet those of the template. Makes the namespace `golden` of staging, the objects of the repositories in the namespaces
//! `web` and `default`, and takes all of it back. Not applied are:
//!
//! - `a-new-cluster-never-converges`: its chart is not on the testbed's server and its pool has no CRD, which is what it is about;
//! - `a-pinned-flux-is-judged-as-what-it-is`: its kinds are those of other versions of Flux than the testbed's;
//! - `production-was-forgotten`: what it is about is what differs between two environments, and it has nothing that the template has not;
//! - `bad-input-ends-in-findings` and `what-flux-refuses-of-variables`: nothing of them may reach a cluster.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fluxdeck::model::ObjectRef;
use serde_json::{Value, json};

use super::push::{alone, git};
use super::support::testbed::{Testbed, age_key, said};

/// The namespace of the Kustomizations.
const OWN: &str = "golden";

/// A repository on the testbed's git server, applied to staging.
struct Applied<'a> {
    testbed: &'a Testbed,
    root: tempfile::TempDir,
    bare: PathBuf,
    kubeconfig: tempfile::NamedTempFile,
}

impl<'a> Applied<'a> {
    /// Puts the repository of a folder there, and lets the controllers apply its `clusters/lab`.
    fn new(testbed: &'a Testbed, name: &str, fill: impl FnOnce(&Path)) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        fill(root.path());
        renamed(root.path());
        git(root.path(), &["init", "--quiet", "--initial-branch", "main"]);
        let bare = testbed.folder("server/git").join(format!("{name}.git"));
        said(Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch", "main"]).arg(&bare));
        said(Command::new("git").arg("-C").arg(&bare).args(["config", "http.receivepack", "true"]));
        let origin = git(&testbed.repository(), &["remote", "get-url", "origin"]);
        let origin = origin.replace("homelab.git", &format!("{name}.git"));
        git(root.path(), &["remote", "add", "origin", &origin]);
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file");
        let text = std::fs::read_to_string(testbed.kubeconfig()).expect("the kubeconfig");
        // The environment of the repository is called lab, and so is its context.
        let own = text.replace("  name: staging\n", "  name: lab\n").replace("cluster: staging\n", "cluster: lab\n");
        std::fs::write(kubeconfig.path(), own).expect("a file");
        let applied = Self { testbed, root, bare, kubeconfig };
        applied.commit("test: begin");
        applied.kubectl(&["create", "namespace", OWN]);
        let key = format!("--from-file=age.agekey={}", age_key("staging").display());
        applied.kubectl(&["--namespace", OWN, "create", "secret", "generic", "sops-age", &key]);
        let source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": OWN},
            "spec": {"interval": "1h", "url": origin, "ref": {"branch": "main"}}
        });
        let kustomization = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "lab", "namespace": OWN},
            "spec": {
                "interval": "1h", "path": "./clusters/lab", "prune": true,
                "sourceRef": {"kind": "GitRepository", "name": "flux-system"}
            }
        });
        applied.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [source, kustomization]}));
        applied
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.testbed.kubectl("staging", arguments)
    }

    fn apply(&self, objects: &Value) {
        let mut kubectl = self.testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(self.testbed.kubeconfig()).args(["--context", "staging", "apply", "-f", "-"]);
        let mut child = kubectl.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl");
        child.stdin.take().unwrap().write_all(objects.to_string().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn commit(&self, message: &str) {
        let root = self.root.path();
        git(root, &["add", "--all"]);
        let names = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        git(root, &[names.as_slice(), &["commit", "--quiet", "--message", message]].concat());
        git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// Waits until a Kustomization has ended a run of the newest commit, and returns its condition's message.
    fn ended(&self, name: &str) -> String {
        let commit = git(self.root.path(), &["rev-parse", "HEAD"]);
        let kustomization = format!("kustomization/{name}");
        self.testbed.wait("staging", OWN, &kustomization, "create");
        let mut message = String::new();
        for _ in 0..600 {
            let live = self.testbed.get("staging", &[&kustomization, "--namespace", OWN]);
            let condition = |kind: &str| {
                let all = live["status"]["conditions"].as_array().cloned().unwrap_or_default();
                all.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
            };
            let (ready, running) = (condition("Ready"), condition("Reconciling"));
            message = ready["message"].as_str().unwrap_or_default().to_owned();
            let is_of_commit =
                live["status"]["lastAttemptedRevision"].as_str().is_some_and(|known| known.ends_with(&commit));
            let is_over = running.is_null() || running["reason"] == "ProgressingWithRetry";
            if is_of_commit && is_over && ready["status"] != "Unknown" {
                return message;
            }
        }
        panic!("{name} does not end: {message}");
    }

    fn fluxdeck(&self, arguments: &[&str]) -> Output {
        let home = tempfile::tempdir().expect("a home folder");
        let mut command = self.testbed.headless(home.path());
        command.env("SOPS_AGE_KEY_FILE", age_key("staging")).env("KUBECONFIG", self.kubeconfig.path());
        command.args(arguments).args(["--env", "lab", "-o", "json"]).current_dir(self.root.path());
        command.output().expect("fluxdeck")
    }

    /// Asserts that `build` is what is live for a Kustomization, and `diff` empty; returns the number of objects.
    fn is_what_is_built(&self, name: &str) -> usize {
        let built = self.fluxdeck(&["build", "--decrypt", "-k", &format!("{OWN}/{name}")]);
        assert!(built.status.success(), "{name}: {}", String::from_utf8_lossy(&built.stderr));
        let built: Vec<Value> = serde_json::from_slice(&built.stdout).expect("JSON");
        let kustomization = self.testbed.get("staging", &[&format!("kustomization/{name}"), "--namespace", OWN]);
        let inventory = kustomization["status"]["inventory"]["entries"].as_array().cloned().unwrap_or_default();
        let theirs: BTreeSet<String> = inventory.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
        let mut ours = BTreeSet::new();
        for body in &built {
            let id = ObjectRef::of_body(body);
            ours.insert(format!("{}_{}_{}_{}", id.namespace, id.name, id.group, id.kind));
            let kind = if id.group.is_empty() { id.kind.clone() } else { format!("{}.{}", id.kind, id.group) };
            let namespace = if id.namespace.is_empty() { "default" } else { &id.namespace };
            let live = self.testbed.get("staging", &[&format!("{kind}/{}", id.name), "--namespace", namespace]);
            holds(&live, &in_stored_form(body), &id.to_string());
        }
        assert_eq!(ours, theirs, "{name}");
        let diff = self.fluxdeck(&["diff", "-k", &format!("{OWN}/{name}")]);
        let told = String::from_utf8_lossy(&diff.stderr).into_owned();
        assert!(diff.status.success() && !told.contains("not compared"), "{name}: {told}");
        assert_eq!(serde_json::from_slice::<Value>(&diff.stdout).expect("JSON"), json!([]), "{name}: {told}");
        built.len()
    }
}

impl Drop for Applied<'_> {
    fn drop(&mut self) {
        let names = self.kubectl(&["--namespace", OWN, "get", "kustomizations", "-o", "name"]);
        // The root prunes its children, and they their objects.
        self.kubectl(&["--namespace", OWN, "delete", "kustomization/lab", "--timeout=60s"]);
        for name in names.lines().filter(|name| !name.ends_with("/lab")) {
            self.kubectl(&["--namespace", OWN, "wait", "--for=delete", name, "--timeout=60s"]);
        }
        self.kubectl(&["delete", "namespace", OWN, "--timeout=60s"]);
        let _left = std::fs::remove_dir_all(&self.bare);
    }
}

/// Puts the namespace of the test in the place of that of Flux.
fn renamed(root: &Path) {
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            renamed(&path);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            std::fs::write(&path, text.replace("namespace: flux-system", &format!("namespace: {OWN}"))).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

fn golden(name: &str) -> impl FnOnce(&Path) + use<> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    move |root| copy(&from, root)
}

/// Writes an object as the API server stores it: the plain text of a Secret as its data.
fn in_stored_form(body: &Value) -> Value {
    use base64::Engine as _;
    let mut body = body.clone();
    if let Some(Value::Object(plain)) = body.as_object_mut().and_then(|fields| fields.remove("stringData")) {
        for (key, value) in plain {
            let text = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap());
            body["data"][key] = text.into();
        }
    }
    body
}

/// Asserts that a live object has every field of another.
fn holds(live: &Value, built: &Value, place: &str) {
    match (live, built) {
        (Value::Object(live), Value::Object(built)) => {
            for (key, value) in built.iter().filter(|(_, value)| !value.is_null()) {
                holds(live.get(key).unwrap_or(&Value::Null), value, &format!("{place}.{key}"));
            }
            let is_data = place.ends_with(".data");
            assert!(!is_data || live.len() == built.len(), "{place} has more");
        }
        (Value::Array(live), Value::Array(built)) => {
            assert_eq!(live.len(), built.len(), "{place}");
            for (index, (live, built)) in live.iter().zip(built).enumerate() {
                holds(live, built, &format!("{place}[{index}]"));
            }
        }
        // Never the values: they may be those of a Secret.
        _ => assert!(live == built, "{place} differs"),
    }
}

#[test]
fn plugins_of_kustomize_are_built_as_the_controller_builds_them() {
    let _alone = alone();
    let testbed = Testbed::find();
    let applied = Applied::new(&testbed, "plugins", golden("plugins-of-kustomize"));
    assert!(applied.ended("lab").contains("Applied revision"));
    let (apps, folder, outside) = (applied.ended("apps"), applied.ended("folder"), applied.ended("outside"));
    assert!(apps.contains("Applied revision"), "{apps}");
    assert_eq!(applied.is_what_is_built("apps"), 2);
    // What Flux refuses is told before.
    assert!(folder.contains("namespace not specified"), "{folder}");
    let diff = applied.fluxdeck(&["diff", "-k", "golden/folder"]);
    let told = String::from_utf8_lossy(&diff.stderr).into_owned();
    assert_eq!(diff.status.code(), Some(1), "{told}");
    assert!(told.contains("Flux would fail at ConfigMap") && told.contains("it names no namespace"), "{told}");
    assert!(outside.contains("kustomize build failed"), "{outside}");
    let diff = applied.fluxdeck(&["diff", "-k", "golden/outside"]);
    assert_eq!(diff.status.code(), Some(1));
}

#[test]
fn variables_are_put_in_as_the_controller_puts_them_in() {
    let _alone = alone();
    let testbed = Testbed::find();
    let applied = Applied::new(&testbed, "variables", golden("variables-are-put-in-by-flux"));
    assert!(applied.ended("settings").contains("Applied revision"));
    let apps = applied.ended("apps");
    assert_eq!(applied.is_what_is_built("settings"), 2);
    assert!(apps.contains("Applied revision"), "{apps}");
    // The label becomes a number, and the controller loses it as it adds its own: diff knows that, and build shows what is built.
    let diff = applied.fluxdeck(&["diff", "-k", "golden/apps"]);
    let told = String::from_utf8_lossy(&diff.stderr).into_owned();
    assert_eq!(serde_json::from_slice::<Value>(&diff.stdout).expect("JSON"), json!([]), "{told}");
    assert!(!told.contains("throwaway") && !told.contains("not compared"), "{told}");
    let live = testbed.get("staging", &["configmap/app", "--namespace", "default"]);
    assert_eq!(live["metadata"]["labels"].as_object().unwrap().len(), 2, "{live}");
    let built = applied.fluxdeck(&["build", "--decrypt", "-k", "golden/apps"]);
    let built: Vec<Value> = serde_json::from_slice(&built.stdout).expect("JSON");
    assert_eq!((built.len(), &built[0]["data"]), (1, &live["data"]));
}

#[test]
fn what_an_encrypted_secret_puts_in_is_known_with_its_key() {
    let _alone = alone();
    let testbed = Testbed::find();
    let name = "what-an-encrypted-secret-puts-in-is-not-known";
    let applied = Applied::new(&testbed, "encrypted", golden(name));
    let apps = applied.ended("apps");
    assert!(apps.contains("Applied revision"), "{apps}");
    assert_eq!(["settings", "apps"].map(|name| applied.is_what_is_built(name)), [2, 3]);
}

/// Encrypts a file in place with the real sops, for the key of staging.
fn encrypt(testbed: &Testbed, file: &Path, more: &[&str]) {
    let public = std::fs::read_to_string(age_key("staging")).expect("a throwaway key");
    let recipient = public.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("its recipient");
    said(testbed.program("sops").args(["--encrypt", "--age", recipient]).args(more).arg("--in-place").arg(file));
}

const GENERATORS: &str = "namespace: web
resources: [web.yaml]
secretGenerator:
  - name: login
    envs: [login.env]
    files: [values.yaml, registry.json, settings.ini, tls.key=key.bin]
    literals: [plain=x]
  - name: fixed
    envs: [login.env]
    options: {disableNameSuffixHash: true}
";

const WEB: &str = "apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {note: \"$${HOST} of ${HOST}\"}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          env: [{name: URL, value: \"//web:${PASSWORD}@${HOST}\"}]
          envFrom: [{secretRef: {name: login}}]
";

#[test]
fn generators_and_variables_that_are_encrypted_are_what_the_controller_decrypts() {
    let _alone = alone();
    let testbed = Testbed::find();
    let applied = Applied::new(&testbed, "generators", |root| {
        let write = |path: &str, text: &str| {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, text).unwrap();
            file
        };
        let kustomization = |name: &str, more: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  interval: 1h\n  path: ./{name}\n  prune: true\n  decryption: {{provider: sops, secretRef: {{name: sops-age}}}}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}---\n"
            )
        };
        let post = "  dependsOn: [{name: settings}]\n  commonMetadata: {labels: {team: a}}\n  postBuild:\n    substitute: {HOST: db.example.org}\n    substituteFrom: [{kind: Secret, name: settings}]\n";
        write("clusters/lab/all.yaml", &[kustomization("settings", ""), kustomization("apps", post)].concat());
        let settings = write(
            "settings/settings.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: settings\n  namespace: golden\nstringData:\n  PASSWORD: hunter2-settings\n",
        );
        encrypt(&testbed, &settings, &["--encrypted-regex", "^stringData$"]);
        write("apps/kustomization.yaml", &GENERATORS.replace("[web.yaml]", "[web.yaml, url.yaml]"));
        write("apps/web.yaml", WEB);
        let url = write(
            "apps/url.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: url\nstringData:\n  url: //web:${PASSWORD}@${HOST}\n  kept: $${HOST}\n",
        );
        encrypt(&testbed, &url, &["--encrypted-regex", "^stringData$"]);
        encrypt(&testbed, &write("apps/login.env", "# a remark\nUSER=someone\nTOKEN=hunter2 = x\n"), &[]);
        let values = "# first\npassword: hunter2-values # behind\nlist: [a, {b: \"1\"}]\nlong: |\n  one\n  two\n\nquoted: 'yes'\nport: 5432\n";
        encrypt(&testbed, &write("apps/values.yaml", values), &[]);
        encrypt(
            &testbed,
            &write("apps/registry.json", "{\"auths\": {\"a\": {\"auth\": \"hunter2\"}}, \"b\": [1, true]}"),
            &[],
        );
        encrypt(&testbed, &write("apps/settings.ini", "[a]\nb = hunter2\n; remark\n[c]\nd=1\n"), &[]);
        encrypt(&testbed, &write("apps/key.bin", "hunter2-key\n"), &["--input-type", "binary"]);
    });
    let apps = applied.ended("apps");
    assert!(apps.contains("Applied revision"), "{apps}");
    assert_eq!(applied.is_what_is_built("settings"), 1);
    // Names with a hash of what sops lays out are compared by diff, not here.
    let diff = |arguments: &[&str]| {
        let output = applied.fluxdeck(&[&["diff", "-k", "golden/apps"], arguments].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !told.contains("not compared"), "{told}");
        let text = String::from_utf8(output.stdout).unwrap() + &told;
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMi"), "{text}");
        let found: Vec<Value> = serde_json::from_str(text.strip_suffix(&told).unwrap()).expect("JSON");
        found.iter().map(|one| format!("{} {}", one["change"], one["object"])).collect::<Vec<_>>()
    };
    assert_eq!((diff(&[]), diff(&["--drift"])), (Vec::new(), Vec::new()));
    // Another value gives another name, to the object that uses it too.
    let file = applied.root.path().join("apps/login.env");
    std::fs::write(&file, "USER=someone\nTOKEN=hunter2-next\n").unwrap();
    encrypt(&testbed, &file, &[]);
    let changed = diff(&[]);
    let is_told =
        |change: &str, object: &str| changed.iter().any(|line| line.starts_with(&format!("\"{change}\" \"{object}")));
    assert!(is_told("create", "Secret/web/login-") && is_told("delete", "Secret/web/login-"), "{changed:?}");
    assert!(is_told("update", "Secret/web/fixed") && is_told("update", "Deployment/web/web"), "{changed:?}");
    assert_eq!(changed.len(), 4, "{changed:?}");
    applied.commit("test: another value");
    applied.kubectl(&[
        "--namespace",
        OWN,
        "annotate",
        "gitrepository/flux-system",
        "reconcile.fluxcd.io/requestedAt=1",
    ]);
    let apps = applied.ended("apps");
    assert!(apps.contains("Applied revision"), "{apps}");
    assert_eq!((diff(&[]), diff(&["--drift"])), (Vec::new(), Vec::new()));
}
