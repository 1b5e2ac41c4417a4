//! The doctor of an environment with a thousand Flux objects, beside the ten thousand pods that are there by then.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::pods::ENV;
use super::support::testbed::Testbed;
use super::table::{Measured, Table, median};

/// Kustomizations beside those of the template.
const KUSTOMIZATIONS: usize = 970;
const RUNS: usize = 5;

/// Makes the Kustomizations: they wait for one that is not there, and so each is a consequence.
fn fill(testbed: &Testbed) {
    let mut manifests = String::from("{apiVersion: v1, kind: Namespace, metadata: {name: many}}\n");
    for number in 0..KUSTOMIZATIONS {
        let before = number.checked_sub(1).map_or_else(|| "absent".to_owned(), |before| format!("layer-{before:03}"));
        write!(
            manifests,
            "---\n{{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {{name: layer-{number:03}, namespace: many}}, \
             spec: {{interval: 1h, path: ./absent, prune: false, sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}, \
             dependsOn: [{{name: {before}}}]}}}}\n"
        )
        .expect("a text");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), manifests).expect("manifests");
    let path = file.path().to_str().expect("a path");
    testbed.kubectl(ENV, ["apply", "--server-side", "--filename", path]);
    testbed.kubectl(
        ENV,
        ["--namespace", "many", "wait", "kustomizations", "--all", "--for=condition=Ready=False", "--timeout=600s"],
    );
}

/// Measures.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    fill(testbed);
    table.measure("1,000 Flux objects and 10,000 pods: the doctor", Measured::Time(Duration::from_secs(1)), || {
        let examine = || {
            let began = Instant::now();
            let output = testbed.fluxdeck(["doctor", "--env", ENV, "-o", "json"]);
            let took = began.elapsed();
            let roots: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
            assert!(roots.iter().any(|root| root["cause"] == "dependency-missing"), "{roots:#?}");
            took
        };
        Measured::Time(median((0..RUNS).map(|_| examine()).collect()))
    });
}
