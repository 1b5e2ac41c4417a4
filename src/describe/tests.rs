//! Descriptions, beside what `kubectl describe` prints of the same objects.

use serde_json::json;

use super::describe;
use crate::model::ObjectRef;

fn described(object: &str, group: &str, value: &serde_json::Value) -> String {
    let mut object: ObjectRef = object.parse().unwrap();
    object.group = group.to_owned();
    describe(&object, value, &[], "2026-01-01T00:00:00Z".parse().unwrap())
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
