//! The bench of the doctor: every fault below `tests/testbed/bench`, and those of `tests/testbed/faults`, made for real on the control plane of
//! the faults; the doctor must name each as a root, and nothing else.
//!
//! A fault is a file. Its first document says what is expected and how a kubelet would write its pods; the others are applied as they are:
//!
//! ```yaml
//! # A name that a controller makes up ends in `*` from there on.
//! expect: [{cause: image-pull, object: Deployment/bench-image/web}]
//! # What no component of the testbed writes: merged into the status of the objects that kubectl finds.
//! status: [{find: [pod, --selector=app=web], patch: {phase: Pending, containerStatuses: [...]}}]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::faults::Ground;

/// So long the doctor may take to see a fault, from when it was made: controllers try for a while before they say that they failed, and what may
/// be on its way is given two minutes.
const WITHIN: Duration = Duration::from_secs(240);

/// The roots of the faults that are on the ground before, in `tests/testbed/faults`.
const BEFORE: &[(&str, &str)] = &[
    ("build-failed", "Kustomization/flux-system/broken"),
    ("chart-repository-unreachable", "HelmRepository/flux-system/nowhere"),
    ("chart-version-not-found", "HelmRelease/flux-system/stale"),
    ("immutable-field", "Deployment/faults/frozen"),
    ("node-not-ready", "Node//faults-lost"),
    ("node-selector", "Deployment/faults/waits"),
    ("quota-exceeded-at-apply", "ResourceQuota/tight/full"),
    ("release-crd-missing", "HelmRelease/flux-system/exhausted"),
    ("sops-age-missing", "Secret/flux-system/sops-age"),
    ("sops-key-wrong", "Kustomization/flux-system/locked"),
];

struct Fault {
    name: String,
    expect: Vec<(String, String)>,
    status: Vec<(Vec<String>, Value)>,
    manifests: String,
}

/// Tells whether a root is the expected one.
fn is_it(expected: &(String, String), root: &(String, String)) -> bool {
    let is_object = match expected.1.strip_suffix('*') {
        Some(begin) => root.1.starts_with(begin),
        None => root.1 == expected.1,
    };
    expected.0 == root.0 && is_object
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn faults() -> Vec<Fault> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/bench");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the bench").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let whole = std::fs::read_to_string(path).expect("a text");
        let (head, manifests) = whole.split_once("\n---\n").expect("a head and manifests");
        let head: Value = fluxdeck::yaml::documents_as(head).expect("YAML").remove(0);
        let list = |key: &str| head[key].as_array().cloned().unwrap_or_default();
        Fault {
            name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            expect: list("expect").iter().map(|one| (text(&one["cause"]), text(&one["object"]))).collect(),
            status: list("status")
                .iter()
                .map(|one| (one["find"].as_array().expect("words").iter().map(text).collect(), one["patch"].clone()))
                .collect(),
            manifests: manifests.to_owned(),
        }
    };
    files.iter().map(read).collect()
}

/// Asks the doctor; returns its roots, each as cause and object, and how long it took.
fn roots(ground: &Ground) -> (BTreeSet<(String, String)>, Duration) {
    let begun = Instant::now();
    let mut fluxdeck = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    fluxdeck.arg("--kubeconfig").arg(ground.kubeconfig()).args(["doctor", "-o", "json"]);
    let output = fluxdeck.current_dir(ground.checkout()).output().expect("fluxdeck");
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(output.status.code(), Some(i32::from(!found.is_empty())), "{said}");
    for one in &found {
        assert!(one["evidence"].as_array().is_some_and(|all| !all.is_empty()), "{one}");
    }
    (found.iter().map(|one| (text(&one["cause"]), text(&one["object"]))).collect(), took)
}

/// Makes every fault, asks until each is named or its time is over, and prints the table.
pub(super) fn bench(ground: &Ground) {
    let faults = faults();
    for fault in &faults {
        let namespace = format!("bench-{}", fault.name);
        ground.kubectl(&["create", "namespace", &namespace]);
        ground.apply_in(&namespace, &fault.manifests);
    }
    for fault in &faults {
        for (find, patch) in &fault.status {
            ground.write_status(&format!("bench-{}", fault.name), find, patch);
        }
    }
    let mut open: BTreeMap<(String, String), String> = BEFORE
        .iter()
        .map(|(cause, object)| (((*cause).to_owned(), (*object).to_owned()), "of the ground".to_owned()))
        .chain(faults.iter().flat_map(|fault| fault.expect.iter().map(|one| (one.clone(), fault.name.clone()))))
        .collect();
    let expected: BTreeSet<(String, String)> = open.keys().cloned().collect();
    let begun = Instant::now();
    let (mut table, mut others, mut slowest) = (Vec::new(), BTreeSet::new(), Duration::ZERO);
    while begun.elapsed() < WITHIN {
        let (found, took) = roots(ground);
        slowest = slowest.max(took);
        for one in &found {
            let known = open.keys().find(|expected| is_it(expected, one)).cloned();
            if let Some(name) = known.and_then(|known| open.remove(&known)) {
                table.push(format!("{name:<28} {:<28} {:<56} {:>5.1} s", one.0, one.1, begun.elapsed().as_secs_f64()));
            }
        }
        others = found.iter().filter(|one| !expected.iter().any(|known| is_it(known, one))).cloned().collect();
        if open.is_empty() && others.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    println!("{}", table.join("\n"));
    println!(
        "{} of {} found as root; {} others; the slowest examination took {slowest:?}",
        table.len(),
        expected.len(),
        others.len()
    );
    assert!(open.is_empty() && others.is_empty(), "missed: {open:#?}\nothers: {others:#?}");
}
