//! Objects and releases from within, on both environments; nothing is changed.

use serde_json::Value;

use super::support::testbed::{ENVIRONMENTS, Testbed, said};

fn pinned(env: &str) -> &'static str {
    if env == "staging" { "v1.21.2" } else { "v1.21.1" }
}

#[test]
fn the_inspector_shows_a_release_from_its_chart_to_its_manifest() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let version = pinned(env);
        let mut deck = testbed.deck().with(["--env", env, "--open", "HelmRelease/cert-manager/cert-manager"]).open();
        deck.sees(&format!(">HelmRelease/cert-manager/cert-manager  {env}"));
        deck.sees_row(&["chart", &format!("cert-manager {version}")]);
        deck.sees_row(&["= Ready", "True"]);
        deck.sees_row(&["files", "infrastructure/controllers/base/cert-manager/helmrelease.yaml"]);
        deck.press("]");
        deck.sees_row(&["deployed", &format!("cert-manager-{version}")]);
        deck.press("]");
        deck.sees_row(&["crds.enabled", "inline", "true"]);
        deck.sees_row(&["prometheus.enabled", "chart", "true"]);
        deck.press("]");
        deck.sees("kind: CustomResourceDefinition");
        deck.press("<esc>");
        deck.sees(" repository ");
    }
}

#[test]
fn a_kustomization_shows_its_inventory_and_the_object_as_it_is() {
    let testbed = Testbed::find();
    let mut deck = testbed.deck().with(["--env", "production", "--open", "ks/flux-system/apps"]).open();
    deck.sees(">Kustomization/flux-system/apps  production");
    deck.sees_row(&["source", "GitRepository/flux-system/flux-system", "ready"]);
    deck.press("y");
    deck.sees("kind: Kustomization");
    deck.press("6");
    deck.sees_row(&["= linkding/linkding", "1/1"]);
}

#[test]
fn the_headless_twins_say_what_helm_itself_has_stored() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let ask = |arguments: &[&str]| {
            let output = testbed.fluxdeck([arguments, &["--env", env]].concat());
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        };
        let release = "cert-manager/cert-manager";
        let history: Vec<Value> =
            serde_json::from_str(&ask(&["helm", "history", release, "-o", "json"])).expect("JSON");
        assert_eq!(history[0]["status"], "deployed", "{history:?}");
        assert!(history[0]["chart"].as_str().is_some_and(|chart| chart.contains(pinned(env))), "{history:?}");
        // What the manifest declares is what the cluster has.
        let manifest = ask(&["helm", "manifest", release]);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &manifest).expect("the manifest");
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(testbed.kubeconfig()).args(["--context", env, "--namespace", "cert-manager"]);
        let found = said(kubectl.arg("get").arg("--filename").arg(file.path()).args(["--output", "name"]));
        assert!(found.lines().count() >= 5, "{found}");
    }
}

#[test]
fn the_order_of_deployment_comes_from_the_repository() {
    let testbed = Testbed::find();
    let output = testbed.fluxdeck(["order", "-o", "json"]);
    let orders: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    for order in &orders {
        let waves: Vec<Vec<&str>> = order["waves"]
            .as_array()
            .expect("waves")
            .iter()
            .map(|wave| wave.as_array().expect("a wave").iter().map(|name| name.as_str().expect("a name")).collect())
            .collect();
        let at =
            |name| waves.iter().position(|wave| wave.contains(&name)).unwrap_or_else(|| panic!("{name}: {waves:?}"));
        assert!(at("flux-system") < at("infrastructure-controllers"), "{waves:?}");
        assert!(at("infrastructure-controllers") < at("infrastructure-configs"), "{waves:?}");
        assert!(at("infrastructure-configs") < at("apps"), "{waves:?}");
    }
    assert_eq!(orders.len(), 2);
}
