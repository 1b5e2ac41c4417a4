//! `diff`, `orphans` and `timeline` for a user to whom half of the kinds are forbidden, and an environment of which nothing is there yet. Makes
//! the namespace `restricted` and the ClusterRole and ClusterRoleBinding `fluxdeck-test:restricted` in staging, and takes them back.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::push::alone;
use super::support::testbed::{ENVIRONMENTS, Testbed, age_key};

/// What the user may: read and change some kinds, read some, and nothing of the others.
const RIGHTS: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted"}},
  {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "restricted", "namespace": "restricted"}},
  {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "fluxdeck-test:restricted"}, "rules": [
    {"apiGroups": [""], "resources": ["namespaces", "configmaps", "services"], "verbs": ["get", "list", "watch", "patch"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
    RELEASES
    {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["list"]}
  ]},
  {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "fluxdeck-test:restricted"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "fluxdeck-test:restricted"},
    "subjects": [{"kind": "ServiceAccount", "name": "restricted", "namespace": "restricted"}]}
]}"#;

/// The right to look at HelmReleases.
const RELEASES: &str =
    r#"{"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},"#;

/// A user whose rights end with it.
struct User<'a> {
    testbed: &'a Testbed,
    kubeconfig: tempfile::NamedTempFile,
}

impl<'a> User<'a> {
    fn new(testbed: &'a Testbed) -> Self {
        let user = Self { testbed, kubeconfig: tempfile::NamedTempFile::new().expect("a file") };
        user.may(RELEASES);
        let token = testbed.kubectl("staging", ["--namespace", "restricted", "create", "token", "restricted"]);
        let text = std::fs::read_to_string(testbed.kubeconfig()).expect("the kubeconfig");
        std::fs::write(user.kubeconfig.path(), text.replace("token-staging", token.trim())).expect("a file");
        user
    }

    /// Gives the user its rights, with or without more.
    fn may(&self, more: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), RIGHTS.replace("RELEASES", more)).expect("a file");
        self.testbed.kubectl("staging", ["apply", "-f", file.path().to_str().unwrap()]);
    }

    fn runs(&self, arguments: &[&str]) -> (i32, Vec<Value>, String) {
        let home = tempfile::tempdir().expect("a home folder");
        let mut command = self.testbed.headless(home.path());
        command.env("SOPS_AGE_KEY_FILE", age_key("staging")).env("KUBECONFIG", self.kubeconfig.path());
        let output = command.args(arguments).args(["--env", "staging", "-o", "json"]).output().expect("fluxdeck");
        answer(&output, arguments)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let role = "fluxdeck-test:restricted";
        self.testbed.kubectl("staging", ["delete", "clusterrolebinding", role]);
        self.testbed.kubectl("staging", ["delete", "clusterrole", role]);
        self.testbed.kubectl("staging", ["delete", "namespace", "restricted", "--timeout=60s"]);
    }
}

fn answer(output: &Output, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {told}"));
    (output.status.code().expect("a code"), found, told)
}

#[test]
fn what_is_forbidden_is_named_and_passed_over_and_the_rest_is_answered() {
    let _alone = alone();
    let testbed = Testbed::find();
    let user = User::new(&testbed);
    let (code, found, told) = user.runs(&["diff"]);
    assert_eq!((code, found), (0, Vec::new()), "{told}");
    assert!(told.contains("you may not get Secret") && told.contains("you may not patch Deployment"), "{told}");
    assert!(
        told.contains("Flux would change nothing of what was compared; ") && told.contains(" not compared"),
        "{told}"
    );
    let (code, found, told) = user.runs(&["diff", "--drift"]);
    assert_eq!((code, found), (0, Vec::new()), "{told}");
    assert!(told.contains("HelmRelease/cert-manager/cert-manager: not compared: "), "{told}");
    let (code, found, told) = user.runs(&["orphans"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("Secret was not looked at: "), "{told}");
    // Nothing is taken for left over because its explanation may not be read; the user's own namespace is.
    let names: Vec<&str> = found.iter().filter_map(|one| one["object"].as_str()).collect();
    assert_eq!(names, ["Namespace//restricted"], "{told}");
    let (code, found, told) = user.runs(&["timeline", "--since", "7d"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("not looked at: events: ") && told.contains("not looked at: pods: "), "{told}");
    assert!(found.iter().any(|one| one["object"] == "Kustomization/flux-system/apps"), "{found:?}");

    user.may("");
    let (code, found, told) = user.runs(&["diff", "--drift"]);
    assert_eq!((code, found), (0, Vec::new()), "{told}");
    assert!(told.contains("HelmReleases: not compared: ") && told.contains("forbidden"), "{told}");
    // Without what Helm has made everything of it would be an orphan: that is a failure, and no list.
    let (code, found, told) = user.runs(&["orphans"]);
    assert_eq!((code, found.len()), (1, 1), "{told}");
    assert!(found[0]["error"].as_str().is_some_and(|error| error.contains("forbidden")), "{found:?}");
    let (code, _, told) = user.runs(&["timeline", "--since", "7d"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("not looked at: helmreleases: "), "{told}");
}

/// What comes together: a kind and an object of it, a namespace and objects in it.
const NEW: &str = r#"apiVersion: v1
kind: Namespace
metadata: {name: not-there-yet}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: first, namespace: not-there-yet}
data: {a: "1"}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: not-there-yet}
stringData: {password: hunter2-new}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: oddities.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Oddity, plural: oddities}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: example.org/v1
kind: Oddity
metadata: {name: one, namespace: not-there-yet}
spec: {a: 1}
---
apiVersion: example.org/v1
kind: Unserved
metadata: {name: two, namespace: not-there-yet}
"#;

/// Writes a Kustomization of staging with these objects, which depends on nothing.
fn write(root: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(root.join(name)).unwrap();
    std::fs::write(root.join(name).join("all.yaml"), text).unwrap();
    let kustomization = format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  interval: 1h\n  path: ./{name}\n  prune: true\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n"
    );
    std::fs::write(root.join(format!("clusters/staging/{name}.yaml")), kustomization).unwrap();
}

#[test]
fn what_is_not_there_yet_is_created_and_no_failure_of_the_rest() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    write(root, "all-new", NEW);
    // Its kind and its namespace come by the other one.
    write(
        root,
        "later",
        "apiVersion: example.org/v1\nkind: Oddity\nmetadata: {name: three, namespace: not-there-yet}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: second, namespace: not-there-yet}\n",
    );
    let home = tempfile::tempdir().expect("a home folder");
    let mut command = testbed.headless(home.path());
    let keys: Vec<String> =
        ENVIRONMENTS.iter().map(|env| std::fs::read_to_string(age_key(env)).expect("a key")).collect();
    command.env("SOPS_AGE_KEY", keys.join("\n")).current_dir(root);
    let output = command.args(["diff", "--env", "staging", "-o", "json"]).output().expect("fluxdeck");
    let (code, found, told) = answer(&output, &["diff"]);
    assert_eq!(code, 0, "{told}");
    let created: Vec<(&str, &str)> = found
        .iter()
        .filter(|one| one["change"] == "create")
        .map(|one| (one["object"].as_str().unwrap(), one["note"].as_str().unwrap_or_default()))
        .collect();
    let (namespace, kind) = (
        "it is created after its namespace, which is not there yet",
        "it is created after its CustomResourceDefinition, which is not there yet",
    );
    for expected in [
        ("Namespace//not-there-yet", ""),
        ("ConfigMap/not-there-yet/first", namespace),
        ("Secret/not-there-yet/login", namespace),
        ("ConfigMap/not-there-yet/second", namespace),
        ("CustomResourceDefinition//oddities.example.org", ""),
        ("Oddity/not-there-yet/one", kind),
        ("Oddity/not-there-yet/three", kind),
        ("Kustomization/flux-system/all-new", ""),
        ("Kustomization/flux-system/later", ""),
    ] {
        assert!(created.contains(&expected), "{expected:?}: {created:?}");
    }
    assert_eq!((created.len(), found.len()), (9, 9), "{found:?}");
    assert!(told.contains("Unserved/not-there-yet/two: the API server does not serve Unserved.example.org"), "{told}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"));
}
