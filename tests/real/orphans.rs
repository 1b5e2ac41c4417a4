//! What nobody declared, on real control planes. One test changes the branch main by three commits, of which the last takes back the first
//! two, and makes a ConfigMap `made-by-hand` and a Secret `linkding-container-env` in the namespace leaves of staging, which goes with the commits.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::push::{alone, git};
use super::support::testbed::{ENVIRONMENTS, Testbed, push};

/// The namespace that no other test puts anything in.
const LEAVES: &[&str] = &["-n", "leaves"];

/// What the testbed makes by kubectl in place of what a cluster has: spare volumes, the rights of the user reader, and the Secret of
/// `flux bootstrap`, which no source of the testbed names.
fn is_of_testbed(object: &str) -> bool {
    object.starts_with("PersistentVolume//local-path-")
        || object.starts_with("PersistentVolume//longhorn-")
        || matches!(object, "ClusterRole//testbed:readers" | "ClusterRoleBinding//testbed:readers")
        || object == "Secret/flux-system/flux-system"
}

/// Returns the orphans of an environment with their reasons, in a namespace or in all, without those that the testbed makes.
fn orphans(testbed: &Testbed, env: &str, namespace: &[&str]) -> BTreeMap<String, String> {
    let output = testbed.fluxdeck([&["--env", env, "orphans", "-o", "json"], namespace].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.is_empty(), "{told}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let told = |one: &Value| (text(one, "object"), format!("{}: {}", text(one, "by"), text(one, "why")));
    let found = found.as_array().expect("a list").iter().map(told);
    found.filter(|(object, _)| !is_of_testbed(object)).collect()
}

#[test]
fn the_template_leaves_nothing_that_nobody_declared() {
    let _alone = alone();
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        // The other tests make and delete orphans of their own meanwhile.
        let mut left = orphans(&testbed, env, &[]);
        for _ in 0..60 {
            if left.is_empty() {
                break;
            }
            left = orphans(&testbed, env, &[]);
        }
        assert_eq!(left, BTreeMap::new(), "{env}");
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn reconcile(testbed: &Testbed, name: &str) {
    let object = format!("Kustomization/flux-system/{name}");
    let output = testbed.fluxdeck(["--env", "staging", "reconcile", &object, "--with-source"]);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A Kustomization that does not prune, and a release of a chart with an object that Helm keeps.
fn plant(root: &Path) {
    write(
        root,
        "clusters/staging/leaves.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: leaves\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./leaves\n  prune: false\n  sourceRef: {kind: GitRepository, name: flux-system}\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: leaves\n",
    );
    let map = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: leaves\ndata:\n  url: ${{host:=example.org}}\n"
        )
    };
    write(root, "leaves/stays.yaml", &map("stays"));
    write(root, "leaves/goes.yaml", &map("left-without-prune"));
    write(
        root,
        "clusters/staging/release.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: leaves\n  namespace: flux-system\nspec:\n  interval: 10m\n  targetNamespace: leaves\n  releaseName: leaves\n  chart:\n    spec:\n      chart: ./leaves-chart\n      sourceRef: {kind: GitRepository, name: flux-system}\n",
    );
    write(root, "leaves-chart/Chart.yaml", "apiVersion: v2\nname: leaves\nversion: 0.1.0\n");
    write(
        root,
        "leaves-chart/templates/maps.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kept-by-helm\n  annotations: {helm.sh/resource-policy: keep}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: not-kept-by-helm\n",
    );
}

/// Copies a Secret to the namespace leaves, as one does by hand.
fn copy(testbed: &Testbed) {
    let mut secret = testbed.get("staging", &["secret/linkding-container-env", "--namespace", "linkding"]);
    let metadata = secret["metadata"].as_object_mut().unwrap();
    metadata.retain(|key, _| matches!(key.as_str(), "name" | "labels" | "annotations"));
    metadata.insert("namespace".to_owned(), "leaves".into());
    let mut kubectl = testbed.program("kubectl");
    kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--context", "staging", "apply", "-f", "-"]);
    let mut child = kubectl.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl");
    child.stdin.take().unwrap().write_all(secret.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_left_behind_and_made_by_hand_is_found_and_nothing_else() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    let before = orphans(&testbed, "staging", LEAVES);
    plant(root);
    push(root, "test: what will be left");
    reconcile(&testbed, "flux-system");
    testbed.wait("staging", "flux-system", "kustomization/leaves", "condition=Ready");
    testbed.wait("staging", "flux-system", "helmrelease/leaves", "condition=Ready");
    assert_eq!(orphans(&testbed, "staging", LEAVES), before, "what is declared is no orphan");
    std::fs::remove_file(root.join("leaves/goes.yaml")).unwrap();
    std::fs::remove_file(root.join("clusters/staging/release.yaml")).unwrap();
    push(root, "test: it is left");
    reconcile(&testbed, "flux-system");
    reconcile(&testbed, "leaves");
    testbed.kubectl(
        "staging",
        ["--namespace", "flux-system", "wait", "--for=delete", "helmrelease/leaves", "--timeout=60s"],
    );
    testbed.kubectl("staging", ["--namespace", "leaves", "create", "configmap", "made-by-hand", "--from-literal=a=b"]);
    copy(&testbed);
    let mut found = orphans(&testbed, "staging", LEAVES);
    // Before anything is said, all is taken back.
    let all = ["configmap/made-by-hand", "configmap/left-without-prune", "configmap/kept-by-helm"];
    let all = [["--namespace", "leaves", "delete"].as_slice(), &all, &["secret/linkding-container-env"]].concat();
    testbed.kubectl("staging", all);
    git(root, &["rm", "-r", "--quiet", "clusters/staging/leaves.yaml", "leaves", "leaves-chart"]);
    push(root, "test: nothing is left");
    reconcile(&testbed, "flux-system");
    testbed.kubectl("staging", ["wait", "--for=delete", "namespace/leaves", "--timeout=60s"]);

    found.retain(|object, _| !before.contains_key(object));
    let expected = [
        (
            "ConfigMap/leaves/kept-by-helm",
            "helm-controller: of Helm release flux-system/leaves, which is no more; it is kept by its annotation helm.sh/resource-policy: keep",
        ),
        (
            "ConfigMap/leaves/left-without-prune",
            "kustomize-controller: left by Kustomization flux-system/leaves: prune was off",
        ),
        ("ConfigMap/leaves/made-by-hand", "kubectl create: made by hand with kubectl create"),
        (
            "Secret/leaves/linkding-container-env",
            "kubectl apply: copied by hand from Secret/linkding/linkding-container-env",
        ),
    ];
    let expected = expected.map(|(object, why)| (object.to_owned(), why.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn orphans_are_listed_by_key_and_what_may_not_be_read_is_named() {
    let testbed = Testbed::find();
    let mut deck = testbed.deck().open();
    deck.lives(&["staging", "production"]);
    deck.press("1u");
    deck.sees("orphans among");
    deck.sees("ClusterRole//testbed:readers");
    deck.press("/readers<enter><enter>");
    deck.sees("ClusterRole/testbed:readers");
}
