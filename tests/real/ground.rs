//! The testbed is what the other tests take it for.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::proxy::Link;
use super::support::testbed::{ENVIRONMENTS, Testbed, age_key, said};

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["metadata"]["name"].as_str().expect("a name"))
        .collect()
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

#[test]
fn every_kustomization_is_ready_in_both_environments() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let list = testbed.get(env, &["kustomizations.kustomize.toolkit.fluxcd.io", "--namespace", "flux-system"]);
        assert_eq!(
            names(&list),
            [
                "apps",
                "flux-system",
                "infrastructure-configs",
                "infrastructure-controllers",
                "monitoring",
                "monitoring-dashboards",
                "monitoring-servicemonitors"
            ]
        );
        // Others push meanwhile, and what depends on a new revision waits for it.
        for name in names(&list) {
            testbed.wait(env, "flux-system", &format!("kustomization/{name}"), "condition=Ready");
        }
    }
}

#[test]
fn the_release_is_installed_in_the_version_that_each_environment_pins() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let overlay =
            testbed.repository().join(format!("infrastructure/controllers/{env}/cert-manager/helmrelease.yaml"));
        let overlay = std::fs::read_to_string(overlay).expect("the overlay of cert-manager");
        let pinned = overlay.lines().find_map(|line| line.trim().strip_prefix("version: ")).expect("a pinned version");
        let release = testbed.get(env, &["helmrelease/cert-manager", "--namespace", "cert-manager"]);
        assert!(is_ready(&release), "{env}: {release:#}");
        assert_eq!(release["status"]["history"][0]["chartVersion"], pinned, "{env}");
    }
}

#[test]
fn the_controllers_pods_show_the_controllers_own_lines() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let log = testbed
            .kubectl(env, ["--namespace", "flux-system", "logs", "--selector=app=kustomize-controller", "--tail=-1"]);
        let line: Value = log.lines().rev().find_map(|line| serde_json::from_str(line).ok()).expect("a line in JSON");
        assert_eq!(line["controllerKind"], "Kustomization", "{env}: {line}");
    }
}

#[test]
fn a_pods_log_is_what_the_test_writes() {
    let testbed = Testbed::find();
    testbed.pods_say("staging", "the ground speaks");
    let log = testbed.kubectl("staging", ["--namespace", "linkding", "logs", "deployment/linkding", "--tail=-1"]);
    assert!(log.lines().any(|line| line == "the ground speaks"), "{log}");
}

#[test]
fn a_reader_sees_all_but_secrets() {
    let testbed = Testbed::find();
    let as_reader = |arguments: &[&str]| {
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args([
            "--context",
            "staging",
            "--token",
            "reader-staging",
        ]);
        kubectl.args(arguments).output().expect("kubectl runs")
    };
    assert!(as_reader(&["get", "kustomizations", "--all-namespaces"]).status.success());
    let refused = as_reader(&["get", "secrets", "--all-namespaces"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Forbidden"), "{refused:?}");
}

#[test]
fn a_slow_link_to_a_cluster_is_slow() {
    let testbed = Testbed::find();
    let (_proxy, kubeconfig) = testbed.through("staging", Link::Slow(Duration::from_millis(40)));
    let asked = Instant::now();
    let context = ["--context", "staging"];
    let version = said(
        testbed
            .program("kubectl")
            .arg("--kubeconfig")
            .arg(kubeconfig.path())
            .args(context)
            .args(["get", "--raw", "/version"]),
    );
    assert!(version.contains("gitVersion"), "{version}");
    // TLS 1.3 takes one round trip before the request's own.
    assert!(asked.elapsed() >= Duration::from_millis(160), "{:?}", asked.elapsed());
}

#[test]
fn sops_reads_the_seed_with_the_environments_key_alone() {
    let testbed = Testbed::find();
    for (env, other) in [("staging", "production"), ("production", "staging")] {
        let files = said(
            std::process::Command::new("grep")
                .args(["-rl", "^sops:", "apps", "clusters", "infrastructure"])
                .current_dir(testbed.repository()),
        );
        let file =
            files.lines().find(|file| file.contains(env)).unwrap_or_else(|| panic!("no encrypted file of {env}"));
        let decrypt = |key: &str| {
            let mut sops = testbed.program("sops");
            sops.args(["decrypt", file]).current_dir(testbed.repository()).env("SOPS_AGE_KEY_FILE", age_key(key));
            sops.output().expect("sops runs")
        };
        let plain = decrypt(env);
        assert!(plain.status.success(), "{file}: {}", String::from_utf8_lossy(&plain.stderr));
        assert!(!decrypt(other).status.success(), "{file} opens with the key of {other}");
    }
}
