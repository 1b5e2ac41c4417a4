//! The results of Kubernetes' own controllers for workloads and nodes, compared with real recordings
//! (`tests/recordings/workloads`).

use serde_json::Value;

use super::super::{get, start};
use super::{Replay, clean};
use crate::cluster::Cluster;
use crate::sim::json::{list, text};

fn recording(step: &str) -> Value {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recordings/workloads/{step}.json"));
    serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap()
}

/// Finds a condition of a type in a status; without the parts that differ from run to run.
fn condition(status: &Value, kind: &str) -> Value {
    let mut all = list(status, "/conditions").iter();
    let mut one = all.find(|one| text(one, "/type") == kind).map(clean).unwrap_or_default();
    if let Some(message) = one.get_mut("message") {
        // The name of a ReplicaSet ends in a hash.
        let quoted = message.as_str().unwrap_or_default().to_owned();
        if let Some((before, rest)) = quoted.split_once("ReplicaSet \"") {
            let after = rest.split_once('"').map_or("", |(_, after)| after);
            *message = format!("{before}ReplicaSet{after}").into();
        }
    }
    one
}

/// Compares a Deployment with its recording.
pub(super) async fn deployment(replay: &Replay, step: &str) {
    let model = get(&replay.cluster, "/apis/apps/v1/namespaces/default/deployments/rolling").await;
    let real = recording(step);
    assert_deployment(&model, &real, step);
}

fn assert_deployment(model: &Value, real: &Value, step: &str) {
    for kind in ["Available", "Progressing"] {
        assert_eq!(condition(&model["status"], kind), condition(&real["status"], kind), "{step}");
    }
    for field in [
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "observedGeneration",
    ] {
        assert_eq!(model["status"][field], real["status"][field], "{step}: {field}");
    }
}

async fn messages(cluster: &Cluster, namespace: &str, name: &str) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.name%3D{name}");
    let events = get(cluster, &path).await;
    list(&events, "/items")
        .iter()
        .map(|event| format!("{} {} {}", text(event, "/type"), text(event, "/reason"), text(event, "/message")))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_and_the_pods_on_it_are_as_kubernetes_leaves_them() {
    let (_simulation, _, production) = start("node-down");
    let node = get(&production, "/api/v1/nodes/production-1").await;
    let real = recording("node-lost");
    for kind in ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"] {
        assert_eq!(condition(&node["status"], kind), condition(&real["status"], kind), "{kind}");
    }
    assert_eq!(clean(&node["spec"]["taints"]), real["taints"]);
    let told = messages(&production, "default", "production-1").await;
    assert_eq!(told, ["Normal NodeNotReady Node production-1 status is now: NodeNotReady"]);
    let pods = get(&production, "/api/v1/pods").await;
    let here = |pod: &&Value| text(pod, "/spec/nodeName") == "production-1";
    let evicted: Vec<&Value> = list(&pods, "/items")
        .iter()
        .filter(here)
        .filter(|pod| pod["metadata"].get("deletionTimestamp").is_some())
        .collect();
    assert!(!evicted.is_empty());
    let real = recording("pod-evicted");
    for pod in evicted {
        for kind in ["Ready", "DisruptionTarget"] {
            assert_eq!(condition(&pod["status"], kind), condition(&real["status"], kind), "{kind}");
        }
        assert_eq!(pod["status"]["phase"], real["status"]["phase"]);
        let (namespace, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
        let told = messages(&production, namespace, name).await;
        assert!(told.contains(&"Warning NodeNotReady Node is not ready".to_owned()), "{told:?}");
        let marked = format!("Normal TaintManagerEviction Marking for deletion Pod {namespace}/{name}");
        assert!(told.contains(&marked), "{told:?}");
    }
}
