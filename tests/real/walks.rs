//! Guided walks on a real control plane, each followed as an operator follows it: what is wrong is told beside its question, the mend is made by
//! the lines that a step shows (in Git where the work is there), and its end is recognised.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::faults::Ground;
use super::support::testbed::{Testbed, age_key, push, said};

/// The control plane, as its context names it.
const ENV: &str = "faults";

/// From when the mend is made, a walk ends within this time.
const WITHIN: Duration = Duration::from_secs(90);

/// An operator at a shell in the repository.
struct Operator<'a> {
    ground: &'a Ground,
    programs: TempDir,
    home: TempDir,
}

impl<'a> Operator<'a> {
    fn new(ground: &'a Ground) -> Self {
        let programs = tempfile::tempdir().expect("a folder");
        symlink(env!("CARGO_BIN_EXE_fluxdeck"), programs.path().join("fluxdeck")).expect("a link");
        Self { ground, programs, home: tempfile::tempdir().expect("a home folder") }
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = Testbed::find().shell(line);
        let known = command.get_envs().find(|(key, _)| *key == "PATH").and_then(|(_, value)| value).expect("a path");
        let path =
            std::env::join_paths(std::iter::once(self.programs.path().to_owned()).chain(std::env::split_paths(known)));
        command.env("PATH", path.expect("a search path")).env("HOME", self.home.path());
        command.env("KUBECONFIG", self.ground.kubeconfig()).env("SOPS_AGE_KEY_FILE", age_key("staging"));
        command.current_dir(self.ground.checkout());
        command
    }

    /// Types a line that a step shows.
    fn types(&self, line: &str) {
        said(&mut self.shell(line));
    }

    /// Returns the steps of a walk.
    fn steps(&self, walk: &str) -> Vec<Value> {
        let output = self.shell(&format!("fluxdeck walk {walk} --env {ENV} -o json")).output().expect("fluxdeck runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let progress: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
        let steps = progress["steps"].as_array().expect("steps").clone();
        let is_over = steps.iter().all(is_done);
        assert_eq!(output.status.code(), Some(i32::from(!is_over)), "{walk}: {told}{progress:#}");
        steps
    }

    /// Follows a walk until its steps are as wanted.
    fn until(&self, walk: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let steps = self.steps(walk);
            if wanted(&steps) {
                return steps;
            }
            assert!(begun.elapsed() < WITHIN, "{walk}: {:#?}", open(&steps));
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.ground.checkout().join(file), text).expect("a file");
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path: PathBuf = self.ground.checkout().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{file} has {from}");
        std::fs::write(path, text.replace(from, to)).expect("a file");
    }
}

fn is_done(step: &Value) -> bool {
    step["check"]["state"] == "done"
}

/// Returns the titles of the steps that are known not to be done, each with what is still wrong.
fn open(steps: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let open = steps.iter().filter(|step| step["check"]["state"] == "not-yet");
    open.map(|step| {
        assert!(text(&step["question"]).ends_with('?'), "{step:#}");
        (text(&step["title"]), text(&step["check"]["told"]))
    })
    .collect()
}

/// Asserts that a step is not done, and that this is said of it.
fn lacks(steps: &[Value], title: &str, told: &str) {
    let open = open(steps);
    assert!(open.iter().any(|(known, said)| known == title && said.contains(told)), "{title}: {told}: {open:#?}");
}

/// Returns the line of a step that begins with some words.
fn line(steps: &[Value], title: &str, begins: &str) -> String {
    let step = steps.iter().find(|step| step["title"] == title).unwrap_or_else(|| panic!("{title}: {steps:#?}"));
    let lines = step["lines"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let found = lines.clone().find(|line| line.starts_with(begins));
    found.unwrap_or_else(|| panic!("{title}: {begins}: {:#?}", lines.collect::<Vec<_>>())).to_owned()
}

/// Goes three walks on the control plane of the faults; it mends what it is about there.
pub(super) fn three(ground: &Ground) {
    let operator = Operator::new(ground);
    // The bench has one more that waits for a key: the walk is about all of them.
    ground.kubectl(&["--namespace", "bench-sops-entry-name", "delete", "kustomization/app", "--timeout=60s"]);
    failed_reconcile(&operator);
    decryption_key(&operator);
    stuck_release(&operator);
}

/// Mends Kustomization broken, whose kustomization.yaml names a file that is not there.
fn failed_reconcile(operator: &Operator<'_>) {
    let walk = "failed-reconcile Kustomization/flux-system/broken";
    let steps = operator.steps(walk);
    lacks(&steps, "Build it", "absent.yaml");
    let end = "Mend the cause, push, and reconcile";
    lacks(&steps, end, "Kustomization/flux-system/broken is failed");
    operator.write(
        "missing-file/absent.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: present\n  namespace: faults\n",
    );
    push(operator.ground.checkout(), "fix: the file that was missing");
    operator.types(&line(&steps, end, "flux reconcile kustomization broken"));
    operator.until(walk, |steps| steps.iter().all(is_done));
}

/// Gives the cluster its key by the line of the step: Kustomization keyless lacks it, Kustomization locked has the key of another.
fn decryption_key(operator: &Operator<'_>) {
    let walk = "decryption-key";
    let (known, give, end) =
        ("Know whose files they are", "Give the cluster its age key", "Reconcile what waited for the key");
    let steps = operator.steps(walk);
    lacks(&steps, known, "no .sops.yaml names a recipient");
    lacks(&steps, give, "Secret/flux-system/sops-age is not there");
    lacks(&steps, end, "secrets \"sops-age\" not found");
    let key = std::fs::read_to_string(age_key("staging")).expect("a key");
    let recipient = key.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("its public half");
    operator.write(
        "clusters/faults/.sops.yaml",
        &format!("creation_rules:\n  - path_regex: \\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"),
    );
    // An only environment is protected: the operator says its name.
    let give = line(&steps, give, "fluxdeck secret age-key --create");
    operator.types(&format!("{give} --confirm {ENV}"));
    operator.types(&line(&steps, end, "flux reconcile kustomization keyless"));
    // The key came into the Secret of the other, too, which tries again by itself.
    operator.until(walk, |steps| steps.iter().all(is_done));
}

/// Mends HelmRelease exhausted, whose chart makes an object of a kind that does not exist.
fn stuck_release(operator: &Operator<'_>) {
    let walk = "stuck-release HelmRelease/flux-system/exhausted";
    let end = "See it become ready";
    let steps = operator.steps(walk);
    lacks(&steps, "Mend the cause", "Nowhere");
    lacks(&steps, end, "HelmRelease/flux-system/exhausted is failed");
    operator.write(
        "charts/broken/templates/object.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n",
    );
    operator.replace("charts/broken/Chart.yaml", "version: 1.0.0", "version: 1.0.1");
    push(operator.ground.checkout(), "fix: a kind that there is");
    operator.types(&line(&steps, end, "flux reconcile helmrelease exhausted"));
    operator.until(walk, |steps| steps.iter().all(is_done));
}
