//! What `diff` says, against what the real controllers do. Changes the branch main of the testbed by two commits, of which the second takes
//! back the first, whatever the Kustomization `drifted` of staging applies, and the HelmRelease metallb of production.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::push::{alone, git};
use super::support::testbed::{ENVIRONMENTS, Testbed, age_key, push};

/// Runs `fluxdeck diff` in a repository, with the keys of both environments; returns its JSON and its remarks.
fn diff(testbed: &Testbed, root: &Path, kubeconfig: &Path, arguments: &[&str]) -> (Vec<Value>, String) {
    let home = tempfile::tempdir().expect("a home folder");
    let keys: String = ENVIRONMENTS
        .iter()
        .map(|env| std::fs::read_to_string(age_key(env)).expect("a key"))
        .collect::<Vec<_>>()
        .join("\n");
    let file = home.path().join("keys.txt");
    std::fs::write(&file, keys).expect("a file");
    let mut command = testbed.headless(home.path());
    command.env("SOPS_AGE_KEY_FILE", &file).env("KUBECONFIG", kubeconfig).current_dir(root);
    let Output { stdout, stderr, status } =
        command.arg("diff").args(arguments).args(["-o", "json"]).output().expect("fluxdeck");
    let told = String::from_utf8_lossy(&stderr).into_owned();
    assert!(status.success(), "diff {arguments:?}: {told}");
    (serde_json::from_slice(&stdout).expect("JSON"), told)
}

/// Writes the kubeconfig of the user whose requests the API server writes down.
fn audited(testbed: &Testbed, env: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = std::fs::read_to_string(testbed.kubeconfig()).expect("the kubeconfig");
    std::fs::write(file.path(), text.replace(&format!("token-{env}"), &format!("audited-{env}"))).expect("a file");
    file
}

#[test]
fn after_an_apply_nothing_differs_and_every_request_reads_or_is_a_dry_run() {
    let _alone = alone();
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let kubeconfig = audited(&testbed, env);
        let log = testbed.folder(env).join("log/audit.log");
        let before = std::fs::metadata(&log).map_or(0, |known| known.len());
        // Other tests change an object for a moment, and take that back.
        let mut told = (Vec::new(), String::new());
        for _ in 0..5 {
            told = diff(&testbed, &testbed.repository(), kubeconfig.path(), &["--env", env]);
            if told.0.is_empty() {
                break;
            }
        }
        let (found, remarks) = told;
        assert_eq!(found, Vec::<Value>::new(), "{remarks}");
        assert!(remarks.contains("Flux would change nothing") && !remarks.contains("not compared"), "{remarks}");
        let text = std::fs::read_to_string(&log).expect("the audit log");
        let text = text.get(usize::try_from(before).unwrap()..).unwrap_or_default();
        let (mut reads, mut dry_runs) = (0, 0);
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).expect("an event");
            let address = event["requestURI"].as_str().unwrap_or_default();
            match event["verb"].as_str().unwrap_or_default() {
                "get" | "list" | "watch" => reads += 1,
                "patch" if address.contains("?dryRun=All&") => dry_runs += 1,
                verb => panic!("{env}: {verb} {address}"),
            }
        }
        assert!(reads > 40 && dry_runs > 40, "{env}: {reads} reads, {dry_runs} dry runs");
    }
}

/// What the Kustomization of the drift applies.
const APPLIED: &str = r#"apiVersion: v1
kind: Namespace
metadata: {name: drifted}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: drifted}
data: {a: "1", b: "2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: second, namespace: drifted}
data: {a: "1", b: "2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: third, namespace: drifted}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same, namespace: drifted}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ignored, namespace: drifted, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: "1"}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: drifted}
stringData: {user: someone, password: first-password}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: drifted, labels: {tier: front}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: drifted}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: drifted}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: drifted}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {hostNetwork: false, containers: [{name: web, image: "busybox:1.37.0", ports: [{containerPort: 80}]}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: drifted}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: "busybox:1.37.0", args: []}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: free, namespace: drifted}
spec:
  selector: {matchLabels: {app: free}}
  template:
    metadata: {labels: {app: free}}
    spec: {containers: [{name: web, image: "busybox:1.37.0"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web, namespace: drifted}
spec:
  schedule: "0 0 1 1 *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: web, image: "busybox:1.37.0"}]}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: drifted}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
"#;

/// What is done by hand: the words of kubectl, then the object and the path that differ then, who did it, and whether the next run takes it
/// back.
const BY_HAND: &[(&str, &str, &str, &str, bool)] = &[
    ("scale deployment/web --replicas=3", "Deployment/drifted/web", "spec.replicas", "kubectl", true),
    (
        "set image deployment/web web=busybox:1.36.0",
        "Deployment/drifted/web",
        "spec.template.spec.containers[web].image",
        "kubectl-set",
        true,
    ),
    (
        "set env deployment/web BY_HAND=1",
        "Deployment/drifted/web",
        "spec.template.spec.containers[web].env",
        "kubectl-set",
        true,
    ),
    (
        "annotate deployment/web team=a --field-manager=k9s",
        "Deployment/drifted/web",
        "metadata.annotations.team",
        "k9s",
        false,
    ),
    (
        "set resources deployment/web --limits=cpu=200m",
        "Deployment/drifted/web",
        "spec.template.spec.containers[web].resources.limits",
        "kubectl-set",
        true,
    ),
    (
        r#"patch deployment/web --field-manager=k9s --patch {"spec":{"template":{"spec":{"hostNetwork":true}}}}"#,
        "Deployment/drifted/web",
        "spec.template.spec.hostNetwork",
        "k9s",
        false,
    ),
    (
        r#"patch configmap/same --type=merge --patch {"metadata":{"finalizers":["example.org/by-hand"]}}"#,
        "ConfigMap/drifted/same",
        "metadata.finalizers",
        "kubectl-patch",
        true,
    ),
    ("scale deployment/free --replicas=2", "Deployment/drifted/free", "spec.replicas", "", false),
    (
        "label configmap/settings by-hand=yes",
        "ConfigMap/drifted/settings",
        "metadata.labels.by-hand",
        "kubectl-label",
        true,
    ),
    (
        "annotate configmap/settings note=a",
        "ConfigMap/drifted/settings",
        "metadata.annotations.note",
        "kubectl-annotate",
        true,
    ),
    (
        r#"patch configmap/settings --patch {"data":{"a":"9"}}"#,
        "ConfigMap/drifted/settings",
        "data.a",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch configmap/second --patch {"data":{"more":"9"}}"#,
        "ConfigMap/drifted/second",
        "data.more",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch configmap/second --type=json --patch [{"op":"remove","path":"/data/b"}]"#,
        "ConfigMap/drifted/second",
        "data.b",
        "",
        true,
    ),
    ("delete configmap/third", "ConfigMap/drifted/third", "", "", true),
    (
        r#"patch configmap/ignored --patch {"data":{"a":"9"}}"#,
        "ConfigMap/drifted/ignored",
        "data.a",
        "kubectl-patch",
        false,
    ),
    (
        r#"patch secret/login --patch {"stringData":{"password":"second-password"}}"#,
        "Secret/drifted/login",
        "data.password",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch secret/login --patch {"stringData":{"more":"third-password"}}"#,
        "Secret/drifted/login",
        "data.more",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch service/web --patch {"spec":{"selector":{"app":"other"}}}"#,
        "Service/drifted/web",
        "spec.selector.app",
        "kubectl-patch",
        true,
    ),
    ("label namespace/drifted by-hand=yes", "Namespace//drifted", "metadata.labels.by-hand", "kubectl-label", true),
    (
        r#"patch role/web --type=merge --patch {"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}]}"#,
        "Role/drifted/web",
        "rules",
        "kubectl-patch",
        true,
    ),
    ("label role/web owner=me --field-manager=lens", "Role/drifted/web", "metadata.labels.owner", "lens", false),
    ("label serviceaccount/web tier-", "ServiceAccount/drifted/web", "metadata.labels.tier", "", true),
    (
        r#"patch cronjob/web --patch {"spec":{"schedule":"@yearly"}}"#,
        "CronJob/drifted/web",
        "spec.schedule",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch cronjob/web --patch {"spec":{"suspend":true}}"#,
        "CronJob/drifted/web",
        "spec.suspend",
        "kubectl-patch",
        true,
    ),
    (
        r#"patch poddisruptionbudget/web --patch {"spec":{"minAvailable":0}}"#,
        "PodDisruptionBudget/drifted/web",
        "spec.minAvailable",
        "kubectl-patch",
        true,
    ),
];

/// Each drifted object and field, with who did it and whether it is taken back.
type Drifts = BTreeMap<(String, String), (String, bool)>;

fn drifts(found: &[Value]) -> Drifts {
    let mut all = Drifts::new();
    for one in found {
        let object = one["object"].as_str().unwrap().to_owned();
        let fields = one["fields"].as_array().cloned().unwrap_or_default();
        if fields.is_empty() {
            assert_eq!(one["change"], "delete", "{one}");
            all.insert((object.clone(), String::new()), (String::new(), true));
        }
        for field in fields {
            let word = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
            all.insert((object.clone(), word("path")), (word("by"), field["undone"] == json!(true)));
        }
    }
    all
}

#[test]
fn twenty_drifts_are_told_with_who_did_them_and_the_controller_takes_back_what_is_said() {
    let _alone = alone();
    let testbed = Testbed::find();
    let folder = testbed.checkout();
    let root = folder.path();
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: drifted, namespace: flux-system}\nspec:\n  interval: 1h\n  path: ./drifted\n  prune: true\n  sourceRef: {kind: GitRepository, name: flux-system}\n";
    std::fs::write(root.join("clusters/staging/drifted.yaml"), kustomization).unwrap();
    std::fs::create_dir(root.join("drifted")).unwrap();
    std::fs::write(root.join("drifted/all.yaml"), APPLIED).unwrap();
    let own = |arguments: &[&str]| {
        let arguments = [&["--env", "staging", "-k", "drifted"], arguments].concat();
        diff(&testbed, root, &testbed.kubeconfig(), &arguments)
    };
    let (next, _) = own(&[]);
    assert_eq!(next.len(), 15, "{next:?}");
    assert!(next.iter().all(|one| one["change"] == "create"), "{next:?}");
    push(root, "test: a Kustomization that drifts");
    let reconcile = |name: &str| {
        let object = format!("Kustomization/flux-system/{name}");
        let mut command = testbed.headless(root);
        command.args(["--env", "staging", "reconcile", &object, "--with-source"]).current_dir(root);
        let output = command.output().expect("fluxdeck");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    reconcile("flux-system");
    testbed.wait("staging", "flux-system", "kustomization/drifted", "condition=Ready");
    let clean = (own(&[]).0, own(&["--drift"]).0);
    for (words, ..) in BY_HAND {
        testbed.kubectl("staging", ["--namespace", "drifted"].into_iter().chain(words.split(' ')));
    }
    let (drifted, remarks) = own(&["--drift"]);
    let (planned, _) = own(&[]);
    reconcile("drifted");
    let (left, _) = own(&["--drift"]);
    let (after, _) = own(&[]);
    git(root, &["-c", "user.name=Test", "-c", "user.email=test@example.org", "revert", "--no-edit", "HEAD"]);
    let gone = own(&["--rev", "HEAD~1"]).0;
    git(root, &["push", "--quiet", "origin", "HEAD:main"]);
    reconcile("flux-system");

    assert_eq!(clean, (Vec::new(), Vec::new()));
    let expected: Drifts = BY_HAND
        .iter()
        .map(|(_, object, path, by, undone)| (((*object).to_owned(), (*path).to_owned()), ((*by).to_owned(), *undone)))
        .collect();
    assert_eq!(drifts(&drifted), expected, "{remarks}");
    let texts = serde_json::to_string(&drifted).unwrap() + &remarks;
    for secret in ["first-password", "second-password", "third-password", "c2Vjb25k", "Zmlyc3Q"] {
        assert!(!texts.contains(secret), "a value is shown: {secret}");
    }
    // What the next run would change is what it takes back.
    let objects =
        |found: &[Value]| found.iter().map(|one| one["object"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    let undone = expected.iter().filter(|(_, (_, undone))| *undone).map(|((object, _), _)| object.clone());
    assert_eq!(objects(&planned), undone.collect::<BTreeSet<_>>());
    // And that is what the controller did.
    let stays: Drifts = expected.into_iter().filter(|(_, (_, undone))| !undone).collect();
    assert_eq!(drifts(&left), stays);
    assert_eq!((after, gone), (Vec::new(), Vec::new()));
}

#[test]
fn a_release_is_compared_with_its_deployed_revision_and_the_values_of_its_next_run() {
    let testbed = Testbed::find();
    let release = "HelmRelease/metallb-system/metallb";
    let own = |arguments: &[&str]| {
        let arguments = [&["--env", "production", release], arguments].concat();
        diff(&testbed, &testbed.repository(), &testbed.kubeconfig(), &arguments)
    };
    let kubectl =
        |arguments: &[&str]| testbed.kubectl("production", [&["--namespace", "metallb-system"], arguments].concat());
    let clean = (own(&[]).0, own(&["--drift"]).0);
    kubectl(&["scale", "deployment/metallb-controller", "--replicas=2"]);
    // Suspended, it does not run meanwhile.
    let patch = r#"{"spec":{"suspend":true,"values":{"fluxdeckTest":{"level":"debug"}}}}"#;
    kubectl(&["patch", "helmrelease/metallb", "--type=merge", "--patch", patch]);
    let (drifted, next) = (own(&["--drift"]).0, own(&[]).0);
    let back = r#"[{"op":"remove","path":"/spec/values/fluxdeckTest"},{"op":"remove","path":"/spec/suspend"}]"#;
    kubectl(&["patch", "helmrelease/metallb", "--type=json", "--patch", back]);
    kubectl(&["scale", "deployment/metallb-controller", "--replicas=1"]);
    assert_eq!(clean, (Vec::new(), Vec::new()));
    assert_eq!(drifted.len(), 1, "{drifted:?}");
    assert_eq!(drifted[0]["object"], "Deployment/metallb-system/metallb-controller");
    let field = &drifted[0]["fields"][0];
    assert_eq!((&field["path"], &field["live"], &field["by"]), (&json!("spec.replicas"), &json!(2), &json!("kubectl")));
    assert_eq!(field["undone"], false);
    assert!(field["at"].is_string() && drifted[0]["events"].as_array().is_some_and(|events| !events.is_empty()));
    assert_eq!((next.len(), &next[0]["object"]), (1, &json!(release)));
    assert!(next[0]["diff"].as_str().unwrap().contains("+fluxdeckTest.level: \"debug\"\n"), "{next:?}");
}
