//! What the Go types of Kubernetes' own kinds make of a manifest: Flux's controllers read an object into them and write it
//! again before they apply it (`normalize.Unstructured` of fluxcd/pkg/ssa), so that empty values go and structures come,
//! and with them the fields that the controller owns.
//!
//! A Job is the proof: without `template.metadata`, which its manifest does not have, an apply takes the labels of its
//! controller away, which the API server refuses.

use serde_json::{Map, Value, json};

use crate::model::ObjectRef;

/// The groups of the kinds that client-go has types for.
const GROUPS: [&str; 16] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// The kinds that the controllers apply as they are written, because their types lose rules, and that write empty lists.
const AS_WRITTEN: [&str; 3] = ["Role", "ClusterRole", "EndpointSlice"];

/// The fields that are maps: empty ones are left out, where an empty structure such as `emptyDir` stays.
const MAPS: [&str; 11] = [
    "annotations",
    "binaryData",
    "capacity",
    "data",
    "hard",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "requests",
    "stringData",
];

/// Tells whether Flux's controllers read an object into a Go type.
pub(super) fn is_typed(object: &ObjectRef) -> bool {
    GROUPS.contains(&object.group.as_str()) && !AS_WRITTEN.contains(&object.kind.as_str())
}

/// Returns an object in the form in which Flux's controllers send it.
pub(super) fn sent(object: &ObjectRef, body: &Value) -> Value {
    let mut body = body.clone();
    if is_typed(object) {
        drop_empty(&mut body);
        add_structures(&object.kind, &mut body);
    }
    body
}

/// Adds the structures that the server's answers always have to a form of an object; a simulated one lacks them.
pub(super) fn complete(object: &ObjectRef, form: &mut Value) {
    if is_typed(object) {
        add_structures(&object.kind, form);
    }
}

/// The maps of texts in which a null becomes an empty text, as a variable that is empty leaves one.
const TEXTS: [&str; 4] = [
    "/metadata/annotations",
    "/metadata/labels",
    "/spec/template/metadata/annotations",
    "/spec/template/metadata/labels",
];

/// Writes texts that are null as empty ones: a map in Go has no null.
pub(super) fn fill_texts(body: &mut Value) {
    let object = ObjectRef::of_body(body);
    if !is_typed(&object) {
        return;
    }
    let of_kind = (object.kind == "ConfigMap").then_some("/data");
    for pointer in TEXTS.into_iter().chain(of_kind) {
        let texts = body.pointer_mut(pointer).and_then(Value::as_object_mut);
        for value in texts.into_iter().flat_map(Map::values_mut).filter(|value| value.is_null()) {
            *value = "".into();
        }
    }
}

/// Removes what is null, empty lists, and empty maps.
fn drop_empty(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        Value::Object(fields) => {
            fields.retain(|key, field| {
                let is_empty = match field {
                    Value::Null => true,
                    Value::Array(items) => items.is_empty(),
                    Value::Object(inner) => inner.is_empty() && MAPS.contains(&key.as_str()),
                    _ => false,
                };
                !is_empty
            });
            fields.values_mut().for_each(drop_empty);
        }
        _ => {}
    }
}

/// Adds the structures that are written though a manifest lacks them, and leaves out what is their zero value.
fn add_structures(kind: &str, body: &mut Value) {
    let (holders, names): (&[&str], &[&str]) = match kind {
        "Deployment" => (&["/spec", "/spec/template"], &["strategy", "metadata"]),
        "StatefulSet" | "DaemonSet" => (&["/spec", "/spec/template"], &["updateStrategy", "metadata"]),
        "ReplicaSet" | "Job" => (&["/spec/template"], &["metadata"]),
        "CronJob" => (&["/spec/jobTemplate", "/spec/jobTemplate/spec/template"], &["metadata", "metadata"]),
        "Namespace" => (&[""], &["spec"]),
        "NetworkPolicy" => (&["/spec"], &["podSelector"]),
        "PersistentVolumeClaim" => (&["/spec"], &["resources"]),
        _ => (&[], &[]),
    };
    for (holder, name) in holders.iter().zip(names) {
        add(body.pointer_mut(holder), name, json!({}));
    }
    match kind {
        "Pod" => pod(body.get_mut("spec")),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
            pod(body.pointer_mut("/spec/template/spec"));
        }
        "CronJob" => pod(body.pointer_mut("/spec/jobTemplate/spec/template/spec")),
        // The zero of a port, for which the server sets the Service's own.
        "Service" => {
            let ports = body.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
            ports.into_iter().flatten().for_each(|port| add(Some(port), "targetPort", json!(0)));
        }
        "PersistentVolume" => leave_out(body.get_mut("spec"), &["storageClassName"], &json!("")),
        _ => {}
    }
}

/// Does the same for what a pod has.
fn pod(mut spec: Option<&mut Value>) {
    leave_out(spec.as_deref_mut(), &["hostNetwork", "hostPID", "hostIPC"], &json!(false));
    let Some(spec) = spec else { return };
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            add(Some(container), "resources", json!({}));
            leave_out(Some(container), &["stdin", "stdinOnce", "tty"], &json!(false));
            for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                leave_out(Some(variable), &["value"], &json!(""));
            }
            for mount in container.get_mut("volumeMounts").and_then(Value::as_array_mut).into_iter().flatten() {
                leave_out(Some(mount), &["readOnly"], &json!(false));
            }
        }
    }
}

/// Adds a field that is not there.
fn add(holder: Option<&mut Value>, name: &str, value: Value) {
    if let Some(fields) = holder.and_then(Value::as_object_mut)
        && !fields.contains_key(name)
    {
        fields.insert(name.to_owned(), value);
    }
}

/// Removes fields that have their zero value.
fn leave_out(holder: Option<&mut Value>, names: &[&str], zero: &Value) {
    if let Some(fields) = holder.and_then(Value::as_object_mut) {
        fields.retain(|name, value| value != zero || !names.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fill_texts, sent};
    use crate::model::ObjectRef;

    #[test]
    fn a_job_keeps_the_structures_that_its_manifest_does_not_write() {
        let job = json!({"kind": "Job", "spec": {"ttlSecondsAfterFinished": null, "template": {"spec": {"containers": [{"name": "a", "args": []}]}}}});
        let expected = json!({"kind": "Job", "spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "a", "resources": {}}]}}}});
        assert_eq!(sent(&ObjectRef::new("Job", "batch", "web", "once"), &job), expected);
    }

    /// What kustomize-controller 1.7.3 owned of these manifests.
    #[test]
    fn zero_values_go_and_empty_structures_stay() {
        let deployment = json!({"spec": {
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"annotations": {}, "labels": {"app": "a"}}, "spec": {
                "hostNetwork": false, "nodeSelector": null, "volumes": [{"name": "x", "emptyDir": {}}],
                "containers": [{"name": "a", "resources": {"limits": {}}, "securityContext": {}, "env": [{"name": "E", "value": ""}, {"name": "F", "value": "f"}]}],
            }},
        }});
        let expected = json!({"spec": {
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {
                "volumes": [{"name": "x", "emptyDir": {}}],
                "containers": [{"name": "a", "resources": {}, "securityContext": {}, "env": [{"name": "E"}, {"name": "F", "value": "f"}]}],
            }},
        }});
        assert_eq!(sent(&ObjectRef::new("Deployment", "apps", "web", "a"), &deployment), expected);
        let service = json!({"spec": {"ports": [{"port": 80}, {"port": 81, "targetPort": "web"}]}});
        let ports = json!([{"port": 80, "targetPort": 0}, {"port": 81, "targetPort": "web"}]);
        assert_eq!(sent(&ObjectRef::new("Service", "", "web", "a"), &service)["spec"]["ports"], ports);
    }

    #[test]
    fn a_null_among_texts_is_an_empty_text() {
        let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": null, "b": ""}, "metadata": {"name": "m", "labels": {}, "annotations": {"x": null}}});
        fill_texts(&mut map);
        let filled = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "", "b": ""}, "metadata": {"name": "m", "annotations": {"x": ""}}});
        assert_eq!(sent(&ObjectRef::of_body(&map), &map), filled);
        let mut cake = json!({"apiVersion": "bakery.example.net/v1", "kind": "Cake", "metadata": {"name": "c", "annotations": {"x": null}}});
        let before = cake.clone();
        fill_texts(&mut cake);
        assert_eq!(cake, before);
    }

    #[test]
    fn what_has_no_type_is_sent_as_it_is_written() {
        let cake = json!({"spec": {"toppings": [], "notes": {"x": null}, "candles": {}}});
        assert_eq!(sent(&ObjectRef::new("Cake", "bakery.example.net", "web", "a"), &cake), cake);
        let role = json!({"rules": []});
        assert_eq!(sent(&ObjectRef::new("ClusterRole", "rbac.authorization.k8s.io", "", "a"), &role), role);
    }
}
