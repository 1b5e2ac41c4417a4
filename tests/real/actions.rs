//! What is done to objects: restarted, deleted, followed by all their pods.

use super::support::testbed::{ENVIRONMENTS, Testbed};

/// Restarts linkding in both environments; its annotation stays.
#[test]
fn a_rollout_is_restarted_and_waited_for() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let at = |testbed: &Testbed| {
            let deployment = testbed.get(env, &["deployment", "linkding", "--namespace", "linkding"]);
            deployment.pointer("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt").cloned()
        };
        let before = at(&testbed);
        let run = testbed.fluxdeck(["restart", "Deployment/linkding/linkding", "--env", env, "--confirm", env]);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
        assert!(said.contains("rolled out, 1/1 pods ready"), "{said}");
        assert_ne!(at(&testbed), before, "the template has a new time");
    }
}

/// Deletes a ConfigMap that it makes itself, in staging.
#[test]
fn what_is_deleted_is_gone_once_its_name_was_said() {
    let testbed = Testbed::find();
    testbed.kubectl("staging", ["--namespace", "default", "create", "configmap", "short-lived"]);
    let object = "ConfigMap/default/short-lived";
    let refused = testbed.fluxdeck(["delete", object, "--env", "staging"]);
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    let run = testbed.fluxdeck(["delete", object, "--env", "staging", "--confirm", "short-lived"]);
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success() && said.contains("is deleted"), "{said}{}", String::from_utf8_lossy(&run.stderr));
}

/// Reads the log of nightscout's Deployment, whose pods no other test replaces; adds a line to the log that all pods of an environment share.
#[test]
fn the_log_of_a_workload_is_that_of_its_pods() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let line = format!("{env} speaks of its workload");
        testbed.pods_say(env, &line);
        let run =
            testbed.fluxdeck(["logs", "Deployment/nightscout/nightscout", "--env", env, "--tail", "50", "-o", "json"]);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(
            said.contains(&line) && said.contains("\"pod\":\"nightscout-"),
            "{said}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}
