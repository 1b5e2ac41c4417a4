//! Logs of a controller and of a pod, followed in either environment.

use super::support::testbed::{ENVIRONMENTS, Testbed};

/// Reconciles monitoring in both environments, so that its controller has something to say.
#[test]
fn a_controllers_log_is_shown_for_the_object_that_is_selected() {
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let object = "Kustomization/flux-system/monitoring";
        let mut deck = testbed.deck().with(["--env", env, "--open", object]).open();
        deck.sees(&format!(">{object}  {env}"));
        deck.press("l");
        deck.sees(&format!(">{env}  log of kustomize-controller  lines of {object}"));
        deck.sees("following kustomize-controller-");
        let run = testbed.fluxdeck(["reconcile", object, "--env", env, "--confirm", env]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        deck.sees_row(&["info", "Reconciliation finished in", "revision=main@"]);
        let text = deck.text();
        assert!(!text.contains("controllerKind"), "lines are made readable:\n{text}");
        // As the controller wrote them, on request.
        deck.press("o");
        deck.sees("\"msg\":\"");

        let twin = testbed.fluxdeck(["logs", object, "--env", env, "--tail", "200"]);
        let said = String::from_utf8_lossy(&twin.stdout).into_owned();
        assert!(said.contains("Reconciliation finished in"), "{said}");
    }
}

/// Deletes linkding's pod in staging, which its Deployment replaces; adds lines to the log that all pods of an environment share.
#[test]
fn a_pods_log_goes_on_when_the_pod_is_replaced() {
    let testbed = Testbed::find();
    let pods = |env: &str| {
        let names = testbed.kubectl(env, ["--namespace", "linkding", "get", "pods", "--output", "name"]);
        names.trim().trim_start_matches("pod/").to_owned()
    };
    for env in ENVIRONMENTS {
        let pod = pods(env);
        let mut deck = testbed.deck().with(["--env", env, "--open", &format!("Pod/linkding/{pod}")]).open();
        deck.sees(&format!(">Pod/linkding/{pod}  {env}"));
        deck.press("l");
        deck.sees(&format!(">{env}  log of linkding/{pod}"));
        let line = format!("{env} speaks before");
        testbed.pods_say(env, &line);
        deck.sees(&line);
        if env == "staging" {
            testbed.kubectl(env, ["--namespace", "linkding", "delete", "pod", &pod, "--wait=true"]);
            testbed.wait(env, "linkding", "deployment/linkding", "condition=Available");
            let next = pods(env);
            assert_ne!(next, pod);
            let suffix = next.rsplit('-').next().unwrap_or(&next);
            deck.sees_row(&[suffix, &line]);
            let line = format!("{env} speaks after");
            testbed.pods_say(env, &line);
            deck.sees_row(&[suffix, &line]);
        }
    }
}
