//! What Flux would change in an environment of 900 objects: the time, and the number of requests by the API server's own audit. And what a
//! build takes beside kustomize itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::repository::{GROUPS, write_with};
use super::support::testbed::{Testbed, said};
use super::table::{Measured, Table, median};

const ENV: &str = "staging";
/// Applications of ten objects each.
const APPLICATIONS: usize = 90;
const OBJECTS: usize = 900;
const RUNS: usize = 3;
/// Requests beside a read and a dry run for each object: owners and kinds.
const BESIDE: usize = 60;
/// What Flux's own steps and the program's start may take beside kustomize.
const STEPS: Duration = Duration::from_millis(150);

/// Measures.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let paths = write_with(root, APPLICATIONS);
    said(Command::new("git").args(["init", "--quiet"]).current_dir(root));
    let paths: Vec<&PathBuf> = paths.iter().filter(|path| path.starts_with(root.join("apps").join(ENV))).collect();
    let alone = || {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for part in paths.chunks(paths.len().div_ceil(2)) {
                scope.spawn(move || {
                    for path in part {
                        let mut kubectl = testbed.program("kubectl");
                        let status = kubectl.arg("kustomize").arg(path).stdout(Stdio::null()).status();
                        assert!(status.expect("kubectl runs").success(), "{}", path.display());
                    }
                });
            }
        });
        began.elapsed()
    };
    let alone = median((0..RUNS).map(|_| alone()).collect());
    table.floor("an environment of 900 objects built by kustomize", || Measured::Time(alone));
    table.measure("fluxdeck build of it, nothing kept", Measured::Time(alone + STEPS), || {
        let run = || {
            let began = Instant::now();
            let built = run(testbed, root, tempfile::tempdir().expect("a folder").path(), None, &["build"]);
            assert_eq!(built.len(), OBJECTS + GROUPS);
            began.elapsed()
        };
        Measured::Time(median((0..RUNS).map(|_| run()).collect()))
    });
    let cache = tempfile::tempdir().expect("a folder");
    let mut built = run(testbed, root, cache.path(), None, &["build"]);
    built.retain(|object| object["kind"] != "Kustomization");
    apply(testbed, &built);
    let kubeconfig = audited(testbed);
    let diff = || {
        let began = Instant::now();
        let found = run(testbed, root, cache.path(), Some(kubeconfig.path()), &["diff"]);
        // The Kustomizations themselves are not there: they would apply the objects of no source.
        let is_own = |one: &&Value| one["object"].as_str().is_some_and(|name| name.starts_with("Kustomization/"));
        assert_eq!((found.len(), found.iter().filter(is_own).count()), (GROUPS, GROUPS), "{found:?}");
        began.elapsed()
    };
    table.measure("fluxdeck diff of it", Measured::Time(Duration::from_secs(3)), || {
        Measured::Time(median((0..RUNS).map(|_| diff()).collect()))
    });
    table.measure("its requests", Measured::Requests(2 * (OBJECTS + GROUPS) + BESIDE), || {
        let log = testbed.folder(ENV).join("log/audit.log");
        let length = || usize::try_from(std::fs::metadata(&log).map_or(0, |known| known.len())).expect("a length");
        let before = length();
        diff();
        let text = std::fs::read_to_string(&log).expect("the audit log");
        Measured::Requests(text.get(before..).unwrap_or_default().lines().count())
    });
}

fn run(testbed: &Testbed, root: &Path, cache: &Path, kubeconfig: Option<&Path>, arguments: &[&str]) -> Vec<Value> {
    let mut command = testbed.headless(cache);
    command.args(arguments).args(["--env", ENV, "-o", "json"]).current_dir(root).env("XDG_CACHE_HOME", cache);
    command.env("KUBECONFIG", kubeconfig.unwrap_or(&testbed.kubeconfig()));
    let output = command.output().expect("fluxdeck");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Applies objects as kustomize-controller does, their namespaces first.
fn apply(testbed: &Testbed, objects: &[Value]) {
    let (namespaces, others): (Vec<&Value>, Vec<&Value>) =
        objects.iter().partition(|object| object["kind"] == "Namespace");
    for part in [namespaces, others] {
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--context", ENV, "apply", "--server-side"]);
        kubectl.args(["--force-conflicts", "--field-manager=kustomize-controller", "-f", "-"]);
        let mut child = kubectl.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl");
        let items: Vec<Value> = part.into_iter().map(labelled).collect();
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
        child.stdin.take().expect("its input").write_all(list.as_bytes()).expect("objects");
        assert!(child.wait().expect("its end").success());
    }
}

/// Adds the labels of the Kustomization, which the name of the application tells: `app-07` is of `group-2`.
fn labelled(object: &Value) -> Value {
    let mut object = object.clone();
    let name = object["metadata"]["name"].as_str().expect("a name");
    let number: usize = name.rsplit('-').next().and_then(|digits| digits.parse().ok()).expect("a number");
    let labels = &mut object["metadata"]["labels"];
    labels["kustomize.toolkit.fluxcd.io/name"] = format!("group-{}", number % GROUPS).into();
    labels["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system".into();
    object
}

/// Writes the kubeconfig of the user whose requests the API server writes down.
fn audited(testbed: &Testbed) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = std::fs::read_to_string(testbed.kubeconfig()).expect("the kubeconfig");
    std::fs::write(file.path(), text.replace(&format!("token-{ENV}"), &format!("audited-{ENV}"))).expect("a file");
    file
}
