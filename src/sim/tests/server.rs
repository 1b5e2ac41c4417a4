//! The answers of the API server.

use std::time::Duration;

use futures::{AsyncBufReadExt as _, StreamExt as _};
use serde_json::{Value, json};

use super::{fails, get, kustomization, patch, start};
use crate::cluster::Cluster;
use crate::sim::json::{list, text};

fn read(path: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path).body(Vec::new()).unwrap()
}

async fn stream(cluster: &Cluster, path: &str) -> impl futures::Stream<Item = std::io::Result<String>> + use<> {
    Box::pin(cluster.client().request_stream(read(path)).await.unwrap().lines())
}

async fn next(lines: &mut (impl futures::Stream<Item = std::io::Result<String>> + Unpin)) -> Value {
    serde_json::from_str(&lines.next().await.unwrap().unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn discovery_finds_every_kind() {
    let (_simulation, staging, _) = start("healthy");
    let found = staging.resource("helm.toolkit.fluxcd.io", "HelmRelease").await.unwrap();
    assert_eq!((found.version.as_str(), found.plural.as_str(), found.namespaced), ("v2", "helmreleases", true));
    assert!(!staging.resource("", "Node").await.unwrap().namespaced);
    assert_eq!(get(&staging, "/version").await["major"], "1");
    let groups = get(&staging, "/apis").await;
    assert!(list(&groups, "/groups").iter().any(|group| group["name"] == "source.toolkit.fluxcd.io"));
    let review = http::Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews").body(b"{}".to_vec()).unwrap();
    let review: Value = staging.client().request(review).await.unwrap();
    assert_eq!(text(&review, "/status/userInfo/username"), "operator@example.com");
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_and_tell_how_much_remains() {
    let (_simulation, staging, _) = start("healthy");
    let first = get(&staging, "/api/v1/pods?limit=2").await;
    assert_eq!(list(&first, "/items").len(), 2);
    let remaining = first["metadata"]["remainingItemCount"].as_u64().unwrap();
    let rest = get(
        &staging,
        &format!("/api/v1/pods?limit=100&continue={}", text(&first, "/metadata/continue").replace('=', "%3D")),
    )
    .await;
    assert_eq!(list(&rest, "/items").len() as u64, remaining);
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert!(list(&first, "/items")[0].get("kind").is_none(), "builtin kinds are not repeated in a list's items");
    let selected =
        get(&staging, "/api/v1/pods?labelSelector=app%3Dlinkding&fieldSelector=metadata.namespace%3Dlinkding").await;
    assert_eq!(list(&selected, "/items").len(), 1);
    let refused = fails(&staging, read("/api/v1/pods?fieldSelector=spec.x%3D1")).await;
    assert_eq!((refused.code, refused.message.as_str()), (400, "field label not supported: spec.x"));
}

#[tokio::test(start_paused = true)]
async fn a_list_can_be_a_table() {
    let (_simulation, staging, _) = start("healthy");
    let request = http::Request::get("/api/v1/namespaces/linkding/pods?includeObject=None")
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
        .body(Vec::new())
        .unwrap();
    let table: Value = staging.client().request(request).await.unwrap();
    let names: Vec<&str> = list(&table, "/columnDefinitions").iter().map(|column| text(column, "/name")).collect();
    assert_eq!(names, ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node"]);
    assert_eq!(list(&table, "/rows")[0]["cells"][1], "1/1");
    assert_eq!(list(&table, "/rows")[0]["object"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn failures_are_statuses_in_the_servers_words() {
    let (simulation, staging, _) = start("healthy");
    let missing = fails(&staging, read(&kustomization("gone"))).await;
    assert_eq!(
        (missing.code, missing.reason.as_str(), missing.message.as_str()),
        (404, "NotFound", "kustomizations.kustomize.toolkit.fluxcd.io \"gone\" not found")
    );
    let stale = json!({"metadata": {"resourceVersion": "1"}, "spec": {"suspend": true}});
    let request = http::Request::patch(kustomization("apps"))
        .header("content-type", "application/merge-patch+json")
        .body(stale.to_string().into_bytes())
        .unwrap();
    let conflict = fails(&staging, request).await;
    assert_eq!((conflict.code, conflict.reason.as_str()), (409, "Conflict"));
    simulation.set_faults("staging", |faults| {
        faults.forbidden.insert("Secret".to_owned());
        faults.absent.insert("HelmRelease".to_owned());
    });
    let forbidden = fails(&staging, read("/api/v1/secrets")).await;
    assert_eq!(
        (forbidden.code, forbidden.message.as_str()),
        (
            403,
            "secrets is forbidden: User \"operator@example.com\" cannot list resource \"secrets\" in API group \"\" at the cluster scope"
        )
    );
    assert_eq!(fails(&staging, read("/apis/helm.toolkit.fluxcd.io")).await.code, 404);
    simulation.set_faults("staging", |faults| faults.busy = 1);
    assert_eq!(fails(&staging, read("/api/v1/pods")).await.code, 429);
    assert!(staging.client().request::<Value>(read("/api/v1/pods")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_is_there_marks_its_end_and_goes_on() {
    let (simulation, staging, _) = start("healthy");
    let path = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let mut lines = stream(&staging, path).await;
    for _ in 0..7 {
        assert_eq!(next(&mut lines).await["type"], "ADDED");
    }
    let mark = next(&mut lines).await;
    assert_eq!(
        (text(&mark, "/type"), text(&mark, "/object/metadata/annotations/k8s.io~1initial-events-end")),
        ("BOOKMARK", "true")
    );
    patch(&staging, &kustomization("apps"), &json!({"spec": {"suspend": true}})).await;
    let changed = next(&mut lines).await;
    assert_eq!((text(&changed, "/type"), changed["object"]["spec"]["suspend"].as_bool()), ("MODIFIED", Some(true)));
    simulation.set_faults("staging", |faults| faults.refused = true);
    let mut last = lines.next().await;
    while matches!(last, Some(Ok(_))) {
        last = lines.next().await;
    }
    assert!(last.unwrap().is_err(), "a refused connection breaks open streams");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_with_its_timeout_and_an_old_one_is_expired() {
    let (simulation, staging, _) = start("healthy");
    let version = get(&staging, "/api/v1/configmaps").await["metadata"]["resourceVersion"].clone();
    let version = version.as_str().unwrap();
    let path = format!("/api/v1/configmaps?watch=true&timeoutSeconds=3&resourceVersion={version}");
    assert!(stream(&staging, &path).await.next().await.is_none());
    simulation.apply(
        "staging",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": "new"}}),
    );
    simulation.expire_watches("staging");
    let expired = next(&mut stream(&staging, &path).await).await;
    assert_eq!((text(&expired, "/type"), expired["object"]["code"].as_u64()), ("ERROR", Some(410)));
    assert!(text(&expired, "/object/message").starts_with("too old resource version: "));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_leaves_the_selection_is_deleted_to_its_watchers() {
    let (simulation, staging, _) = start("healthy");
    let map = |label: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": "one", "labels": {"app": label}}});
    simulation.apply("staging", map("a"));
    let mut lines = stream(&staging, "/api/v1/namespaces/default/configmaps?watch=1&labelSelector=app%3Da").await;
    assert_eq!(next(&mut lines).await["type"], "ADDED");
    simulation.apply("staging", map("b"));
    assert_eq!(next(&mut lines).await["type"], "DELETED");
}

#[tokio::test(start_paused = true)]
async fn logs_are_followed_until_the_pod_is_replaced() {
    let (simulation, staging, _) = start("healthy");
    let pods = get(&staging, "/api/v1/namespaces/linkding/pods").await;
    let pod = text(&pods, "/items/0/metadata/name").to_owned();
    let tail = staging
        .client()
        .request_text(read(&format!("/api/v1/namespaces/linkding/pods/{pod}/log?tailLines=2&timestamps=true")))
        .await
        .unwrap();
    assert_eq!(tail.lines().count(), 2);
    assert!(tail.starts_with("2026-11-22T19:5"), "{tail}");
    let mut lines =
        stream(&staging, &format!("/api/v1/namespaces/linkding/pods/{pod}/log?follow=true&tailLines=0")).await;
    simulation.write_log("staging", "linkding", &pod, "linkding", "a line of its own");
    assert_eq!(lines.next().await.unwrap().unwrap(), "a line of its own");
    let new = simulation.replace_pod("staging", "linkding", &pod).unwrap();
    assert!(lines.next().await.is_none());
    let early = fails(&staging, read(&format!("/api/v1/namespaces/linkding/pods/{new}/log"))).await;
    assert!(early.message.ends_with("is waiting to start: ContainerCreating"), "{}", early.message);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let started =
        staging.client().request_text(read(&format!("/api/v1/namespaces/linkding/pods/{new}/log"))).await.unwrap();
    assert!(started.contains("Starting uWSGI"));
    let wrong = fails(&staging, read(&format!("/api/v1/namespaces/linkding/pods/{new}/log?container=x"))).await;
    assert_eq!(wrong.message, format!("container x is not valid for pod {new}"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_a_hanging_and_a_slow_server_delay_nobody_else() {
    let (simulation, staging, production) = start("unreachable");
    assert!(matches!(production.client().request::<Value>(read("/version")).await, Err(kube::Error::Service(_))));
    simulation.set_faults("production", |faults| {
        faults.refused = false;
        faults.hanging = true;
    });
    let begun = tokio::time::Instant::now();
    let hung =
        tokio::time::timeout(Duration::from_mins(10), production.client().request::<Value>(read("/version"))).await;
    assert!(hung.is_err());
    assert_eq!(begun.elapsed(), Duration::from_mins(10));
    let begun = tokio::time::Instant::now();
    get(&staging, "/version").await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let (_simulation, _, slow) = start("slow");
    get(&slow, "/version").await;
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn every_answer_carries_the_servers_date() {
    let (_simulation, staging, _) = start("healthy");
    let request = http::Request::get("/version").body(kube::client::Body::empty()).unwrap();
    let answer = staging.client().send(request).await.unwrap();
    assert_eq!(answer.headers()["date"], "Sun, 22 Nov 2026 20:00:00 GMT");
}
