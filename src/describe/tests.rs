//! Descriptions, compared with the output of `kubectl describe` for the same objects.

use serde_json::json;

use super::{DescribedWith, describe};
use crate::model::ObjectRef;

fn described(object: &str, group: &str, value: &serde_json::Value) -> String {
    let mut object: ObjectRef = object.parse().unwrap();
    object.group = group.to_owned();
    describe(&object, value, DescribedWith::default(), "2026-01-01T00:00:00Z".parse().unwrap())
}

#[test]
fn a_pod_that_crashes() {
    let pod = json!({
        "metadata": {"labels": {"app": "web", "tier": "front"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": true}]},
        "spec": {
            "serviceAccountName": "default", "nodeName": "board-1",
            "containers": [{
                "name": "web", "image": "web:1", "args": ["--verbose"],
                "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "resources": {"limits": {"memory": "64Mi"}},
                "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
                "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}}],
                "volumeMounts": [{"mountPath": "/data", "name": "data", "readOnly": true}],
            }],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
        "status": {
            "phase": "Running", "podIP": "10.0.0.9", "hostIP": "10.0.40.11", "podIPs": [{"ip": "10.0.0.9"}], "qosClass": "Burstable",
            "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [web]"}],
            "containerStatuses": [{
                "name": "web", "ready": false, "restartCount": 4,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "2026-01-01T00:00:00Z"}},
            }],
        },
    });
    insta::assert_snapshot!(described("Pod/shop/web-1-x", "", &pod));
}

#[test]
fn a_kind_without_a_form_of_its_own() {
    let certificate = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"generation": 2, "managedFields": [{"a": 1}]},
        "spec": {"dnsNames": ["a.example", "b.example"], "issuerRef": {"kind": "ClusterIssuer", "name": "le"}},
        "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Issuing", "status": "True"}]},
    });
    insta::assert_snapshot!(described("Certificate/web/tls", "cert-manager.io", &certificate));
}

#[test]
fn no_value_of_a_secret_is_written() {
    let secret = json!({"type": "Opaque", "data": {"token": "(masked, 7 bytes)", "unmasked": "aHVudGVyMg=="}});
    let text = described("Secret/web/web", "", &secret);
    assert!(text.contains("token:        7 bytes\n") && text.contains("unmasked:     (masked)\n"), "{text}");
    assert!(!text.contains("aHVudGVyMg"), "{text}");
}

#[test]
fn a_node_with_what_its_pods_ask_for() {
    let pod = |name: &str, phase: &str, spec: serde_json::Value| {
        json!({
            "metadata": {"namespace": "web", "name": name, "creationTimestamp": "2025-12-30T00:00:00Z"},
            "spec": spec, "status": {"phase": phase},
        })
    };
    let asks =
        |cpu: &str, memory: &str| json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}});
    let pods = [
        pod(
            "web-2",
            "Running",
            json!({"containers": [{"resources": asks("250m", "64Mi")}, {"resources": asks("1", "1Gi")}]}),
        ),
        // The init container requests more than the containers that run later, beside its sidecar.
        pod(
            "web-1",
            "Running",
            json!({
                "initContainers": [
                    {"restartPolicy": "Always", "resources": asks("100m", "32Mi")}, {"resources": asks("2", "16Mi")},
                ],
                "containers": [{"resources": asks("500m", "64Mi")}], "overhead": {"cpu": "10m"},
            }),
        ),
        pod("job-1", "Succeeded", json!({"containers": [{"resources": asks("4", "4Gi")}]})),
        pod("best-effort", "Pending", json!({"containers": [{}]})),
    ];
    let node = json!({
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110", "nvidia.com/gpu": "1"},
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
                "lastHeartbeatTime": "2025-12-31T23:59:00Z", "lastTransitionTime": "2025-12-05T12:00:00Z",
            }],
        },
    });
    let events = [crate::cluster::Event {
        uid: String::new(),
        at: "2025-12-31T23:59:30Z".parse().ok(),
        kind: "Warning".to_owned(),
        reason: "FreeDiskSpaceFailed".to_owned(),
        object: "Node//board-1".parse().unwrap(),
        message: "no images to delete".to_owned(),
        count: 1,
        from: "kubelet, board-1".to_owned(),
    }];
    let with = DescribedWith { events: &events, pods: Some(&pods) };
    let object: ObjectRef = "Node//board-1".parse().unwrap();
    let text = describe(&object, &node, with, "2026-01-01T00:00:00Z".parse().unwrap());
    insta::assert_snapshot!(text);
    let unread = describe(&object, &node, DescribedWith::default(), "2026-01-01T00:00:00Z".parse().unwrap());
    assert!(unread.contains("Non-terminated Pods:  (not read)"), "{unread}");
}

#[test]
fn the_events_of_an_earlier_object_of_the_same_name_are_left_out() {
    let event = |uid: &str, reason: &str| crate::cluster::Event {
        uid: uid.to_owned(),
        at: "2025-12-31T23:59:30Z".parse().ok(),
        kind: "Warning".to_owned(),
        reason: reason.to_owned(),
        object: "Pod/db/db-0".parse().unwrap(),
        message: String::new(),
        count: 1,
        from: String::new(),
    };
    let events = [event("old", "Earlier"), event("new", "Present"), event("", "Unmarked"), event("db-0", "Named")];
    let told = |uid: &str| {
        let pod = json!({"metadata": {"name": "db-0", "namespace": "db", "uid": uid}, "spec": {}, "status": {}});
        let with = DescribedWith { events: &events, ..DescribedWith::default() };
        let text = describe(&"Pod/db/db-0".parse().unwrap(), &pod, with, "2026-01-01T00:00:00Z".parse().unwrap());
        ["Earlier", "Present", "Unmarked", "Named"].map(|reason| text.contains(reason))
    };
    assert_eq!(told("new"), [false, true, true, true]);
    assert_eq!(told(""), [true; 4]);
}
