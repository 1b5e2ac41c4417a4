//! The fields of Kubernetes' own kinds, as its published types know them.
//!
//! A manifest is read into the type of its kind and written again: what is lost on the way is no field, and what is
//! not read has the wrong type. The types require no field, so that one that is missing is no fault here.

use k8s_openapi::api::{apps, autoscaling, batch, core, networking, policy, rbac, storage};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::{InvalidValue, is_open, shown};
use crate::yaml::manifest::at;

/// The most faults that are looked for in one object: a template that is wrong throughout says no more with each.
const MOST: usize = 12;

/// Holds what the API server refuses in an object of a known kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TypedReading {
    /// The paths of fields that the kind does not have.
    pub(super) unknown: Vec<String>,
    /// The values of another type.
    pub(super) refused: Vec<InvalidValue>,
}

/// Reads an object as its kind; of other kinds only the metadata is known.
pub(super) fn read(body: &Value) -> TypedReading {
    let (version, kind) = (at(body, "/apiVersion"), at(body, "/kind"));
    let as_kind: fn(&Value) -> TypedReading =
        match (version.as_str().unwrap_or_default(), kind.as_str().unwrap_or_default()) {
            ("v1", "ConfigMap") => of::<core::v1::ConfigMap>,
            // Whether the data of a Secret is base64 is another rule's affair.
            ("v1", "Secret") => return of::<core::v1::Secret>(&without_data(body)),
            ("v1", "LimitRange") => of::<core::v1::LimitRange>,
            ("v1", "Namespace") => of::<core::v1::Namespace>,
            ("v1", "PersistentVolume") => of::<core::v1::PersistentVolume>,
            ("v1", "PersistentVolumeClaim") => of::<core::v1::PersistentVolumeClaim>,
            ("v1", "Pod") => of::<core::v1::Pod>,
            ("v1", "ResourceQuota") => of::<core::v1::ResourceQuota>,
            ("v1", "Service") => of::<core::v1::Service>,
            ("v1", "ServiceAccount") => of::<core::v1::ServiceAccount>,
            ("apps/v1", "DaemonSet") => of::<apps::v1::DaemonSet>,
            ("apps/v1", "Deployment") => of::<apps::v1::Deployment>,
            ("apps/v1", "ReplicaSet") => of::<apps::v1::ReplicaSet>,
            ("apps/v1", "StatefulSet") => of::<apps::v1::StatefulSet>,
            ("autoscaling/v2", "HorizontalPodAutoscaler") => of::<autoscaling::v2::HorizontalPodAutoscaler>,
            ("batch/v1", "CronJob") => of::<batch::v1::CronJob>,
            ("batch/v1", "Job") => of::<batch::v1::Job>,
            ("networking.k8s.io/v1", "Ingress") => of::<networking::v1::Ingress>,
            ("networking.k8s.io/v1", "IngressClass") => of::<networking::v1::IngressClass>,
            ("networking.k8s.io/v1", "NetworkPolicy") => of::<networking::v1::NetworkPolicy>,
            ("policy/v1", "PodDisruptionBudget") => of::<policy::v1::PodDisruptionBudget>,
            ("rbac.authorization.k8s.io/v1", "ClusterRole") => of::<rbac::v1::ClusterRole>,
            ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => of::<rbac::v1::ClusterRoleBinding>,
            ("rbac.authorization.k8s.io/v1", "Role") => of::<rbac::v1::Role>,
            ("rbac.authorization.k8s.io/v1", "RoleBinding") => of::<rbac::v1::RoleBinding>,
            ("storage.k8s.io/v1", "StorageClass") => of::<storage::v1::StorageClass>,
            _ => return of_metadata(body),
        };
    as_kind(body)
}

fn without_data(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("data");
        fields.shift_remove("sops");
    }
    body
}

fn of_metadata(body: &Value) -> TypedReading {
    let found = of::<ObjectMeta>(at(body, "/metadata"));
    let below = |path: String| format!("metadata.{path}");
    TypedReading {
        unknown: found.unknown.into_iter().map(below).collect(),
        refused: found.refused.into_iter().map(|one| InvalidValue { path: below(one.path), ..one }).collect(),
    }
}

fn of<T: DeserializeOwned + Serialize>(body: &Value) -> TypedReading {
    let mut body = body.clone();
    let mut found = TypedReading::default();
    for _ in 0..MOST {
        let error = match T::deserialize(&body) {
            Ok(typed) => {
                let back = serde_json::to_value(typed).unwrap_or_default();
                lost(&body, &back, "", &mut found.unknown);
                return found;
            }
            Err(error) => error.to_string(),
        };
        let (pointer, path) = culprit::<T>(&body);
        let Some(value) = body.pointer(&pointer) else { return found };
        if pointer.is_empty() {
            return found;
        }
        if !is_open(value) {
            let wanted = error.rsplit_once("expected ").map_or("another type", |(_, wanted)| word_of(wanted));
            found.refused.push(InvalidValue { path, what: format!("is {}, and {wanted} is required", shown(value)) });
        }
        remove(&mut body, &pointer);
    }
    found
}

fn word_of(wanted: &str) -> &str {
    match wanted.trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace()) {
        "i32" | "i64" | "u32" | "u64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other if other.chars().next().is_some_and(char::is_uppercase) => "a mapping",
        other => other,
    }
}

/// Finds the smallest value without which the object can be read: its JSON pointer, and its path.
fn culprit<T: DeserializeOwned>(body: &Value) -> (String, String) {
    // Where several values are at fault, `alone` is what is left of the object with the first of them.
    let (mut alone, mut inner) = (body.clone(), String::new());
    let (mut pointer, mut path) = (String::new(), String::new());
    while let Some(children) = alone.pointer(&inner).map(children) {
        // A list in the place of a mapping is at fault itself.
        if !reads_emptied::<T>(&alone, &inner) {
            return (pointer, path);
        }
        let reads_without = |key: &str| {
            let mut without = alone.clone();
            remove(&mut without, &format!("{inner}/{key}"));
            T::deserialize(&without).is_ok()
        };
        let next = match children.iter().find(|key| reads_without(key)) {
            Some(key) => (key.clone(), key.clone()),
            None => match children.iter().find_map(|key| only::<T>(&mut alone, &inner, key)) {
                Some(found) => found,
                None => return (pointer, path),
            },
        };
        let dot = if path.is_empty() { "" } else { "." };
        let is_list = body.pointer(&pointer).is_some_and(Value::is_array);
        path = if is_list { format!("{path}[{}]", next.0) } else { format!("{path}{dot}{}", unescaped(&next.0)) };
        pointer = format!("{pointer}/{}", next.0);
        inner = format!("{inner}/{}", next.1);
    }
    (pointer, path)
}

/// Tells whether an object can be read once a place in it has no children.
fn reads_emptied<T: DeserializeOwned>(alone: &Value, inner: &str) -> bool {
    let mut emptied = alone.clone();
    match emptied.pointer_mut(inner) {
        Some(Value::Object(fields)) => fields.clear(),
        Some(Value::Array(items)) => items.clear(),
        _ => return false,
    }
    T::deserialize(&emptied).is_ok()
}

/// Leaves one child of a place alone, if the object cannot be read with it: its key before and after.
fn only<T: DeserializeOwned>(alone: &mut Value, inner: &str, key: &str) -> Option<(String, String)> {
    let mut left = alone.clone();
    let place = left.pointer_mut(inner)?;
    let (kept, after) = match place {
        Value::Object(fields) => {
            let name = unescaped(key);
            (Value::Object([(name.clone(), fields.get(&name)?.clone())].into_iter().collect()), key.to_owned())
        }
        Value::Array(items) => (Value::Array(vec![items.get(key.parse::<usize>().ok()?)?.clone()]), "0".to_owned()),
        _ => return None,
    };
    *place = kept;
    if T::deserialize(&left).is_ok() {
        return None;
    }
    *alone = left;
    Some((key.to_owned(), after))
}

/// Lists the keys of a value's children, as parts of a JSON pointer.
fn children(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields.keys().map(|key| key.replace('~', "~0").replace('/', "~1")).collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

fn remove(body: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match body.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.shift_remove(&unescaped(last));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = last.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// Collects the fields of the first that the second lacks.
fn lost(own: &Value, back: &Value, path: &str, found: &mut Vec<String>) {
    match (own, back) {
        (Value::Object(fields), Value::Object(known)) => {
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{key}");
                match known.get(key) {
                    Some(back) => lost(value, back, &path, found),
                    // Decryption removes the block of sops.
                    None if path == "sops" => {}
                    None => found.push(path),
                }
            }
        }
        (Value::Array(items), Value::Array(known)) if items.len() == known.len() => {
            for (index, (item, back)) in items.iter().zip(known).enumerate() {
                lost(item, back, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::yaml;

    fn said(text: &str) -> Vec<String> {
        let body: serde_json::Value = yaml::from_str(text).unwrap();
        let found = read(&body);
        let refused = found.refused.into_iter().map(|one| format!("{} {}", one.path, one.what));
        found.unknown.into_iter().map(|path| format!("{path}?")).chain(refused).collect()
    }

    #[test]
    fn what_the_types_do_not_know_is_found_at_its_place() {
        let deployment = |container: &str, spec: &str| {
            format!(
                "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: a, {container}}}]}}}}{spec}}}}}"
            )
        };
        let here = "spec.template.spec.containers[0]";
        for (container, spec, wanted) in [
            ("image: a", "", vec![]),
            ("image: a, resources: {limits: {cpu: 1, memory: 1Gi}}, ports: [{containerPort: 80}]", "", vec![]),
            ("livenessProbe: {httpGet: {port: http}}, env: [{name: A, value: \"\"}]", "", vec![]),
            ("imagePulPolicy: Always", "", vec![format!("{here}.imagePulPolicy?")]),
            (
                "ports: [{containerPort: \"80\"}]",
                "",
                vec![format!("{here}.ports[0].containerPort is \"80\", and a whole number is required")],
            ),
            (
                "env: [{name: A, value: 5}, {name: B, value: true}]",
                "",
                vec![
                    format!("{here}.env[0].value is 5, and a text is required"),
                    format!("{here}.env[1].value is true, and a text is required"),
                ],
            ),
            (
                "image: a",
                ", replicas: \"2\"",
                vec!["spec.replicas is \"2\", and a whole number is required".to_owned()],
            ),
            ("image: a", ", replicas: \"${N}\"", vec![]),
            ("command: run", "", vec![format!("{here}.command is \"run\", and a list is required")]),
            (
                "volumeMounts: {name: a}",
                "",
                vec![format!("{here}.volumeMounts is {{\"name\":\"a\"}}, and a list is required")],
            ),
        ] {
            assert_eq!(said(&deployment(container, spec)), wanted, "{container} {spec}");
        }
        assert_eq!(
            said("{apiVersion: example.org/v1, kind: Any, metadata: {name: a, lables: {}}, any: thing}"),
            ["metadata.lables?"]
        );
        assert_eq!(
            said("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: no base64}, stringDta: {}}"),
            ["stringDta?"]
        );
        let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, creationTimestamp: null}, spec: {podSelector: {}, ingress: [{}], policyTypes: [Ingress]}}";
        assert_eq!(said(policy), Vec::<String>::new());
    }
}
