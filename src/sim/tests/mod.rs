//! The simulation, queried through a real client, under tokio's paused time.

mod api;
mod connections;
mod flux;
mod recordings;
mod scenarios;
mod server;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Scenario, Simulation, json::text};
use crate::cluster::Cluster;
use crate::model::{Clock, Env, ObjectRef};

/// A clock that starts at a fixed time and follows tokio's.
fn clock() -> Clock {
    let begin: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
    let started = Instant::now();
    Clock::from_fn(move || begin + jiff::SignedDuration::try_from(started.elapsed()).unwrap())
}

fn start(scenario: &str) -> (Arc<Simulation>, Cluster, Cluster) {
    let simulation = Simulation::new(&Scenario::named(scenario).unwrap(), clock());
    let staging = simulation.cluster(Env(0), "staging");
    let production = simulation.cluster(Env(1), "production");
    (simulation, staging, production)
}

async fn get(cluster: &Cluster, path: &str) -> Value {
    cluster.client().request(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
}

async fn fails(cluster: &Cluster, request: http::Request<Vec<u8>>) -> kube::core::Status {
    match cluster.client().request::<Value>(request).await {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("it should have been refused: {other:?}"),
    }
}

async fn patch(cluster: &Cluster, path: &str, change: &Value) -> Value {
    let request = http::Request::patch(format!("{path}?fieldManager=flux-client-side-apply"))
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string().into_bytes())
        .unwrap();
    cluster.client().request(request).await.unwrap()
}

/// Requests a reconciliation now, as `flux reconcile` does.
async fn request(cluster: &Cluster, path: &str, token: &str) {
    patch(cluster, path, &json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}})).await;
}

/// Polls an object until it is in the wanted state; tokio's paused time makes that instant.
async fn until(cluster: &Cluster, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..100_000 {
        let object = get(cluster, path).await;
        if wanted(&object) {
            return object;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} never became what was waited for: {:#}", get(cluster, path).await["status"]);
}

fn ready(object: &Value) -> (String, String, String) {
    let ready = super::flux::conditions::get(object, "Ready").cloned().unwrap_or_default();
    let part = |pointer: &str| text(&ready, pointer).to_owned();
    (part("/status"), part("/reason"), part("/message"))
}

fn kustomization(name: &str) -> String {
    format!("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/{name}")
}

fn kustomization_ref(name: &str) -> ObjectRef {
    ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", name)
}
