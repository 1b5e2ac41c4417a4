//! What the repository renders to, against the real kustomize-controller's inventory, and the API server's dry run.
//! One test changes the branch main of the testbed by two commits, of which the second takes back the first.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use fluxdeck::render::{Cache, Renderer, Rendering, Tool};
use fluxdeck::repo::Snapshot;
use serde_json::Value;

use super::push::{alone, git};
use super::support::testbed::{ENVIRONMENTS, Testbed};

/// The folders in which the testbed's own kubectl is.
fn programs(testbed: &Testbed) -> OsString {
    let kubectl = testbed.program("kubectl").get_program().to_owned();
    Path::new(&kubectl).parent().expect("a folder").as_os_str().to_owned()
}

fn render(testbed: &Testbed, root: &Path) -> (Snapshot, Rendering) {
    let snapshot = Snapshot::load(root);
    let rendering =
        Renderer::new(Tool::find(&programs(testbed)), Cache::default()).render(&snapshot).expect("a rendering");
    (snapshot, rendering)
}

/// Runs the program in a repository, with kubectl at hand and a cache of its own.
fn fluxdeck(testbed: &Testbed, root: &Path, arguments: &[&str]) -> Value {
    let cache = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    let git = std::env::var_os("PATH").unwrap_or_default();
    let path = [programs(testbed), git].join(&OsString::from(":"));
    command.args(arguments).args(["-o", "json"]).current_dir(root).env("PATH", path);
    command.env("XDG_CACHE_HOME", cache.path()).env("KUBECONFIG", testbed.kubeconfig());
    let output = command.output().expect("fluxdeck");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_inventory_of_the_real_controller_is_what_is_rendered() {
    let _alone = alone();
    let testbed = Testbed::find();
    let (snapshot, rendering) = render(&testbed, &testbed.repository());
    for env in ENVIRONMENTS {
        let live = testbed.get(env, &["kustomizations.kustomize.toolkit.fluxcd.io", "--namespace", "flux-system"]);
        let live = live["items"].as_array().unwrap();
        assert!(live.len() >= 7);
        for kustomization in live {
            let name = kustomization["metadata"]["name"].as_str().unwrap();
            let entries = kustomization["status"]["inventory"]["entries"].as_array().unwrap();
            let theirs: BTreeSet<String> =
                entries.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
            let one = rendering.of.iter().find(|one| one.env == env && one.name == name).unwrap();
            let ours: BTreeSet<String> = one
                .objects
                .iter()
                .map(|object| {
                    let id = &object.object;
                    format!("{}_{}_{}_{}", id.namespace, id.name.replace(':', "__"), id.group, id.kind)
                })
                .collect();
            assert_eq!(ours, theirs, "{name} of {env}");
            // Nobody comes before what the real controller makes it wait for.
            let order = snapshot.order(env).unwrap();
            let wave =
                |name: &str| order.waves.iter().position(|wave| wave.iter().any(|one| one.name == name)).unwrap();
            for dependency in kustomization["spec"]["dependsOn"].as_array().into_iter().flatten() {
                let other = dependency["name"].as_str().unwrap();
                assert!(wave(other) < wave(name), "{name} and {other} of {env}");
            }
        }
    }
}

/// Flux's own steps, all at once: a folder without kustomization, patches, images, a namespace and variables.
#[test]
fn the_steps_of_flux_after_the_build_are_those_of_the_real_controller() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.org"), ("commit.gpgsign", "false")] {
        git(root, &["config", key, value]);
    }
    let write = |path: &str, text: &str| {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write(
        "clusters/staging/proof.yaml",
        r#"apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: proof
  namespace: flux-system
spec:
  interval: 10m
  path: ./proof/objects
  prune: true
  targetNamespace: proof
  namePrefix: the-
  sourceRef: {kind: GitRepository, name: flux-system}
  commonMetadata: {labels: {proof.example.org/common: "yes"}}
  components: [../component]
  images: [{name: docker.io/library/busybox, newTag: "1.37.0"}]
  patches:
    - target: {kind: ConfigMap, name: settings}
      patch: |-
        - {op: add, path: /data/patched, value: "by ${name:-nobody}"}
  postBuild:
    substitute: {name: fluxdeck, port: "8080", empty: ""}
    substituteFrom: [{kind: ConfigMap, name: not-there, optional: true}]
"#,
    );
    write("proof/objects/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: proof\n");
    write(
        "proof/objects/settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  url: https://${name}.example.org:${port}/\n  upper: ${name^^}\n  cut: ${name:0:4}\n  default: ${other:=a ${name}}\n  empty: \"${empty:-was empty}\"\n  escaped: $${name} {{ $labels.pod }}\n  swapped: ${name/flux/helm}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: untouched\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\ndata:\n  text: ${name}\n",
    );
    write(
        "proof/objects/deep/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\nconfigMapGenerator:\n  - name: generated\n    files: [a.txt, renamed=a.txt]\n    literals: [\"port=is ${port}\"]\nreplacements:\n  - source: {kind: Deployment, name: app, fieldPath: metadata.name}\n    targets:\n      - select: {kind: Deployment, name: app}\n        fieldPaths: [spec.template.metadata.annotations.of]\n        options: {create: true}\n",
    );
    write("proof/objects/deep/a.txt", "a text\n");
    write("proof/base/kustomization.yaml", "resources: [app.yaml]\n");
    write(
        "proof/base/app.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec:\n      containers:\n        - name: app\n          image: docker.io/library/busybox:1.36.0\n          ports: [{containerPort: 80}]\n",
    );
    write(
        "proof/component/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nconfigMapGenerator:\n  - name: of-component\n    literals: [a=b]\n    options: {disableNameSuffixHash: true}\n",
    );
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "-m", "test: the steps of Flux"]);
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    let reconcile = |name: &str| {
        let object = format!("Kustomization/flux-system/{name}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--env", "staging", "reconcile", &object]);
        let output = command.arg("--with-source").current_dir(root).output().expect("fluxdeck");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    reconcile("flux-system");
    testbed.wait("staging", "flux-system", "kustomization/proof", "condition=Ready");
    let (_, rendering) = render(&testbed, root);
    let one = rendering.of.iter().find(|one| one.env == "staging" && one.name == "proof").unwrap();
    let live: Vec<Value> = one
        .objects
        .iter()
        .map(|object| {
            let id = &object.object;
            testbed.get("staging", &[&format!("{}/{}", id.kind, id.name), "--namespace", &id.namespace])
        })
        .collect();
    let kustomization = testbed.get("staging", &["kustomization/proof", "--namespace", "flux-system"]);
    git(root, &["revert", "--no-edit", "HEAD"]);
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    reconcile("flux-system");

    assert_eq!(one.finding, None);
    assert_eq!(one.objects.len(), kustomization["status"]["inventory"]["entries"].as_array().unwrap().len());
    assert_eq!(one.objects.len(), 6);
    for (object, live) in one.objects.iter().zip(&live) {
        assert_eq!(object.body["data"], live["data"], "{}", object.object);
        assert_eq!(live["metadata"]["labels"]["proof.example.org/common"], "yes");
        assert_eq!(object.body["metadata"]["labels"]["proof.example.org/common"], "yes");
        if object.object.kind == "Deployment" {
            let ours = &object.body["spec"]["template"];
            assert_eq!(
                ours["spec"]["containers"][0]["image"],
                live["spec"]["template"]["spec"]["containers"][0]["image"]
            );
            assert_eq!(ours["metadata"]["annotations"], live["spec"]["template"]["metadata"]["annotations"]);
            let files: Vec<&str> = object.files().collect();
            assert_eq!(files.first(), Some(&"proof/base/app.yaml"));
        }
    }
}

#[test]
fn an_impact_is_what_the_servers_dry_run_would_change() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    let file = root.join("apps/base/linkding/deployment.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("replicas: 1", "replicas: 2").replace("cpu: 50m", "cpu: 60m")).unwrap();
    let service = root.join("apps/base/homepage/service.yaml");
    let text = std::fs::read_to_string(&service).unwrap();
    std::fs::write(&service, format!("# A remark renders to nothing.\n{text}")).unwrap();
    std::fs::write(root.join("remark.md"), "A note.\n").unwrap();
    let impact = fluxdeck(&testbed, root, &["impact", "HEAD"]);
    assert_eq!(impact["inert"], serde_json::json!(["apps/base/homepage/service.yaml", "remark.md"]));
    let (_, rendering) = render(&testbed, root);
    for env in ENVIRONMENTS {
        let changes = impact["changes"].as_array().unwrap().iter().filter(|change| change["env"] == env);
        let ours: BTreeSet<String> = changes.map(|change| change["object"].as_str().unwrap().to_owned()).collect();
        let one = rendering.of.iter().find(|one| one.env == env && one.name == "apps").unwrap();
        let mut theirs = BTreeSet::new();
        // What is encrypted cannot be compared so.
        for object in one.objects.iter().filter(|object| object.object.kind != "Secret") {
            let id = &object.object;
            let mut kubectl = testbed.program("kubectl");
            kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--context", env, "apply", "--server-side"]);
            kubectl.args(["--dry-run=server", "--force-conflicts", "--field-manager=kustomize-controller"]);
            kubectl.args(["-f", "-", "-o", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = kubectl.spawn().expect("kubectl");
            child.stdin.take().unwrap().write_all(object.body.to_string().as_bytes()).unwrap();
            let dry: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
            let kind = if id.group.is_empty() { id.kind.clone() } else { format!("{}.{}", id.kind, id.group) };
            let live = testbed.get(env, &[&format!("{kind}/{}", id.name), "--namespace", &id.namespace]);
            if dry["spec"] != live["spec"] || dry["data"] != live["data"] {
                theirs.insert(id.to_string());
            }
        }
        assert_eq!(ours, theirs, "{env}");
        assert_eq!(ours, BTreeSet::from(["Deployment/linkding/linkding".to_owned()]));
    }
}

/// Applies objects without effect, as kustomize-controller would, and returns them as the API server would keep them.
fn dry_run(testbed: &Testbed, env: &str, objects: &[Value]) -> Vec<Value> {
    let mut kubectl = testbed.program("kubectl");
    kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--context", env, "apply", "--server-side"]);
    kubectl.args(["--dry-run=server", "--force-conflicts", "--field-manager=kustomize-controller"]);
    kubectl.args(["-f", "-", "-o", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = kubectl.spawn().expect("kubectl");
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(list.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{env}");
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    match applied["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![applied],
    }
}

/// What `build` prints is what the clusters got: applying it once more changes nothing, object by object, values of secrets included.
#[test]
fn a_build_is_what_the_clusters_got_object_by_object() {
    let _alone = alone();
    let testbed = Testbed::find();
    let home = tempfile::tempdir().expect("a home folder");
    let mut compared = 0;
    for env in ENVIRONMENTS {
        let live = testbed.get(env, &["kustomizations.kustomize.toolkit.fluxcd.io", "--namespace", "flux-system"]);
        for kustomization in live["items"].as_array().unwrap() {
            let name = kustomization["metadata"]["name"].as_str().unwrap();
            let mut command = testbed.headless(home.path());
            command.env("SOPS_AGE_KEY_FILE", super::support::testbed::age_key(env));
            let output = command.args(["build", "-k", name, "--env", env, "--decrypt", "-o", "json"]).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let mut objects: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            for object in &mut objects {
                object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = name.into();
                object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system".into();
            }
            for mut dry in dry_run(&testbed, env, &objects) {
                let id = fluxdeck::model::ObjectRef::of_body(&dry);
                let kind = if id.group.is_empty() { id.kind.clone() } else { format!("{}.{}", id.kind, id.group) };
                let namespace = if id.namespace.is_empty() { "default" } else { &id.namespace };
                let mut live = testbed.get(env, &[&format!("{kind}/{}", id.name), "--namespace", namespace]);
                for one in [&mut dry, &mut live] {
                    let fields = one.as_object_mut().unwrap();
                    fields.remove("status");
                    let metadata = fields["metadata"].as_object_mut().unwrap();
                    metadata.retain(|key, _| !matches!(key.as_str(), "managedFields" | "resourceVersion"));
                }
                assert!(dry == live, "{id} of {name} in {env}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn a_file_tells_what_it_becomes_and_how_that_fares() {
    let testbed = Testbed::find();
    let mut deck = testbed.deck().sized(120, 40).open();
    deck.sees("cert-manager");
    deck.press("1/ntfy/deployment<enter><enter>");
    deck.sees(">apps/base/ntfy/deployment.yaml  read by apps in production");
    deck.sees_row(&["becomes in production", "= Deployment/ntfy/ntfy  ready 1/1"]);
    deck.press("<enter>");
    deck.sees(">Deployment/ntfy/ntfy  production");
    // The image's version is written in the overlay: that is the file to change.
    deck.sees_row(&["files", "apps/production/ntfy/kustomization.yaml"]);
    deck.sees_row(&["│  ", "apps/base/ntfy/deployment.yaml"]);
    deck.sees_row(&["documents", "docs/stack/ntfy.md"]);
}
