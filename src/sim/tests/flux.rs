//! The changes of Flux' objects.

use std::time::Duration;

use serde_json::{Value, json};

use super::{get, kustomization, kustomization_ref, patch, ready, request, start, until};
use crate::model::{Minor, ObjectRef};
use crate::sim::Commit;
use crate::sim::flux::conditions;
use crate::sim::helm_storage::decode;
use crate::sim::json::{list, text};

const GIT: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system";
const RELEASE: &str = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/cert-manager/helmreleases/cert-manager";

#[tokio::test(start_paused = true)]
async fn which_flux_a_cluster_runs_is_read_off_its_controllers() {
    let (_simulation, staging, _) = start("healthy");
    assert_eq!(staging.flux_version().await.unwrap(), Some(Minor(2, 7)));
    // The query returns only these: other Deployments of the cluster are not among them.
    let labelled = staging.objects_labelled("apps", "Deployment", "", "app.kubernetes.io/part-of=flux").await.unwrap();
    let all = staging.objects("apps", "Deployment", "").await.unwrap();
    assert!(!labelled.is_empty() && labelled.len() < all.len(), "{} of {}", labelled.len(), all.len());
    assert!(labelled.iter().all(|one| text(one, "/metadata/namespace") == "flux-system"));
}

fn handled(token: &'static str) -> impl Fn(&Value) -> bool {
    move |object| text(object, "/status/lastHandledReconcileAt") == token
}

#[tokio::test(start_paused = true)]
async fn the_day_begins_as_its_scenario_says() {
    let (_simulation, staging, production) = start("day");
    for (cluster, expected) in [
        (&staging, ["True ReconciliationSucceeded"; 5]),
        (
            &production,
            [
                "True ReconciliationSucceeded",
                "True ReconciliationSucceeded",
                "False HealthCheckFailed",
                "False DependencyNotReady",
                "True ReconciliationSucceeded",
            ],
        ),
    ] {
        for (name, expected) in
            ["flux-system", "infrastructure-controllers", "infrastructure-configs", "apps", "monitoring"]
                .iter()
                .zip(expected)
        {
            let (status, reason, message) = ready(&get(cluster, &kustomization(name)).await);
            assert_eq!(format!("{status} {reason}"), expected, "{name}: {message}");
        }
    }
    let apps = get(&production, &kustomization("apps")).await;
    assert_eq!(ready(&apps).2, "dependency 'flux-system/infrastructure-configs' is not ready");
    assert_ne!(
        apps["status"]["lastAppliedRevision"],
        get(&staging, &kustomization("apps")).await["status"]["lastAppliedRevision"]
    );
    let monitoring = get(&production, &kustomization("monitoring")).await;
    assert_eq!(monitoring["spec"]["suspend"], true);
    let by = list(&monitoring, "/metadata/managedFields")
        .iter()
        .find(|entry| entry["fieldsV1"]["f:spec"].get("f:suspend").is_some())
        .unwrap();
    assert_eq!((text(by, "/manager"), text(by, "/time")), ("flux-client-side-apply", "2026-11-21T18:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_progress_first_and_handled_with_the_outcome() {
    let (_simulation, staging, _) = start("healthy");
    let before =
        get(&staging, &kustomization("apps")).await["status"]["history"][0]["totalReconciliations"].as_i64().unwrap();
    request(&staging, &kustomization("apps"), "token-1").await;
    let running = until(&staging, &kustomization("apps"), |object| conditions::is(object, "Reconciling", "True")).await;
    assert_eq!(
        ready(&running),
        ("Unknown".to_owned(), "Progressing".to_owned(), "Reconciliation in progress".to_owned())
    );
    assert_ne!(text(&running, "/status/lastHandledReconcileAt"), "token-1");
    // A request during the run waits behind it.
    request(&staging, &kustomization("apps"), "token-2").await;
    until(&staging, &kustomization("apps"), handled("token-1")).await;
    let second = until(&staging, &kustomization("apps"), handled("token-2")).await;
    assert_eq!(ready(&second).1, "ReconciliationSucceeded");
    assert_eq!(list(&second, "/status/history")[0]["totalReconciliations"], before + 2);
    let events = get(&staging, "/api/v1/namespaces/flux-system/events?fieldSelector=involvedObject.name%3Dapps").await;
    assert!(
        list(&events, "/items")
            .iter()
            .any(|event| text(event, "/message").starts_with("Reconciliation finished in 1."))
    );
    let pods = get(&staging, "/api/v1/namespaces/flux-system/pods?labelSelector=app%3Dkustomize-controller").await;
    let pod = text(&pods, "/items/0/metadata/name");
    let path = format!("/api/v1/namespaces/flux-system/pods/{pod}/log?tailLines=1");
    let log = staging.client().request_text(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    let line: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["Kustomization"], json!({"name": "apps", "namespace": "flux-system"}));
}

#[tokio::test(start_paused = true)]
async fn a_commit_travels_from_the_source_along_the_dependencies() {
    let (simulation, staging, _) = start("healthy");
    let commit = Commit {
        branch: "main".to_owned(),
        sha: "1".repeat(40),
        subject: "apps: a new one".to_owned(),
        ..Commit::default()
    };
    simulation.push(&commit);
    request(&staging, GIT, "now").await;
    let source = until(&staging, GIT, handled("now")).await;
    assert_eq!(text(&source, "/status/artifact/revision"), commit.revision());
    for name in ["flux-system", "infrastructure-controllers", "infrastructure-configs", "apps", "monitoring"] {
        let object = until(&staging, &kustomization(name), |object| {
            text(object, "/status/lastAppliedRevision") == commit.revision()
        })
        .await;
        assert_eq!(ready(&object).2, format!("Applied revision: {}", commit.revision()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_recovers_once_its_cause_is_gone() {
    let (simulation, _, production) = start("day");
    let failing =
        until(&production, &kustomization("infrastructure-configs"), |object| ready(object).0 == "Unknown").await;
    assert!(conditions::is(&failing, "Healthy", "Unknown") || conditions::is(&failing, "Healthy", "False"));
    let failed =
        until(&production, &kustomization("infrastructure-configs"), |object| ready(object).0 == "False").await;
    assert_eq!(
        ready(&failed).2,
        "health check failed after 10m0s: timeout waiting for: [Certificate/kube-system/wildcard status: 'InProgress']"
    );
    assert_eq!(text(conditions::get(&failed, "Reconciling").unwrap(), "/reason"), "ProgressingWithRetry");
    let certificate = ObjectRef::new("Certificate", "cert-manager.io", "kube-system", "wildcard");
    simulation.set_status("production", &certificate, json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    until(&production, &kustomization("infrastructure-configs"), |object| ready(object).0 == "True").await;
    until(&production, &kustomization("apps"), |object| ready(object).0 == "True").await;
}

#[tokio::test(start_paused = true)]
async fn a_suspended_object_takes_a_request_and_does_nothing() {
    let (simulation, staging, _) = start("healthy");
    patch(&staging, &kustomization("apps"), &json!({"spec": {"suspend": true}})).await;
    request(&staging, &kustomization("apps"), "ignored").await;
    let before = simulation.object("staging", &kustomization_ref("apps")).unwrap();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let after = get(&staging, &kustomization("apps")).await;
    assert_eq!(after["status"]["history"], before["status"]["history"]);
    patch(&staging, &kustomization("apps"), &json!({"spec": {"suspend": null}})).await;
    let resumed = until(&staging, &kustomization("apps"), |object| {
        object["status"]["observedGeneration"] == object["metadata"]["generation"] && ready(object).0 == "True"
    })
    .await;
    assert_eq!(resumed["metadata"]["generation"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_release_is_upgraded_when_its_chart_is() {
    let (_simulation, staging, _) = start("day");
    let before = get(&staging, RELEASE).await;
    assert_eq!(text(&before, "/status/history/0/chartVersion"), "v1.21.2");
    assert_eq!(list(&before, "/status/history").len(), 2);
    patch(&staging, RELEASE, &json!({"spec": {"chart": {"spec": {"version": "v1.22.0"}}}})).await;
    until(&staging, RELEASE, |object| ready(object).2 == "Running 'upgrade' action with timeout of 5m0s").await;
    let after = until(&staging, RELEASE, |object| ready(object).0 == "True").await;
    assert_eq!(
        ready(&after).2,
        "Helm upgrade succeeded for release cert-manager/cert-manager.v4 with chart cert-manager@v1.22.0"
    );
    let secrets = get(&staging, "/api/v1/namespaces/cert-manager/secrets?labelSelector=owner%3Dhelm").await;
    let told: Vec<(i64, String)> = list(&secrets, "/items")
        .iter()
        .map(|secret| decode(secret).unwrap())
        .map(|release| (release["version"].as_i64().unwrap(), text(&release, "/info/status").to_owned()))
        .collect();
    let superseded = "superseded".to_owned();
    assert_eq!(told, [(1, superseded.clone()), (2, superseded.clone()), (3, superseded), (4, "deployed".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_forced_reconcile_upgrades_what_is_in_sync() {
    let (_simulation, staging, _) = start("healthy");
    let annotations = json!({"reconcile.fluxcd.io/requestedAt": "t", "reconcile.fluxcd.io/forceAt": "t"});
    patch(&staging, RELEASE, &json!({"metadata": {"annotations": annotations}})).await;
    let after = until(&staging, RELEASE, handled("t")).await;
    assert_eq!(text(&after, "/status/lastHandledForceAt"), "t");
    assert_eq!(after["status"]["history"][0]["version"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_restarted_gets_new_pods() {
    let (_simulation, staging, _) = start("healthy");
    let pods = "/api/v1/namespaces/linkding/pods";
    let before = get(&staging, pods).await;
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    patch(&staging, "/apis/apps/v1/namespaces/linkding/deployments/linkding", &restart).await;
    let after = until(&staging, pods, |pods| text(pods, "/items/0/status/phase") == "Running").await;
    assert_eq!(list(&after, "/items").len(), 1);
    assert_ne!(before["items"][0]["metadata"]["name"], after["items"][0]["metadata"]["name"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_scenario_is_the_same_each_time() {
    let (_one, first, _) = start("day");
    let (_two, second, _) = start("day");
    for path in
        ["/api/v1/pods", "/api/v1/events", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations", "/api/v1/secrets"]
    {
        assert_eq!(get(&first, path).await, get(&second, path).await, "{path}");
    }
}
