//! The last steps of kustomize-controller before it applies an object: owner labels, and the forms that it brings
//! objects into (`normalize.Unstructured` of fluxcd/pkg/ssa).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::typed::fill_texts;
use crate::helm::Release;
use crate::model::ObjectRef;
use crate::yaml::manifest::put_metadata;

/// The annotation or label by which an object tells kustomize-controller how to apply it.
pub(super) const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
/// The one that keeps it from being applied and pruned when it is `disabled`.
pub(super) const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
/// The one that keeps it from being pruned when it is `disabled`.
pub(super) const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// The one that lets it be deleted and created anew when it is `enabled`.
pub(super) const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

/// The one that keeps it from helm-controller's comparison when it is `disabled`.
pub(super) const DETECTION: &str = "helm.toolkit.fluxcd.io/driftDetection";

/// Tells whether an object has a label or an annotation with a value, in any case as Flux compares it.
pub(super) fn says(object: &Value, key: &str, value: &str) -> bool {
    ["labels", "annotations"].iter().any(|field| {
        let own = object.get("metadata").and_then(|metadata| metadata.get(field));
        own.and_then(|own| own.get(key)).and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(value))
    })
}

/// Brings an object into the form that a Kustomization applies.
pub(super) fn applied_by(body: &mut Value, owner: &ObjectRef) {
    fill_texts(body);
    // Go's `GetLabels` gives none where one is no text, so that all are lost as the owner's are added.
    if let Some(labels) = body.pointer_mut("/metadata/labels").filter(|labels| has_other_than_texts(labels)) {
        *labels = Value::Object(Map::new());
    }
    for (label, value) in [("name", &owner.name), ("namespace", &owner.namespace)] {
        put_metadata(body, "labels", &format!("{}/{label}", owner.group), value.clone());
    }
    normalize(body);
    drop_broken_authority(body);
}

/// Removes the authority of a definition's conversion webhook where it holds no certificate: the API server refuses such a
/// placeholder, and kustomize-controller leaves it out (`RemoveCABundleFromCRD` of fluxcd/pkg/ssa).
fn drop_broken_authority(body: &mut Value) {
    if body.get("kind").is_none_or(|kind| kind != "CustomResourceDefinition") {
        return;
    }
    let Some(client) = body.pointer_mut("/spec/conversion/webhook/clientConfig").and_then(Value::as_object_mut) else {
        return;
    };
    let authority = client.get("caBundle").and_then(Value::as_str).unwrap_or_default();
    let is_certificate = STANDARD
        .decode(authority)
        .is_ok_and(|text| text.is_empty() || String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----"));
    if !is_certificate {
        client.shift_remove("caBundle");
    }
}

fn has_other_than_texts(labels: &Value) -> bool {
    labels.as_object().is_some_and(|labels| labels.values().any(|label| !label.is_string()))
}

/// Brings an object into the form that a release applies: Helm marks it as its own (`setHelmMetadata` of helm-controller's
/// `internal/action/diff.go`).
pub(super) fn released_by(body: &mut Value, release: &Release) {
    fill_texts(body);
    normalize(body);
    put_metadata(body, "labels", "app.kubernetes.io/managed-by", "Helm".to_owned());
    put_metadata(body, "annotations", "meta.helm.sh/release-name", release.name.clone());
    put_metadata(body, "annotations", "meta.helm.sh/release-namespace", release.namespace.clone());
}

/// Brings an object into the form that Flux's controllers apply.
pub(super) fn normalize(body: &mut Value) {
    let word = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, kind) = (word("apiVersion"), word("kind"));
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["creationTimestamp", "managedFields", "resourceVersion", "uid", "generation"] {
            metadata.shift_remove(key);
        }
        for key in ["labels", "annotations"] {
            if metadata.get(key).is_some_and(Value::is_null) {
                metadata.shift_remove(key);
            }
        }
    }
    if kind != "CustomResourceDefinition"
        && let Some(fields) = body.as_object_mut()
    {
        fields.shift_remove("status");
    }
    let pods = match (version.as_str(), kind.as_str()) {
        ("v1", "Pod") => "/spec",
        ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch/v1", "Job") => {
            "/spec/template/spec"
        }
        ("batch/v1", "CronJob") => "/spec/jobTemplate/spec/template/spec",
        ("v1", "Service") => return with_protocol(body.pointer_mut("/spec/ports")),
        ("v1", "Secret") => return encoded(body),
        _ => return,
    };
    let containers = body.pointer_mut(&format!("{pods}/containers")).and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        with_protocol(container.get_mut("ports"));
    }
}

/// Writes the default protocol, which is a key of the list.
fn with_protocol(ports: Option<&mut Value>) {
    for port in ports.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut()
            && port.get("protocol").and_then(Value::as_str).is_none_or(str::is_empty)
        {
            port.insert("protocol".to_owned(), "TCP".into());
        }
    }
}

/// Writes the plain text of a Secret as its data.
fn encoded(body: &mut Value) {
    let Some(fields) = body.as_object_mut() else { return };
    // kustomize breaks long values into lines, and the API server joins them.
    for value in fields.get_mut("data").and_then(Value::as_object_mut).into_iter().flat_map(|data| data.values_mut()) {
        if let Some(text) = value.as_str().filter(|text| text.contains('\n')) {
            *value = text.replace('\n', "").into();
        }
    }
    let Some(Value::Object(plain)) = fields.shift_remove("stringData") else { return };
    let data = fields.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    if let Some(data) = data.as_object_mut() {
        data.extend(plain.into_iter().filter_map(|(key, value)| Some((key, STANDARD.encode(value.as_str()?).into()))));
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use serde_json::json;

    use super::{STANDARD, applied_by, released_by, says};
    use crate::helm::Release;
    use crate::model::ObjectRef;

    #[test]
    fn objects_take_the_form_that_the_controller_applies() {
        let owner = ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", "apps");
        let labels =
            json!({"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "creationTimestamp": null},
            "data": {"b": "Yg==", "c": "eA=="}, "stringData": {"c": "c"}
        });
        applied_by(&mut secret, &owner);
        let expected = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "labels": labels}, "data": {"b": "Yg==", "c": "Yw=="}});
        assert_eq!(secret, expected);
        let mut pods = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "status": {},
            "spec": {"template": {"spec": {"containers": [{"ports": [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]}]}}}
        });
        applied_by(&mut pods, &owner);
        let ports = &pods["spec"]["template"]["spec"]["containers"][0]["ports"];
        assert_eq!((&ports[0]["protocol"], &ports[1]["protocol"]), (&json!("TCP"), &json!("UDP")));
        assert!(pods.get("status").is_none());
        assert!(says(&json!({"metadata": {"annotations": {"x": "Disabled"}}}), "x", "disabled"));
        let mut odd = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"copies": 2, "app": "a"}}});
        applied_by(&mut odd, &owner);
        assert_eq!(odd["metadata"]["labels"], labels, "the real controller loses them all");
    }

    #[test]
    fn the_authority_of_a_definition_is_left_out_where_it_is_a_placeholder() {
        let owner = ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", "apps");
        let certificate = STANDARD.encode("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        for (authority, stays) in [("Cg==", false), ("not base64", false), (certificate.as_str(), true)] {
            let mut definition = json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"},
                "spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {"caBundle": authority}}}}
            });
            applied_by(&mut definition, &owner);
            let client = &definition["spec"]["conversion"]["webhook"]["clientConfig"];
            assert_eq!(client.get("caBundle").is_some(), stays, "{authority}");
        }
    }

    #[test]
    fn helm_marks_what_it_releases() {
        let mut map = json!({"kind": "ConfigMap", "metadata": {"name": "a", "labels": null}});
        let release = Release { name: "web".to_owned(), namespace: "shop".to_owned(), ..Release::default() };
        released_by(&mut map, &release);
        let annotations = json!({"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"});
        let metadata =
            json!({"name": "a", "labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": annotations});
        assert_eq!(map["metadata"], metadata);
    }
}
