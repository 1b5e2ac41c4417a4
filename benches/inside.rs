//! What takes time inside the process, without a terminal or a cluster: `cargo bench`. Figures that an operator feels are measured by
//! `tests/testbed/run.sh --figures`.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a benchmark prints, and ends where it cannot measure")]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fluxdeck::kinds;
use fluxdeck::repo::{Loader, template};
use fluxdeck::secret::Secret;
use fluxdeck::sops::{Format, Identities, SopsFile};

/// How long each is repeated.
const REPEAT: Duration = Duration::from_secs(2);

/// Repeats work and prints its best and its middle time; the best is what the machine can, the middle what it does.
fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < REPEAT || times.len() < 5 {
        let started = Instant::now();
        black_box(work());
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let (best, middle) =
        (times.first().copied().unwrap_or_default(), times.get(times.len() / 2).copied().unwrap_or_default());
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:<58} {:>9.3} ms {:>9.3} ms {:>7}", milliseconds(best), milliseconds(middle), times.len());
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").current_dir(folder).args(arguments).status().expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

/// A pod as an API server sends it, in the size that pods have.
fn pod(number: usize) -> Vec<u8> {
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "default", "name": format!("worker-{number:05}"), "uid": format!("uid-{number}"),
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "worker", "pod-template-hash": "5d4f8c7b9"},
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {"f:conditions": {}}}}]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "worker", "image": "registry.example/worker:1.2.3",
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}]},
        "status": {"phase": "Running", "podIP": "10.42.0.17", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "worker", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:03Z"}}}]},
    });
    serde_json::to_vec(&pod).expect("JSON")
}

fn main() {
    println!("{:<58} {:>12} {:>12} {:>7}", "", "best", "middle", "runs");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("homelab");
    template::write_into(&root).expect("the template");
    git(&root, &["init", "--quiet"]);
    git(&root, &["add", "."]);
    let author = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"];
    git(&root, &[&author[..], &["commit", "--quiet", "-m", "a homelab"]].concat());
    measure("the repository found (git asked)", || Loader::open(&root));
    measure("the template's tree listed, for the first frame", || Loader::open(&root).list());
    measure("the template at a glance, for the first links", || Loader::open(&root).glance());
    measure("the template read in full", || Loader::open(&root).load());
    let mut loader = Loader::open(&root);
    loader.load();
    measure("the template read again, nothing changed", || loader.load());

    let pods: Vec<Vec<u8>> = (0..10_000).map(pod).collect();
    let kind = kinds::find("Pod").expect("pods");
    measure("10,000 pods decoded into rows", || {
        pods.iter().filter_map(|bytes| (kind.decode)(bytes).ok()).collect::<Vec<_>>()
    });

    let (name, key) = template::KEYS.first().expect("a throwaway key");
    let secret = root.join(format!("apps/{name}/linkding/linkding-container-env-secret.yaml"));
    let text = std::fs::read_to_string(&secret).expect("an encrypted file of the template");
    let identities = Identities::from_text(&Secret::new(*key)).expect("the throwaway key");
    measure("a secret of the template decrypted and its MAC verified", || {
        SopsFile::parse(Format::Yaml, text.as_str()).expect("a SOPS file").decrypt(&identities).expect("its values")
    });
}
