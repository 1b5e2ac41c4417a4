//! What the API server judges in Kubernetes' own kinds beside their types: words, names, quantities, required fields
//! and keys of lists (k8s.io/kubernetes, `pkg/apis/*/validation`).

use std::collections::HashSet;

use serde_json::Value;

use super::schema::{InvalidValue, is_open, shown};
use crate::model::quantity;
use crate::yaml::expression;
use crate::yaml::manifest::at;

/// Where the pods of a kind are described.
fn pod_of(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" => Some("spec"),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => Some("spec.template.spec"),
        "CronJob" => Some("spec.jobTemplate.spec.template.spec"),
        _ => None,
    }
}

/// The groups whose kinds are judged here.
const GROUPS: [&str; 8] = [
    "v1",
    "apps/v1",
    "batch/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "storage.k8s.io/v1",
    "autoscaling/v2",
];

const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];

/// The words that a field allows: the kind, the field, the words.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("Service", "spec.type", &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
    ("Service", "spec.ports[].protocol", PROTOCOLS),
    ("Service", "spec.externalTrafficPolicy", &["Cluster", "Local"]),
    ("Service", "spec.internalTrafficPolicy", &["Cluster", "Local"]),
    ("Service", "spec.sessionAffinity", &["None", "ClientIP"]),
    ("Service", "spec.ipFamilyPolicy", &["SingleStack", "PreferDualStack", "RequireDualStack"]),
    ("Deployment", "spec.strategy.type", &["Recreate", "RollingUpdate"]),
    ("StatefulSet", "spec.updateStrategy.type", &["OnDelete", "RollingUpdate"]),
    ("StatefulSet", "spec.podManagementPolicy", &["OrderedReady", "Parallel"]),
    ("DaemonSet", "spec.updateStrategy.type", &["OnDelete", "RollingUpdate"]),
    ("CronJob", "spec.concurrencyPolicy", &["Allow", "Forbid", "Replace"]),
    ("PersistentVolumeClaim", "spec.accessModes[]", MODES),
    ("PersistentVolumeClaim", "spec.volumeMode", &["Filesystem", "Block"]),
    ("PersistentVolume", "spec.accessModes[]", MODES),
    ("PersistentVolume", "spec.persistentVolumeReclaimPolicy", &["Retain", "Recycle", "Delete"]),
    ("StorageClass", "reclaimPolicy", &["Retain", "Delete"]),
    ("StorageClass", "volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]),
    ("Ingress", "spec.rules[].http.paths[].pathType", &["Exact", "Prefix", "ImplementationSpecific"]),
    ("NetworkPolicy", "spec.policyTypes[]", &["Ingress", "Egress"]),
    ("NetworkPolicy", "spec.ingress[].ports[].protocol", PROTOCOLS),
    ("NetworkPolicy", "spec.egress[].ports[].protocol", PROTOCOLS),
    ("Deployment", "spec.template.spec.restartPolicy", &["Always"]),
    ("StatefulSet", "spec.template.spec.restartPolicy", &["Always"]),
    ("DaemonSet", "spec.template.spec.restartPolicy", &["Always"]),
    ("Job", "spec.template.spec.restartPolicy", &["Never", "OnFailure"]),
    ("CronJob", "spec.jobTemplate.spec.template.spec.restartPolicy", &["Never", "OnFailure"]),
    ("Pod", "spec.restartPolicy", &["Always", "Never", "OnFailure"]),
];

const MODES: &[&str] = &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// The words of fields below every pod.
const POD_WORDS: &[(&str, &[&str])] = &[
    ("containers[].imagePullPolicy", &["Always", "Never", "IfNotPresent"]),
    ("initContainers[].imagePullPolicy", &["Always", "Never", "IfNotPresent"]),
    ("containers[].ports[].protocol", PROTOCOLS),
    ("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("tolerations[].operator", &["Exists", "Equal", "Lt", "Gt"]),
    ("tolerations[].effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]),
    ("topologySpreadConstraints[].whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]),
];

/// The fields that an object must have: the kind, the holder, the field.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("Deployment", "spec", "selector"),
    ("StatefulSet", "spec", "selector"),
    ("DaemonSet", "spec", "selector"),
    ("Job", "spec.template.spec", "restartPolicy"),
    ("CronJob", "spec", "schedule"),
    ("CronJob", "spec.jobTemplate.spec.template.spec", "restartPolicy"),
    ("PersistentVolumeClaim", "spec", "accessModes"),
    ("PersistentVolumeClaim", "spec.resources.requests", "storage"),
    ("Ingress", "spec.rules[].http.paths[]", "pathType"),
    ("RoleBinding", "", "roleRef"),
    ("ClusterRoleBinding", "", "roleRef"),
    ("StorageClass", "", "provisioner"),
];

/// The quantities of a kind.
const QUANTITIES: &[(&str, &str)] = &[
    ("PersistentVolumeClaim", "spec.resources.requests.*"),
    ("PersistentVolume", "spec.capacity.*"),
    ("ResourceQuota", "spec.hard.*"),
    ("StatefulSet", "spec.volumeClaimTemplates[].spec.resources.requests.*"),
];

const POD_QUANTITIES: &[&str] = &[
    "containers[].resources.requests.*",
    "containers[].resources.limits.*",
    "initContainers[].resources.requests.*",
    "initContainers[].resources.limits.*",
    "volumes[].emptyDir.sizeLimit",
];

/// The lists whose entries are told apart by their keys: below a pod, and of kinds. A server-side apply, which Flux
/// does, refuses two entries of one key, where a client-side one lets the last count.
const POD_KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("volumes", &["name"]),
    ("containers[].env", &["name"]),
    ("initContainers[].env", &["name"]),
    ("containers[].ports", &["containerPort", "protocol"]),
    ("containers[].volumeMounts", &["mountPath"]),
    ("initContainers[].volumeMounts", &["mountPath"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
];

const KEYS: &[(&str, &str, &[&str])] = &[
    ("Service", "spec.ports", &["port", "protocol"]),
    ("ServiceAccount", "imagePullSecrets", &["name"]),
    ("ServiceAccount", "secrets", &["name"]),
];

/// Finds the values at a path such as `spec.ports[].protocol` (`.*` is every field), each with its own path.
fn select<'a>(value: &'a Value, path: &str) -> Vec<(String, &'a Value)> {
    let mut found = vec![(String::new(), value)];
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        let (name, is_list) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
        let mut next = Vec::new();
        for (above, value) in found {
            let dot = if above.is_empty() { "" } else { "." };
            for (key, value) in value.as_object().into_iter().flatten() {
                if name != "*" && name != key {
                    continue;
                }
                let own = format!("{above}{dot}{key}");
                match value.as_array().filter(|_| is_list) {
                    Some(items) => {
                        next.extend(items.iter().enumerate().map(|(index, item)| (format!("{own}[{index}]"), item)));
                    }
                    None if is_list => {}
                    None => next.push((own, value)),
                }
            }
        }
        found = next;
    }
    found
}

/// Finds what the API server refuses in an object's words, names and quantities.
pub(super) fn refused(body: &Value) -> Vec<InvalidValue> {
    let word = |pointer: &str| at(body, pointer).as_str().unwrap_or_default();
    let (version, kind) = (word("/apiVersion"), word("/kind"));
    let mut found = Vec::new();
    labels(body, &mut found);
    name(body, version, kind, &mut found);
    if !GROUPS.contains(&version) {
        return found;
    }
    let mut refuse = |path: String, what: String| found.push(InvalidValue { path, what });
    let in_pod = |own: &str| pod_of(kind).map(|pod| format!("{pod}.{own}"));
    let words = WORDS.iter().filter(|(own, _, _)| *own == kind).map(|(_, path, words)| ((*path).to_owned(), *words));
    let below = POD_WORDS.iter().filter_map(|(path, words)| Some((in_pod(path)?, *words)));
    for (path, words) in words.chain(below) {
        for (path, value) in select(body, &path) {
            if value.as_str().is_some_and(|own| !words.contains(&own)) && !is_open(value) {
                refuse(path, format!("is {}, and only {} are allowed", shown(value), words.join(", ")));
            }
        }
    }
    for (_, holder, field) in REQUIRED.iter().filter(|(own, _, _)| *own == kind) {
        for (path, value) in select(body, holder) {
            if value.is_object() && value.get(field).is_none_or(Value::is_null) {
                let dot = if path.is_empty() { "" } else { "." };
                refuse(format!("{path}{dot}{field}"), "is missing, and required".to_owned());
            }
        }
    }
    let own = QUANTITIES.iter().filter(|(own, _)| *own == kind).map(|(_, path)| (*path).to_owned());
    for path in own.chain(POD_QUANTITIES.iter().filter_map(|path| in_pod(path))) {
        for (path, value) in select(body, &path) {
            let is_quantity = value.as_str().is_none_or(|text| quantity(text).is_some());
            if !is_quantity && !is_open(value) {
                refuse(path, format!("is {}, which is no quantity such as 500m or 1Gi", shown(value)));
            }
        }
    }
    if kind == "Service" {
        let ports = select(body, "spec.ports[]");
        for (path, port) in ports.iter().filter(|_| ports.len() > 1) {
            if port.get("name").is_none() {
                refuse(format!("{path}.name"), "is missing, and required where there are several ports".to_owned());
            }
        }
    }
    if let Some(schedule) = at(body, "/spec/schedule").as_str().filter(|_| kind == "CronJob")
        && !schedule.contains("${")
        && !is_schedule(schedule)
    {
        refuse("spec.schedule".to_owned(), format!("is {schedule:?}, which is no schedule of five fields"));
    }
    if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        let labels = at(body, "/spec/template/metadata/labels");
        let wanted = at(body, "/spec/selector/matchLabels");
        for (key, value) in wanted.as_object().into_iter().flatten() {
            if labels.get(key) != Some(value) && value.is_string() && labels.get(key).is_none_or(Value::is_string) {
                let what = format!("is {}, and the labels of the pod template do not have it", shown(value));
                refuse(format!("spec.selector.matchLabels.{key}"), what);
            }
        }
    }
    found
}

/// Finds the entries of lists that have the key of an earlier one: the path of the list, and the key.
pub(super) fn doubled(body: &Value) -> Vec<(String, String)> {
    let word = |pointer: &str| at(body, pointer).as_str().unwrap_or_default();
    let (version, kind) = (word("/apiVersion"), word("/kind"));
    if !GROUPS.contains(&version) {
        return Vec::new();
    }
    let own = KEYS.iter().filter(|(own, _, _)| *own == kind).map(|(_, path, keys)| ((*path).to_owned(), *keys));
    let below = POD_KEYS.iter().filter_map(|(path, keys)| Some((format!("{}.{path}", pod_of(kind)?), *keys)));
    let mut found = Vec::new();
    for (path, keys) in own.chain(below) {
        for (path, value) in select(body, &path) {
            let mut known = HashSet::new();
            for item in value.as_array().into_iter().flatten() {
                let words: Vec<String> = keys.iter().filter_map(|key| key_of(item, key)).collect();
                if words.len() == keys.len() && !known.insert(words.clone()) {
                    found.push((path.clone(), words.join(",")));
                }
            }
        }
    }
    found
}

/// Returns `name="A"` as the API server writes it; a port's protocol is TCP where none is named.
fn key_of(item: &Value, key: &str) -> Option<String> {
    let value = match item.get(key) {
        Some(value) => shown(value),
        None if key == "protocol" => "\"TCP\"".to_owned(),
        None => return None,
    };
    Some(format!("{key}={value}"))
}

/// Tells whether a text is a schedule: five fields, or a word such as `@daily`; a zone may stand before it.
fn is_schedule(text: &str) -> bool {
    let text = text.trim();
    let text = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
        Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest.trim()),
        None => text,
    };
    if let Some(word) = text.strip_prefix('@') {
        let every =
            |word: &str| word.strip_prefix("every ").is_some_and(|rest| fits(r"^([0-9.]+(ns|us|ms|s|m|h))+$", rest));
        return ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"].contains(&word)
            || every(word);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == 5
        && fields
            .iter()
            .zip([(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)])
            .all(|(field, (least, most))| field.split(',').all(|part| is_range(part, least, most)))
}

/// Tells whether a part of a schedule's field is `*`, a number, a range or a step of them; names stand for months and
/// days.
fn is_range(part: &str, least: u32, most: u32) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let number = |word: &str| match word.parse::<u32>() {
        Ok(number) => (least..=most).contains(&number),
        Err(_) => most < 13 && fits("^[A-Za-z]{3}$", word),
    };
    let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
    is_step && (matches!(range, "*" | "?") || range.split('-').count() <= 2 && range.split('-').all(number))
}

fn fits(pattern: &str, text: &str) -> bool {
    expression::compile(pattern).is_ok_and(|known| known.is_match(text))
}

/// A label's value, and the part of its key behind the slash.
const LABEL: &str = "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";

/// A name as most objects have it.
const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

fn labels(body: &Value, found: &mut Vec<InvalidValue>) {
    let template =
        [("metadata.labels", true), ("metadata.annotations", false), ("spec.template.metadata.labels", true)];
    for (path, is_label) in template {
        let pointer = format!("/{}", path.replace('.', "/"));
        for (key, value) in at(body, &pointer).as_object().into_iter().flatten() {
            let (prefix, name) =
                key.split_once('/').map_or((None, key.as_str()), |(prefix, name)| (Some(prefix), name));
            let is_key = fits(LABEL, name)
                && prefix.is_none_or(|prefix| prefix.len() <= 253 && fits(SUBDOMAIN, &prefix.to_lowercase()));
            let path = format!("{path}.{key}");
            if !is_key && !key.contains("${") {
                let what = "is no key: at most 63 letters, digits, -, _ and ., behind a domain and a slash or alone";
                found.push(InvalidValue { path, what: what.to_owned() });
            } else if let Some(own) = value.as_str().filter(|own| is_label && !own.is_empty() && !fits(LABEL, own))
                && !is_open(value)
            {
                let long = own.chars().count();
                let what = if long > 63 {
                    format!("has {long} characters, and at most 63 are allowed")
                } else {
                    format!("is {}, and only letters, digits, -, _ and . are allowed", shown(value))
                };
                found.push(InvalidValue { path, what });
            }
        }
    }
}

fn name(body: &Value, version: &str, kind: &str, found: &mut Vec<InvalidValue>) {
    let own = at(body, "/metadata/name");
    let Some(name) = own.as_str().filter(|_| !is_open(own)) else { return };
    // Names of roles may hold colons.
    if version.starts_with("rbac.authorization.k8s.io/") {
        return;
    }
    let most = match (version, kind) {
        ("v1", "Namespace" | "Service") => 63,
        ("batch/v1", "CronJob") => 52,
        _ => 253,
    };
    let is_label = most == 63;
    let mut refuse = |what: String| found.push(InvalidValue { path: "metadata.name".to_owned(), what });
    if name.len() > most {
        refuse(format!("has {} characters, and at most {most} are allowed", name.len()));
    } else if !fits(SUBDOMAIN, name) || is_label && name.contains('.') {
        let dot = if is_label { "" } else { ", ." };
        refuse(format!(
            "is {name:?}, and only small letters, digits and -{dot} are allowed, and a letter or digit at both ends"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{doubled, is_schedule, refused};
    use crate::yaml;

    fn said(text: &str) -> Vec<String> {
        let body: serde_json::Value = yaml::from_str(text).unwrap();
        refused(&body).into_iter().map(|one| one.path).collect()
    }

    #[test]
    fn schedules_are_read_as_the_server_reads_them() {
        for known in [
            "0 3 * * *",
            "*/5 * * * *",
            "0 0 1,15 * mon-fri",
            "@daily",
            "TZ=Europe/Berlin 0 3 * * *",
            "@every 1h30m",
            "0 3 ? * SUN",
        ] {
            assert!(is_schedule(known), "{known}");
        }
        for wrong in [
            "every day",
            "0 3 * *",
            "0 0 3 * * *",
            "60 * * * *",
            "0 24 * * *",
            "0 3 0 * *",
            "@sometimes",
            "*/0 * * * *",
            "1-2-3 * * * *",
        ] {
            assert!(!is_schedule(wrong), "{wrong}");
        }
    }

    #[test]
    fn words_names_and_required_fields_are_judged() {
        for (text, wanted) in [
            (
                "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancerr, ports: [{port: 80}]}}",
                vec!["spec.type"],
            ),
            (
                "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, name: a}, {port: 81}]}}",
                vec!["spec.ports[1].name"],
            ),
            ("{apiVersion: v1, kind: Service, metadata: {name: a.b}}", vec!["metadata.name"]),
            ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a.b}}", vec![]),
            ("{apiVersion: v1, kind: ConfigMap, metadata: {name: My_Config}}", vec!["metadata.name"]),
            ("{apiVersion: v1, kind: ConfigMap, metadata: {name: \"${NAME}\"}}", vec![]),
            ("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: \"System:a\"}}", vec![]),
            (
                "{apiVersion: example.org/v1, kind: Any, metadata: {name: a, labels: {a: b c, \"d e\": f, g/h: i, j: \"\"}}}",
                vec!["metadata.labels.a", "metadata.labels.d e"],
            ),
            (
                "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: []}}}}",
                vec!["spec.template.spec.restartPolicy"],
            ),
            (
                "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Always}}}}",
                vec!["spec.template.spec.restartPolicy"],
            ),
            (
                "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{http: {paths: [{path: /}]}}]}}",
                vec!["spec.rules[0].http.paths[0].pathType"],
            ),
            (
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}}}}",
                vec!["spec.selector.matchLabels.a"],
            ),
            (
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{imagePullPolicy: always, resources: {limits: {memory: 1GB, cpu: 1}}}]}}}}",
                vec![
                    "spec.template.spec.containers[0].imagePullPolicy",
                    "spec.template.spec.containers[0].resources.limits.memory",
                ],
            ),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
    }

    #[test]
    fn entries_of_one_key_are_found_as_server_side_apply_tells_them_apart() {
        let pod = |container: &str| {
            let text = format!("{{apiVersion: v1, kind: Pod, spec: {{containers: [{{name: a, {container}}}]}}}}");
            doubled(&yaml::from_str(&text).unwrap())
        };
        let here = "spec.containers[0]";
        assert_eq!(
            pod("env: [{name: A, value: a}, {name: B}, {name: A, value: b}]"),
            [(format!("{here}.env"), "name=\"A\"".to_owned())]
        );
        assert_eq!(
            pod("ports: [{containerPort: 80}, {containerPort: 80, protocol: TCP}]"),
            [(format!("{here}.ports"), "containerPort=80,protocol=\"TCP\"".to_owned())]
        );
        assert_eq!(pod("ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]"), []);
        assert_eq!(pod("volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /b}]"), []);
    }
}
