//! Any object of a cluster: what is served, namespaces, descriptions beside kubectl's own, trees and traces.

use serde_json::Value;

use super::support::testbed::{ENVIRONMENTS, Testbed, said};

fn json(output: &std::process::Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn any_kind_is_listed_as_kubectl_lists_it() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        for kind in ["deployments", "certificates", "clusterissuers.cert-manager.io", "ns", "helmcharts"] {
            let ours = json(&testbed.fluxdeck(["--env", env, "get", kind, "-o", "json"]));
            let mut kubectl = testbed.program("kubectl");
            kubectl.arg("--kubeconfig").arg(testbed.kubeconfig());
            let theirs = said(kubectl.args(["--context", env, "get", kind, "--all-namespaces", "-o", "json"]));
            let theirs: Value = serde_json::from_str(&theirs).expect("JSON");
            let names = |list: &Value, name: &str| -> Vec<String> {
                let mut names: Vec<String> =
                    list.as_array().expect("a list").iter().map(|one| one.pointer(name).unwrap().to_string()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&ours, "/name"), names(&theirs["items"], "/metadata/name"), "{kind} in {env}");
        }
    }
}

/// Every label that kubectl prints at the left edge is in ours.
#[test]
fn descriptions_have_the_sections_that_kubectl_prints() {
    let testbed = Testbed::find();
    for (object, words) in [
        ("Deployment/linkding/linkding", ["deployment", "linkding", "linkding"]),
        ("Service/linkding/linkding", ["service", "linkding", "linkding"]),
        ("Namespace//linkding", ["namespace", "linkding", "default"]),
        ("Secret/linkding/linkding-container-env", ["secret", "linkding-container-env", "linkding"]),
    ] {
        let ours = testbed.fluxdeck(["--env", "staging", "describe", object]);
        let ours = String::from_utf8(ours.stdout).expect("text");
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(testbed.kubeconfig());
        let [kind, name, namespace] = words;
        let theirs = said(kubectl.args(["--context", "staging", "describe", kind, name, "-n", namespace]));
        let label = |line: &str| line.split_once(':').map(|(label, _)| label.to_owned());
        for wanted in theirs.lines().filter(|line| !line.starts_with([' ', '=', '-'])).filter_map(label) {
            // Revisions of a rollout and quotas are objects of their own here.
            if ["OldReplicaSets", "NewReplicaSet", "Endpoints"].contains(&wanted.as_str()) {
                continue;
            }
            assert!(ours.lines().any(|line| line.starts_with(&wanted)), "{object} lacks {wanted}:\n{ours}");
        }
        assert!(!ours.contains("linkding-admin"), "no value of a Secret is shown");
    }
}

#[test]
fn a_tree_goes_down_to_the_pods_and_a_trace_up_to_the_commit() {
    fn kinds(node: &Value, found: &mut Vec<String>) {
        found.push(node["object"].as_str().expect("an object").to_owned());
        node["children"].as_array().expect("children").iter().for_each(|child| kinds(child, found));
    }
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let tree = json(&testbed.fluxdeck(["--env", env, "tree", "Kustomization/flux-system/apps", "-o", "json"]));
        let mut all = Vec::new();
        kinds(&tree, &mut all);
        // No other test replaces its pods.
        let pod = all.iter().find(|object| object.starts_with("Pod/nightscout/")).unwrap_or_else(|| panic!("{all:?}"));
        assert!(all.iter().any(|object| object.starts_with("ReplicaSet/nightscout/")), "{all:?}");
        let trace = json(&testbed.fluxdeck(["--env", env, "trace", pod, "-o", "json"]));
        let chain: Vec<&str> =
            trace["chain"].as_array().expect("a chain").iter().filter_map(|node| node["object"].as_str()).collect();
        let steps: Vec<&str> = chain.iter().map(|object| object.split(['.', '/']).next().unwrap_or_default()).collect();
        assert_eq!(steps, ["Pod", "ReplicaSet", "Deployment", "Kustomization", "GitRepository"], "{chain:?}");
        assert!(trace["revision"].as_str().is_some_and(|revision| revision.starts_with("main@sha1:")), "{trace}");
    }
}

#[test]
fn kinds_and_namespaces_are_browsed_by_key() {
    let testbed = Testbed::find();
    let mut deck = testbed.deck().open();
    deck.lives(&["staging", "production"]);
    deck.press("2K");
    deck.sees_row(&["ConfigMap", "configmaps cm"]);
    deck.press("/certificates");
    deck.press("<enter>");
    deck.sees_row(&[">", "Certificate"]);
    deck.press("<enter>");
    deck.sees("certificates.cert-manager.io");
    deck.press("<esc>");
    deck.press("<esc>");
    deck.press("i");
    deck.press("/linkding");
    deck.press("<enter>");
    deck.sees_row(&[">", "linkding", "Active"]);
    deck.press("<enter>");
    deck.sees("Deployment 1");
    deck.sees("linkding-container-env");
}
