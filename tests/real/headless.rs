//! The headless twins on both environments.

use serde_json::Value;

use super::support::pty::is_live;
use super::support::testbed::{ENVIRONMENTS, Testbed};

fn lines(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn status_lists_every_object_of_both_environments() {
    let testbed = Testbed::find();
    let output = testbed.fluxdeck(["status", "--output", "json"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    for env in ENVIRONMENTS {
        let row = rows
            .iter()
            .find(|row| row["env"] == env && row["kind"] == "Kustomization" && row["name"] == "flux-system")
            .unwrap_or_else(|| panic!("{env}: {rows:?}"));
        let fields: Vec<&str> = row.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            ["env", "kind", "namespace", "name", "ready", "state", "revision", "message", "suspended", "since", "next"]
        );
        assert_eq!(row["ready"], true);
        assert_eq!(row["state"], "ready");
        assert!(row["revision"].as_str().is_some_and(|revision| revision.starts_with("main@sha1:")));
        for time in ["since", "next"] {
            assert!(row[time].as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()), "{time}: {row}");
        }
        assert!(rows.iter().any(|row| row["env"] == env && row["kind"] == "HelmRelease"), "{env}");
    }
    let known = testbed.fluxdeck(["envs", "-o", "json"]);
    let known: Vec<Value> = serde_json::from_slice(&known.stdout).expect("JSON");
    assert_eq!(known.iter().map(|env| &env["env"]).collect::<Vec<_>>(), ["staging", "production"]);
    assert_eq!(known.iter().map(|env| &env["protected"]).collect::<Vec<_>>(), [false, true]);
    assert!(known.iter().all(|env| env["recipients"].as_array().is_some_and(|all| all.len() == 1)), "{known:?}");
}

/// Suspends, reconciles and resumes the release of cert-manager in both environments.
#[test]
fn the_writes_tell_their_steps_and_their_outcome() {
    const RELEASE: &str = "HelmRelease/cert-manager/cert-manager";
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let call = |arguments: &[&str]| {
            let confirmed: &[&str] = if env == "production" { &["--confirm", env] } else { &[] };
            testbed.fluxdeck([arguments, &["--env", env, "-o", "json"], confirmed].concat())
        };
        let suspended = call(&["suspend", RELEASE, "--reason", "a headless test"]);
        assert_eq!(suspended.status.code(), Some(0), "{}", String::from_utf8_lossy(&suspended.stderr));
        let object = testbed.get(env, &["helmrelease/cert-manager", "--namespace", "cert-manager"]);
        assert_eq!(object["metadata"]["annotations"]["fluxdeck.dev/suspend-reason"], "a headless test");
        let status = testbed.fluxdeck(["status", "--strict", "--env", env]);
        assert_eq!(status.status.code(), Some(1), "a suspended object is not ready where one is strict");

        let refused = call(&["reconcile", RELEASE]);
        assert_eq!(refused.status.code(), Some(1), "a suspended object is not reconciled");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("suspended"), "{said}");

        let resumed = call(&["resume", RELEASE]);
        assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
        let steps = lines(&resumed.stdout);
        assert!(steps.iter().all(|step| step["env"] == env && step["object"] == RELEASE), "{steps:?}");
        let last = steps.last().expect("an outcome");
        assert_eq!((&last["step"], &last["state"]), (&"outcome".into(), &"done".into()), "{steps:?}");

        let reconciled = call(&["reconcile", RELEASE, "--with-source"]);
        assert_eq!(reconciled.status.code(), Some(0), "{}", String::from_utf8_lossy(&reconciled.stderr));
        let object = testbed.get(env, &["helmrelease/cert-manager", "--namespace", "cert-manager"]);
        assert_eq!(
            object["status"]["lastHandledReconcileAt"],
            object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
        );
    }
}

/// Asks for an object that is not there.
#[test]
fn what_is_not_there_is_said() {
    let testbed = Testbed::find();
    let output = testbed.fluxdeck(["reconcile", "Kustomization/flux-system/nothing", "--env", "staging"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("nothing") && said.contains("not found") || said.contains("no such"), "{said}");
}

#[test]
fn a_snapshot_of_the_real_clusters_is_drawn_once_both_are_there() {
    let testbed = Testbed::find();
    let output = testbed.fluxdeck(["snapshot", "--size", "120x36"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && is_live(&text, "staging") && is_live(&text, "production"), "{text}");
    assert!(!text.contains("DEMO"), "{text}");
}
