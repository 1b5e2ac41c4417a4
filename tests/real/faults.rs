//! Each fault that Home must tell, made for real: a control plane of its own with the real controllers (`tests/testbed/up.sh faults`), and a
//! repository of its own (`tests/testbed/faults`), so that no other test is touched. tests/testbed/down.sh ends it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::push::git;
use super::support::pty::Deck;
use super::support::testbed::{Testbed, age_key, push, said};

/// From when the cluster knows it, Home tells a fault within this time.
const WITHIN: Duration = Duration::from_secs(10);

/// The control plane, as the scripts of tests/testbed name it, and its context.
const ENV: &str = "faults";

/// The node that no kubelet speaks for.
const LOST: &str = "faults-lost";

/// The control plane with every fault on it.
pub(super) struct Ground {
    testbed: Testbed,
    checkout: PathBuf,
}

impl Ground {
    /// Starts the control plane, and waits until its controllers have applied the first commit as far as they can.
    fn start() -> Self {
        let testbed = Testbed::find();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/up.sh");
        let mut up = Command::new(script);
        up.arg(ENV).envs(testbed.variables());
        // The lost node has no kubelet of kwok's.
        up.env("FLUXDECK_TESTBED_NODES", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake");
        let log = std::fs::File::create(testbed.folder("faults.log")).expect("a log");
        // What it leaves running has its output too: nobody waits for that to close.
        let started = up.stdout(log.try_clone().expect("the log")).stderr(log).status().expect("up.sh runs");
        assert!(started.success(), "{}", std::fs::read_to_string(testbed.folder("faults.log")).unwrap_or_default());
        let checkout = testbed.folder(ENV).join("repo");
        let ground = Self { testbed, checkout };
        ground.seed();
        ground
    }

    pub(super) fn kubectl(&self, arguments: &[&str]) -> String {
        let mut kubectl = self.testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments);
        said(&mut kubectl)
    }

    pub(super) fn checkout(&self) -> &Path {
        &self.checkout
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.testbed.folder(ENV).join("kubeconfig")
    }

    fn apply(&self, manifest: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), manifest).expect("a manifest");
        self.kubectl(&["apply", "--filename", file.path().to_str().expect("a path")]);
    }

    /// Applies manifests in a namespace, those of cluster scope too; `http://127.0.0.1:20999` is the testbed's server, and
    /// `127.0.0.1:23015` its ACME server.
    pub(super) fn apply_in(&self, namespace: &str, manifests: &str) {
        let origin = git(&self.testbed.repository(), &["remote", "get-url", "origin"]);
        let server = origin.split("/git/").next().expect("the server").to_owned();
        let manifests = manifests.replace("http://127.0.0.1:20999", &server);
        let pebble =
            std::fs::read_to_string(self.testbed.folder(ENV).join("pebble.json")).expect("the ACME server's settings");
        let pebble: serde_json::Value = serde_json::from_str(&pebble).expect("JSON");
        let acme = pebble["pebble"]["listenAddress"].as_str().expect("the ACME server's address");
        let manifests = manifests.replace("127.0.0.1:23015", acme);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), manifests).expect("manifests");
        let path = file.path().to_str().expect("a path").to_owned();
        self.kubectl(&["--namespace", namespace, "apply", "--filename", &path]);
    }

    /// Merges fields into the status of all objects that `kubectl get` finds, once there is one.
    pub(super) fn write_status(&self, namespace: &str, find: &[String], patch: &serde_json::Value) {
        let find: Vec<&str> = find.iter().map(String::as_str).collect();
        let kind = find.first().expect("a kind");
        self.kubectl(&[&["--namespace", namespace, "wait", "--for=create", "--timeout=60s"], &find[..]].concat());
        if *kind == "pod" {
            // kwok writes a pod once, as it starts; what is written after that stays.
            let started = ["--namespace", namespace, "wait", "--for=jsonpath={.status.podIP}", "--timeout=60s"];
            self.kubectl(&[&started, &find[..]].concat());
        }
        let names = self.kubectl(&[&["--namespace", namespace, "get", "--output=name"], &find[..]].concat());
        let patch = serde_json::json!({"status": patch}).to_string();
        for name in names.lines() {
            self.status(&["--namespace", namespace, name], &patch);
        }
    }

    /// Waits until kubectl sees a condition of an object of flux-system.
    fn wait(&self, object: &str, condition: &str) {
        let condition = format!("--for={condition}");
        self.kubectl(&["--namespace", "flux-system", "wait", object, &condition, "--timeout=120s"]);
    }

    fn seed(&self) {
        let origin = git(&self.testbed.repository(), &["remote", "get-url", "origin"]);
        let server = origin.split("/git/").next().expect("the server").to_owned();
        let bare = self.testbed.folder("server").join("git/faults.git");
        let _former = std::fs::remove_dir_all(&bare);
        let bare = bare.to_str().expect("a path");
        said(Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch=main", bare]));
        git(Path::new(bare), &["config", "http.receivepack", "true"]);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/faults");
        said(Command::new("cp").arg("-r").args([&source, &self.checkout]));
        for file in ["clusters/faults/flux-system/gotk-sync.yaml", "clusters/faults/releases.yaml"] {
            let file = self.checkout.join(file);
            let text = std::fs::read_to_string(&file).expect("a manifest");
            std::fs::write(&file, text.replace("http://127.0.0.1:20999", &server)).expect("a manifest");
        }
        let sealed = "apps/staging/linkding/linkding-container-env-secret.yaml";
        std::fs::create_dir(self.checkout.join("sealed")).expect("a folder");
        std::fs::copy(self.testbed.repository().join(sealed), self.checkout.join("sealed/secret.yaml"))
            .expect("an encrypted file");
        git(&self.checkout, &["init", "--quiet", "--initial-branch=main"]);
        git(&self.checkout, &["remote", "add", "origin", &format!("{server}/git/faults.git")]);
        git(&self.checkout, &["add", "--all"]);
        let name = ["-c", "user.name=Operator", "-c", "user.email=operator@localhost", "-c", "commit.gpgsign=false"];
        git(&self.checkout, &[&name[..], &["commit", "--quiet", "--message", "feat: every fault"]].concat());
        git(&self.checkout, &["push", "--quiet", "--set-upstream", "origin", "main"]);
        self.prepare();
        let sync = self.checkout.join("clusters/faults/flux-system/gotk-sync.yaml");
        self.kubectl(&["apply", "--filename", sync.to_str().expect("a path")]);
    }

    /// Makes what the faults rest on: namespaces, a quota that is used up, a Deployment with another selector, somebody else's key, a node.
    fn prepare(&self) {
        for namespace in ["faults", "tight", "linkding"] {
            self.kubectl(&["create", "namespace", namespace]);
        }
        self.apply(
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: full, namespace: tight}, spec: {hard: {count/configmaps: 1}}}",
        );
        self.apply(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: frozen, namespace: faults}, spec: {selector: {matchLabels: {app: before}}, \
             template: {metadata: {labels: {app: before}}, spec: {nodeSelector: {kubernetes.io/arch: arm64}, \
             containers: [{name: main, image: registry.example/frozen:0.9}]}}}}",
        );
        let key = format!("--from-file=age.agekey={}", age_key("production").display());
        self.kubectl(&["--namespace", "flux-system", "create", "secret", "generic", "sops-age-of-another", &key]);
        self.apply(&format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {LOST}, labels: {{kubernetes.io/hostname: {LOST}}}}}}}"
        ));
        // Once, as its kubelet would: from then on nobody speaks for it.
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        self.status(
            &["node", LOST],
            &format!(
                r#"{{"status": {{"capacity": {{"pods": "10"}}, "allocatable": {{"pods": "10"}},
                "conditions": [{{"type": "Ready", "status": "True", "reason": "KubeletReady",
                "lastHeartbeatTime": "{now}", "lastTransitionTime": "{now}"}}]}}}}"#
            ),
        );
        self.kubectl(&[
            "--namespace",
            "tight",
            "wait",
            "resourcequota/full",
            "--for=jsonpath={.status.used.count/configmaps}=1",
            "--timeout=60s",
        ]);
    }

    /// Writes what a kubelet writes of a node or a pod.
    fn status(&self, object: &[&str], patch: &str) {
        self.kubectl(&[&["patch"], object, &["--subresource=status", "--type=merge", "--patch", patch]].concat());
    }

    /// Lets the pod on the lost node run, as its kubelet would have said.
    fn strand(&self) {
        self.kubectl(&["--namespace", "faults", "wait", "deployment/stranded", "--for=create", "--timeout=60s"]);
        let pod = || {
            self.kubectl(&["--namespace", "faults", "get", "pods", "--selector=app=stranded", "--output=name"])
                .trim()
                .to_owned()
        };
        self.kubectl(&[
            "--namespace",
            "faults",
            "wait",
            "deployment/stranded",
            "--for=jsonpath={.status.replicas}=1",
            "--timeout=60s",
        ]);
        let pod = pod();
        self.kubectl(&[
            "--namespace",
            "faults",
            "wait",
            &pod,
            &format!("--for=jsonpath={{.spec.nodeName}}={LOST}"),
            "--timeout=60s",
        ]);
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        self.status(
            &["--namespace", "faults", &pod],
            &format!(
                r#"{{"status": {{"phase": "Running", "conditions": [{{"type": "Ready", "status": "True", "lastTransitionTime": "{now}"}}],
                "containerStatuses": [{{"name": "main", "ready": true, "restartCount": 0, "image": "x", "imageID": "x",
                "state": {{"running": {{"startedAt": "{now}"}}}}}}]}}}}"#
            ),
        );
        self.kubectl(&[
            "--namespace",
            "faults",
            "wait",
            "deployment/stranded",
            "--for=condition=Available",
            "--timeout=60s",
        ]);
    }

    fn deck(&self) -> Deck {
        let stage = self.testbed.deck_with(&self.kubeconfig(), &self.checkout);
        stage.with(["--env", ENV]).sized(200, 150).patient(Duration::from_secs(20)).open()
    }
}

/// Says how a row of Home shows an object: its sign, and its name.
fn sign_of(deck: &mut Deck, name: &str) -> Option<char> {
    let is_it = |row: &str| row.split_whitespace().nth(1) == Some(name) || row.split_whitespace().nth(2) == Some(name);
    let text = deck.text();
    let row = text.lines().filter_map(|row| row.split('│').rev().nth(1)).find(|row| is_it(row))?;
    row.trim_start_matches(['>', ' ']).chars().next()
}

/// Makes every fault on a control plane of its own, and changes nothing on the others.
#[test]
fn every_fault_is_told_on_home_in_words_with_its_next_step() {
    let ground = Ground::start();
    ground.strand();
    let mut deck = ground.deck();
    deck.lives(&[ENV]);

    // What applying, charts and keys have: from when the cluster says so.
    let failing = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}=False";
    let mut shown = Vec::new();
    let mut told = |deck: &mut Deck, object: &str, words: &str, next: &str| {
        ground.wait(object, failing);
        let name = object.rsplit('/').next().expect("a name").to_owned();
        let known = std::time::Instant::now();
        deck.tells(words);
        deck.tells(next);
        assert!(known.elapsed() < WITHIN, "{name}: {:?}", known.elapsed());
        shown.push(name);
    };
    for (object, words, next) in [
        (
            "kustomization/broken",
            "kustomize cannot read missing-file/absent.yaml: no such file or directory",
            "C its file and line",
        ),
        ("kustomization/frozen", "field is immutable", "delete the object, or annotate it"),
        ("kustomization/tight", "has no room for ConfigMap/tight/one-too-many", "d what its namespace's quota leaves"),
        ("kustomization/keyless", "is missing: no Kustomization that decrypts", "A give the cluster its age key"),
        ("kustomization/locked", "is none of its recipients", "A see for which key it is encrypted"),
        (
            "helmrelease/stale",
            "has no version of chart cert-manager that fits 99.9.9",
            "W read the chart repository anew",
        ),
        ("helmrelease/starved", "127.0.0.1:1 refuses connections", "W try the fetch again"),
        ("helmrelease/exhausted", "does not know kind Nowhere", "try again, once its cause is mended"),
    ] {
        told(&mut deck, object, words, next);
    }
    assert!(!deck.text().contains("/tmp/"), "{}", deck.text());

    // A user scales a Deployment to 0; the next commit makes Flux take that back.
    ground.kubectl(&["--namespace", "faults", "scale", "deployment/scaled", "--replicas=0"]);
    deck.tells("scaled to 0 by hand; Git says 1");
    let sign = sign_of(&mut deck, "scaled");
    assert!(sign.is_some_and(|sign| sign != '='), "{sign:?}:\n{}", deck.text());

    // A health check runs; the commit that comes meanwhile waits behind it.
    ground.wait("kustomization/checked", "jsonpath={.status.conditions[?(@.type==\"Healthy\")].status}=Unknown");
    std::fs::write(ground.checkout.join("note.md"), "A note.\n").expect("a file");
    let commit = push(&ground.checkout, "docs: a note");
    let now = format!("reconcile.fluxcd.io/requestedAt={}", jiff::Timestamp::now());
    ground.kubectl(&["--namespace", "flux-system", "annotate", "--overwrite", "gitrepository/flux-system", &now]);
    ground.wait("gitrepository/flux-system", &format!("jsonpath={{.status.artifact.revision}}=main@sha1:{commit}"));
    deck.tells("left: wait for Deployment/waits; main@");
    deck.tells(&format!("main@{} waits behind it", &commit[..7]));
    shown.push("checked".to_owned());

    // A node falls silent: kube-controller-manager says so after its grace period.
    ground.kubectl(&["wait", &format!("node/{LOST}"), "--for=condition=Ready=Unknown", "--timeout=120s"]);
    deck.tells(&format!("its node {LOST} does not answer"));
    deck.tells(&format!("node {LOST} is not ready: its kubelet does not answer"));
    deck.wait_for("the workload of the lost node at work", |screen| screen.contents().contains("~ stranded"));
    shown.push("stranded".to_owned());

    // What an operator looks for next stands below.
    deck.tells("pods not ready:");
    deck.tells("warnings of the last 10 minutes:");
    deck.tells("docs: a note, Operator");

    super::doctor::bench(&ground);

    // A controller is down, and then nothing new arrives from git any more: the worst comes first.
    ground.kubectl(&["--namespace", "flux-system", "scale", "deployment/helm-controller", "--replicas=0"]);
    deck.tells("helm-controller is down");
    let patch = r#"{"spec": {"url": "http://127.0.0.1:1/git/faults.git"}}"#;
    ground.kubectl(&[
        "--namespace",
        "flux-system",
        "patch",
        "gitrepository/flux-system",
        "--type=merge",
        "--patch",
        patch,
    ]);
    ground.wait("gitrepository/flux-system", failing);
    let known = std::time::Instant::now();
    deck.sees("fetch fails: connection refused, since <1m");
    assert!(known.elapsed() < WITHIN, "{:?}", known.elapsed());
    deck.tells("W try the fetch again");

    for name in shown {
        let sign = sign_of(&mut deck, &name);
        assert!(sign.is_some_and(|sign| sign != '='), "{name}: {sign:?}:\n{}", deck.text());
    }
    drop(deck);

    // Somebody mends the controller and the address, and then goes some walks.
    ground.kubectl(&["--namespace", "flux-system", "scale", "deployment/helm-controller", "--replicas=1"]);
    let sync = ground.checkout.join("clusters/faults/flux-system/gotk-sync.yaml");
    ground.kubectl(&["apply", "--filename", sync.to_str().expect("a path")]);
    ground.wait("gitrepository/flux-system", "condition=Ready");
    super::walks::three(&ground);
}
