//! Every scenario settles in the promised state, and stays so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{get, kustomization, patch, ready, request, start, until};
use crate::sim::flux::conditions;
use crate::sim::json::{list, text};
use crate::sim::{Commit, Remote};

const RELEASE: &str = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/monitoring/helmreleases/kube-prometheus-stack";
const KUSTOMIZATIONS: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
/// A time in which every failure is retried.
const WHILE: Duration = Duration::from_secs(110);

const GIT: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system";
const CONTROLLERS: &str = "infrastructure-controllers";
const CONFIGS: &str = "infrastructure-configs";

/// The Kustomizations of production that are not ready: name, reason, and a part of the message.
type Promise = &'static [(&'static str, &'static str, &'static str)];

const PROMISES: &[(&str, Promise)] = &[
    ("healthy", &[]),
    ("drift", &[]),
    (
        "no-key",
        &[
            (CONTROLLERS, "BuildFailed", "secrets \"sops-age\" not found"),
            ("monitoring", "BuildFailed", "secrets \"sops-age\" not found"),
            (CONFIGS, "DependencyNotReady", "dependency 'flux-system/infrastructure-controllers' is not ready"),
            ("apps", "DependencyNotReady", "dependency 'flux-system/infrastructure-configs' is not ready"),
            ("monitoring-dashboards", "DependencyNotReady", "'flux-system/monitoring' is not ready"),
        ],
    ),
    (
        "broken-chain",
        &[
            (CONTROLLERS, "ArtifactFailed", "/infrastructure/controller/production: no such file or directory"),
            (CONFIGS, "DependencyNotReady", "dependency 'flux-system/infrastructure-controllers' is not ready"),
            ("apps", "DependencyNotReady", "dependency 'flux-system/infrastructure-configs' is not ready"),
        ],
    ),
    (
        "helm-exhausted",
        &[
            (
                "monitoring",
                "HealthCheckFailed",
                "failed early due to stalled resources: [HelmRelease/monitoring/kube-prometheus-stack status: 'Failed']",
            ),
            ("monitoring-dashboards", "DependencyNotReady", "dependency 'flux-system/monitoring' is not ready"),
            ("monitoring-servicemonitors", "DependencyNotReady", "dependency 'flux-system/monitoring' is not ready"),
        ],
    ),
    ("image-pull", &[("apps", "HealthCheckFailed", "[Deployment/linkding/linkding status: '")]),
    (
        "certificate",
        &[
            (
                CONFIGS,
                "HealthCheckFailed",
                "timeout waiting for: [Certificate/kube-system/wildcard status: 'InProgress']",
            ),
            ("apps", "DependencyNotReady", "dependency 'flux-system/infrastructure-configs' is not ready"),
        ],
    ),
    ("crash-loop", &[("apps", "HealthCheckFailed", "Deployment/linkding/linkding status: '")]),
    ("node-down", &[("apps", "HealthCheckFailed", "Deployment/linkding/linkding status: '")]),
];

async fn keeps(cluster: &crate::cluster::Cluster, scenario: &str, promise: Promise) {
    for object in list(&get(cluster, KUSTOMIZATIONS).await, "/items") {
        let name = text(object, "/metadata/name");
        let (status, reason, message) = ready(object);
        match promise.iter().find(|(promised, ..)| *promised == name) {
            Some((_, wanted, part)) => {
                assert_eq!((status.as_str(), reason.as_str()), ("False", *wanted), "{scenario}: {name}: {message}");
                assert!(message.contains(part), "{scenario}: {name}: {message}");
            }
            None if reason == "DependencyNotReady" => {}
            None => assert_eq!(status, "True", "{scenario}: {name}: {reason} {message}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_scenario_is_as_it_promises_and_comes_to_rest_so() {
    for (scenario, promise) in PROMISES {
        let (_simulation, staging, production) = start(scenario);
        keeps(&staging, scenario, &[]).await;
        keeps(&production, scenario, promise).await;
        tokio::time::sleep(WHILE).await;
        // Retries in progress come to their end.
        while list(&get(&production, KUSTOMIZATIONS).await, "/items").iter().any(|one| ready(one).0 == "Unknown") {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        keeps(&staging, scenario, &[]).await;
        keeps(&production, scenario, promise).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_release_tells_its_true_cause_and_a_reset_begins_again() {
    let (_simulation, _, production) = start("helm-exhausted");
    let object = get(&production, RELEASE).await;
    let condition = |object: &Value, kind: &str| {
        let one = conditions::get(object, kind).cloned().unwrap_or_default();
        format!("{} {}: {}", text(&one, "/status"), text(&one, "/reason"), text(&one, "/message"))
    };
    assert_eq!(condition(&object, "Stalled"), "True RetriesExceeded: Failed to upgrade after 4 attempt(s)");
    assert!(condition(&object, "Ready").starts_with("False RollbackSucceeded: Helm rollback to previous release"));
    assert_eq!(
        condition(&object, "Released"),
        "False UpgradeFailed: Helm upgrade failed for release monitoring/kube-prometheus-stack with chart kube-prometheus-stack@86.2.0: context deadline exceeded"
    );
    assert_eq!(text(&object, "/status/history/0/chartVersion"), "86.0.0");
    let asked = serde_json::json!({"reconcile.fluxcd.io/requestedAt": "again", "reconcile.fluxcd.io/resetAt": "again"});
    patch(&production, RELEASE, &serde_json::json!({"metadata": {"annotations": asked}})).await;
    until(&production, RELEASE, |object| object["status"]["upgradeFailures"] == 1).await;
    let stalled = until(&production, RELEASE, |object| conditions::is(object, "Stalled", "True")).await;
    assert_eq!(text(&stalled, "/status/lastHandledResetAt"), "again");
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_image_is_not_there_says_so_in_its_status_and_events() {
    let (_simulation, _, production) = start("image-pull");
    let pods = get(&production, "/api/v1/namespaces/linkding/pods").await;
    let pod = &list(&pods, "/items")[0];
    assert_eq!(text(pod, "/status/phase"), "Pending");
    assert_eq!(text(pod, "/status/containerStatuses/0/state/waiting/reason"), "ImagePullBackOff");
    assert!(text(pod, "/status/containerStatuses/0/state/waiting/message").ends_with("linkding:1.45.9: not found"));
    let name = text(pod, "/metadata/name");
    let path = format!("/api/v1/namespaces/linkding/events?fieldSelector=involvedObject.name%3D{name}");
    let events = get(&production, &path).await;
    let reasons: Vec<&str> = list(&events, "/items").iter().map(|event| text(event, "/reason")).collect();
    assert!(["Scheduled", "Pulling", "Failed", "BackOff"].iter().all(|one| reasons.contains(one)), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_ends_again_and_again_says_how_it_ended_last() {
    let (_simulation, _, production) = start("crash-loop");
    let pods = get(&production, "/api/v1/namespaces/linkding/pods").await;
    let pod = &list(&pods, "/items")[0];
    let row = (crate::kinds::POD.decode)(pod.to_string().as_bytes()).unwrap();
    let seen = row.cell(1, text(pod, "/status/containerStatuses/0/lastState/terminated/finishedAt").parse().unwrap());
    assert_eq!((row.state, &*seen), (crate::model::State::Failed, "CrashLoopBackOff (exit 137, OOMKilled, <1m ago)"));
    let restarts = |pod: &serde_json::Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap();
    let path = format!("/api/v1/namespaces/linkding/pods/{}", text(pod, "/metadata/name"));
    let before = restarts(pod);
    until(&production, &path, |pod| restarts(pod) > before).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_by_hand_stays_until_the_next_run() {
    let (_simulation, _, production) = start("drift");
    let homepage = "/apis/apps/v1/namespaces/homepage/deployments/homepage";
    assert_eq!(get(&production, homepage).await["spec"]["replicas"], 2);
    request(&production, &kustomization("apps"), "now").await;
    until(&production, homepage, |object| object["spec"]["replicas"] == 1 && object["status"]["replicas"] == 1).await;
    let path = "/api/v1/namespaces/cert-manager/events?fieldSelector=involvedObject.kind%3DHelmRelease";
    let events = get(&production, path).await;
    let drift = list(&events, "/items").iter().find(|event| text(event, "/reason") == "DriftDetected").unwrap();
    assert!(
        text(drift, "/message")
            .ends_with("Deployment/cert-manager/cert-manager changed (0 additions, 1 changes, 0 removals)")
    );
}

#[tokio::test(start_paused = true)]
async fn the_logs_of_the_controllers_are_in_the_order_of_their_times() {
    let (_simulation, _, production) = start("helm-exhausted");
    for controller in ["kustomize-controller", "helm-controller", "source-controller"] {
        let path = format!("/api/v1/namespaces/flux-system/pods?labelSelector=app%3D{controller}");
        let pods = get(&production, &path).await;
        let pod = text(&pods, "/items/0/metadata/name");
        let path = format!("/api/v1/namespaces/flux-system/pods/{pod}/log");
        let log = production.client().request_text(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
        let times: Vec<String> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|line| text(&line, "/ts").to_owned())
            .collect();
        assert!(times.len() > 3, "{controller}");
        assert!(times.is_sorted(), "{controller}: {times:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_takes_the_fault_back_mends_the_cluster() {
    let (simulation, _, production) = start("broken-chain");
    let sha = "1".repeat(40);
    let commit =
        Commit { branch: "main".to_owned(), sha, subject: "mend".to_owned(), mended: true, ..Commit::default() };
    simulation.follow(&(Arc::new(move || Some(commit.clone())) as Remote));
    request(&production, GIT, "now").await;
    for name in [CONTROLLERS, CONFIGS, "apps"] {
        until(&production, &kustomization(name), |object| ready(object).0 == "True").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_commit_changes_in_a_rendering_needs_kustomize_and_is_told_so() {
    let (simulation, staging, _) = start("healthy");
    let commit = Commit {
        branch: "main".to_owned(),
        sha: "1".repeat(40),
        subject: "apps: another colour".to_owned(),
        changed: vec!["README.md".to_owned(), "apps/base/homepage/configmap.yaml".to_owned()],
        ..Commit::default()
    };
    simulation.push(&commit);
    request(&staging, GIT, "now").await;
    for (name, told) in [("apps", true), ("monitoring", false)] {
        until(&staging, &kustomization(name), |object| {
            text(object, "/status/lastAppliedRevision") == commit.revision() && ready(object).0 == "True"
        })
        .await;
        let path = format!("/api/v1/namespaces/flux-system/events?fieldSelector=involvedObject.name%3D{name}");
        let events = get(&staging, &path).await;
        let found = list(&events, "/items").iter().find(|event| text(event, "/reason") == "KustomizeNeeded");
        assert_eq!(found.is_some(), told, "{name}");
        if let Some(event) = found {
            assert!(text(event, "/message").contains("apps/base/homepage/configmap.yaml:"), "{event}");
        }
    }
}
