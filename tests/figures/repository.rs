//! A large repository, made for the purpose: its renderings alone, and everything that `check` finds out beside them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::testbed::{Testbed, said};
use super::table::{Measured, Table, median};

const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
/// Applications: with 11 files in the base and 2 in each overlay about 700 files, 145 kustomizations and 900 objects.
const APPLICATIONS: usize = 45;
/// Flux Kustomizations of each environment.
pub(super) const GROUPS: usize = 5;
const RUNS: usize = 5;
/// What model and rules may take beside the renderings.
const BESIDE: Duration = Duration::from_millis(300);

/// Measures.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let paths = write(root);
    said(Command::new("git").args(["init", "--quiet"]).current_dir(root));
    let kubectl = testbed.program("kubectl").get_program().to_owned();
    let alone = || {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for part in paths.chunks(paths.len().div_ceil(2)) {
                let kubectl = &kubectl;
                scope.spawn(move || {
                    for path in part {
                        let status = Command::new(kubectl).arg("kustomize").arg(path).stdout(Stdio::null()).status();
                        assert!(status.expect("kubectl runs").success(), "{}", path.display());
                    }
                });
            }
        });
        began.elapsed()
    };
    let alone = median((0..RUNS).map(|_| alone()).collect());
    table.floor("a repository of 700 files rendered by kustomize", || Measured::Time(alone));
    let cache = tempfile::tempdir().expect("a folder");
    let check = |cache: &Path| check(root, cache, Path::new(&kubectl));
    table.measure("the same checked for the first time", Measured::Time(alone + BESIDE), || {
        let runs = (0..RUNS).map(|_| check(tempfile::tempdir().expect("a folder").path()).0);
        Measured::Time(median(runs.collect()))
    });
    let _warm = check(cache.path());
    table.measure("checked again, nothing changed", Measured::Time(Duration::from_millis(150)), || {
        Measured::Time(median((0..RUNS).map(|_| check(cache.path()).0).collect()))
    });
    table.measure("its memory", Measured::Memory(100 * 1024 * 1024), || {
        Measured::Memory((0..RUNS).map(|_| check(cache.path()).1).max().expect("runs"))
    });
}

/// Writes it where it can be looked at: `FLUXDECK_REPOSITORY=FOLDER cargo test --test figures -- --ignored repository`.
#[test]
#[ignore = "it measures nothing"]
fn the_repository_is_written() {
    let root = std::env::var_os("FLUXDECK_REPOSITORY").expect("FLUXDECK_REPOSITORY says where to");
    write(Path::new(&root));
    said(Command::new("git").args(["init", "--quiet"]).current_dir(&root));
}

/// Runs `check`; returns how long it took, and the memory that it had at most, in bytes.
fn check(root: &Path, cache: &Path, kubectl: &Path) -> (Duration, u64) {
    let mut path = kubectl.parent().expect("a folder").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fluxdeck"))
        .args(["check", "-o", "json"])
        .current_dir(root)
        .env("PATH", path)
        .env("XDG_CACHE_HOME", cache)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("fluxdeck runs");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut most = 0;
    let ended = loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib: u64 = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default();
            most = most.max(kib * 1024);
        }
        if let Some(ended) = child.try_wait().expect("its end") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "the repository that was made has errors");
    (began.elapsed(), most)
}

/// Writes the repository, and returns the paths of its Kustomizations.
pub(super) fn write(root: &Path) -> Vec<PathBuf> {
    write_with(root, APPLICATIONS)
}

/// Writes one with so many applications, of ten objects each.
pub(super) fn write_with(root: &Path, applications: usize) -> Vec<PathBuf> {
    let put = |path: &str, text: &str| {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    };
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let mut paths = Vec::new();
    for number in 0..applications {
        let name = format!("app-{number:02}");
        let mut resources = String::new();
        for (file, text) in manifests(&name) {
            writeln!(resources, "  - {file}.yaml").expect("text");
            put(&format!("apps/base/{name}/{file}.yaml"), &text);
        }
        put(
            &format!("apps/base/{name}/kustomization.yaml"),
            &format!("{kustomization}namespace: {name}\nresources:\n{resources}"),
        );
        for env in ENVIRONMENTS {
            put(
                &format!("apps/{env}/{name}/kustomization.yaml"),
                &format!("{kustomization}resources: [../../base/{name}]\npatches:\n  - path: deployment.yaml\n"),
            );
            put(
                &format!("apps/{env}/{name}/deployment.yaml"),
                &format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {name}}}\nspec: {{replicas: 2}}\n"
                ),
            );
        }
    }
    for env in ENVIRONMENTS {
        for group in 0..GROUPS {
            let mut resources = String::new();
            for number in (0..applications).filter(|number| number % GROUPS == group) {
                writeln!(resources, "  - ../../app-{number:02}").expect("text");
            }
            put(
                &format!("apps/{env}/groups/{group}/kustomization.yaml"),
                &format!("{kustomization}resources:\n{resources}"),
            );
            put(
                &format!("clusters/{env}/group-{group}.yaml"),
                &format!(
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: group-{group}\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./apps/{env}/groups/{group}\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n"
                ),
            );
            paths.push(root.join(format!("apps/{env}/groups/{group}")));
        }
    }
    paths
}

/// The manifests of an application, by their files' names.
fn manifests(name: &str) -> Vec<(&'static str, String)> {
    let head = |version: &str, kind: &str| format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n");
    let labels = format!("{{app.kubernetes.io/name: {name}}}");
    vec![
        ("namespace", head("v1", "Namespace")),
        ("serviceaccount", head("v1", "ServiceAccount")),
        ("configmap", head("v1", "ConfigMap") + "data:\n  settings.yaml: |\n    one: 1\n    two: [a, b, c]\n"),
        (
            "deployment",
            head("apps/v1", "Deployment")
                + &format!(
                    "spec:\n  strategy: {{type: Recreate}}\n  selector: {{matchLabels: {labels}}}\n  template:\n    metadata: {{labels: {labels}}}\n    spec:\n      serviceAccountName: {name}\n      containers:\n        - name: app\n          image: registry.example.org/{name}:1.2.3\n          envFrom: [{{configMapRef: {{name: {name}}}}}]\n          ports: [{{name: http, containerPort: 8080}}]\n          resources: {{requests: {{cpu: 10m, memory: 32Mi}}}}\n          volumeMounts: [{{name: data, mountPath: /data}}]\n      volumes: [{{name: data, persistentVolumeClaim: {{claimName: {name}}}}}]\n"
                ),
        ),
        (
            "persistentvolumeclaim",
            head("v1", "PersistentVolumeClaim")
                + "spec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n",
        ),
        (
            "service",
            head("v1", "Service") + &format!("spec:\n  selector: {labels}\n  ports: [{{name: http, port: 80}}]\n"),
        ),
        (
            "ingress",
            head("networking.k8s.io/v1", "Ingress")
                + &format!(
                    "spec:\n  rules:\n    - host: {name}.example.org\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend: {{service: {{name: {name}, port: {{name: http}}}}}}\n"
                ),
        ),
        (
            "networkpolicy",
            head("networking.k8s.io/v1", "NetworkPolicy")
                + "spec:\n  podSelector: {}\n  ingress: [{from: [{podSelector: {}}]}]\n",
        ),
        (
            "poddisruptionbudget",
            head("policy/v1", "PodDisruptionBudget")
                + &format!("spec:\n  maxUnavailable: 1\n  selector: {{matchLabels: {labels}}}\n"),
        ),
        (
            "role",
            head("rbac.authorization.k8s.io/v1", "Role")
                + "rules:\n  - apiGroups: [\"\"]\n    resources: [configmaps]\n    verbs: [get]\n",
        ),
    ]
}
