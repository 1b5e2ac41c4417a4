//! The users of a Secret: the places in objects that name one, and those that the manifests of the repository show
//! without a cluster.

use serde_json::Value;

use super::contents;
use super::snapshot::Snapshot;
use crate::model::ObjectRef;
use crate::model::known;
use crate::yaml;

/// Describes how an object uses a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The object.
    pub object: ObjectRef,
    /// The use, such as `environment` or `volume`.
    pub how: &'static str,
    /// Whether its pods see a change only after a restart.
    pub restart: bool,
}

/// The searched kinds, which may name a Secret.
const USERS: &[(&str, &str)] = &[
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    (known::HELM, "HelmRelease"),
    ("postgresql.cnpg.io", "Cluster"),
    ("postgresql.cnpg.io", "ScheduledBackup"),
    ("barmancloud.cnpg.io", "ObjectStore"),
    ("cert-manager.io", "Certificate"),
    ("cert-manager.io", "Issuer"),
    ("external-secrets.io", "ExternalSecret"),
    ("traefik.io", "IngressRoute"),
    ("traefik.io", "Middleware"),
    (known::SOURCE, "GitRepository"),
    (known::SOURCE, "HelmRepository"),
    (known::SOURCE, "OCIRepository"),
    (known::KUSTOMIZE, "Kustomization"),
    (known::NOTIFICATION, "Provider"),
    (known::NOTIFICATION, "Receiver"),
    (known::IMAGE, "ImageRepository"),
    (CERT_MANAGER, CLUSTER_ISSUER),
];

const CERT_MANAGER: &str = "cert-manager.io";
const CLUSTER_ISSUER: &str = "ClusterIssuer";

/// Returns the kinds that may name a Secret of a namespace, and the namespace to look for them in. A `ClusterIssuer`
/// has none, and finds its Secrets in cert-manager's own (its `--cluster-resource-namespace`).
pub fn kinds(namespace: &str) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
    let fits = move |kind: &str| kind != CLUSTER_ISSUER || namespace == "cert-manager";
    let within = move |kind: &str| if kind == CLUSTER_ISSUER { "" } else { namespace };
    USERS.iter().filter(move |(_, kind)| fits(kind)).map(move |(group, kind)| (*group, *kind, within(kind)))
}

impl Use {
    /// Adds each use of the named Secret by an object, once.
    pub fn collect(body: &Value, object: &ObjectRef, name: &str, found: &mut Vec<Self>) {
        for (how, restart) in references(body.get("spec").unwrap_or(&Value::Null), name) {
            // Each run of a CronJob starts a pod anyway.
            let restart = restart && object.kind != "CronJob";
            if !found.iter().any(|known| known.object == *object && known.how == how) {
                found.push(Self { object: object.clone(), how, restart });
            }
        }
    }
}

/// Finds the users of a Secret in the manifests of an environment; objects of charts are not among them.
pub fn declared(snapshot: &Snapshot, env: &str, namespace: &str, name: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for feed in snapshot.feeds.iter().filter(|feed| feed.env == env) {
        let may_use = feed.declared.iter().filter(|declared| {
            let object = &declared.object;
            kinds(namespace).any(|(group, kind, _)| object.kind == kind && object.group == group)
                && (object.namespace == namespace || object.namespace.is_empty() || namespace.is_empty())
        });
        for declared in may_use {
            let Ok(text) = contents::text(&snapshot.root, &declared.file) else { continue };
            // Most files name no Secret at all, and parsing YAML takes a hundred times as long as a text search.
            if !text.contains(name) {
                continue;
            }
            let documents = yaml::documents(&text).unwrap_or_default();
            let is_it = |body: &&yaml::Value| {
                let text =
                    |value: Option<&yaml::Value>| value.and_then(yaml::Value::as_str).unwrap_or_default().to_owned();
                text(body.get("kind")) == declared.object.kind
                    && text(body.get("metadata").and_then(|metadata| metadata.get("name"))) == declared.object.name
            };
            for body in documents.iter().filter(is_it) {
                let body = serde_json::to_value(body).unwrap_or_default();
                Use::collect(&body, &declared.object, name, &mut found);
            }
        }
    }
    found
}

/// Finds the places in a spec that name a Secret, for every kind: all APIs of Kubernetes and of its operators use
/// `secretName`, `…SecretRef: {name}`, `secretKeyRef: {name}`, `secret: {name}`, or `kind: Secret` beside the name.
fn references(spec: &Value, name: &str) -> Vec<(&'static str, bool)> {
    let mut found = Vec::new();
    walk(spec, "", name, false, &mut found);
    found
}

fn walk(value: &Value, key: &str, name: &str, of_pod: bool, found: &mut Vec<(&'static str, bool)>) {
    match value {
        Value::Object(fields) => {
            let of_pod = of_pod || fields.contains_key("containers");
            if fields.contains_key("containers") && is_mounted_in_part(value, name) {
                found.push(("part of a volume", true));
            }
            let named = fields.get("name").and_then(Value::as_str) == Some(name);
            let lower = key.to_ascii_lowercase();
            let is_secret = lower.contains("secret") || fields.get("kind").and_then(Value::as_str) == Some("Secret");
            if named && is_secret {
                found.push(how(key, of_pod));
            }
            for (key, value) in fields {
                let lower = key.to_ascii_lowercase();
                // Charts use `existingSecret: NAME`.
                if ["secretname", "secret", "secretref"].iter().any(|end| lower.ends_with(end))
                    && value.as_str() == Some(name)
                {
                    found.push(how(key, of_pod));
                }
                walk(value, key, name, of_pod, found);
            }
        }
        // The items of a list go by the list's key.
        Value::Array(items) => items.iter().for_each(|item| walk(item, key, name, of_pod, found)),
        _ => {}
    }
}

/// Tells whether a container mounts one key of the Secret by `subPath`: such a file never follows a change.
fn is_mounted_in_part(pod: &Value, name: &str) -> bool {
    let list = |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let of_secret = |volume: &Value| volume.pointer("/secret/secretName").and_then(Value::as_str) == Some(name);
    let volumes: Vec<Value> = list(pod, "volumes").into_iter().filter(of_secret).collect();
    let containers = list(pod, "containers").into_iter().chain(list(pod, "initContainers"));
    containers.flat_map(|container| list(&container, "volumeMounts")).any(|mount| {
        mount.get("subPath").is_some() && volumes.iter().any(|volume| volume.get("name") == mount.get("name"))
    })
}

/// Names the use of a Secret by a field. A pod reads its environment when it starts; a volume follows within a minute
/// or two.
fn how(key: &str, of_pod: bool) -> (&'static str, bool) {
    match key {
        "secretKeyRef" | "secretRef" if of_pod => ("environment", true),
        "secretName" | "secret" if of_pod => ("volume", false),
        "imagePullSecrets" => ("image pull", false),
        "valuesFrom" => ("values", false),
        _ if key.to_ascii_lowercase().starts_with("existing") => ("the chart's values", false),
        _ => ("reference", false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{declared, references};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;

    #[test]
    fn every_way_to_name_a_secret_is_found_and_other_names_are_not() {
        let pod = json!({"template": {"spec": {
            "containers": [{"name": "db", "envFrom": [{"secretRef": {"name": "db"}}], "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "a"}}}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "db"}}],
            "imagePullSecrets": [{"name": "db"}],
        }}});
        assert_eq!(
            references(&pod, "db"),
            [("environment", true), ("environment", true), ("volume", false), ("image pull", false)]
        );
        let part = json!({
            "containers": [{"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "key"}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "db"}}],
        });
        assert_eq!(references(&part, "db"), [("part of a volume", true), ("volume", false)]);
        let cluster =
            json!({"bootstrap": {"initdb": {"secret": {"name": "db"}}}, "superuserSecret": {"name": "other"}});
        assert_eq!(references(&cluster, "db"), [("reference", false)]);
        let release = json!({"valuesFrom": [{"kind": "Secret", "name": "db"}, {"kind": "ConfigMap", "name": "db"}]});
        assert_eq!(references(&release, "db"), [("values", false)]);
        let chart = json!({"values": {"grafana": {"admin": {"existingSecret": "db", "userKey": "db"}}}});
        assert_eq!(references(&chart, "db"), [("the chart's values", false)]);
        let ingress = json!({"tls": [{"secretName": "db"}], "rules": [{"host": "db"}]});
        assert_eq!(references(&ingress, "db"), [("reference", false)]);
        assert!(references(&json!({"containers": [{"name": "db"}]}), "db").is_empty());
    }

    #[test]
    fn manifests_tell_who_uses_a_secret_without_a_cluster() {
        let repository = TestRepository::new();
        repository.write("clusters/staging/apps.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps\n");
        repository.write("apps/kustomization.yaml", "namespace: web\nresources: [one.yaml, two.yaml]\n");
        let deployment = |name: &str, secret: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: main\n        envFrom:\n        - secretRef:\n            name: {secret}\n"
            )
        };
        repository.write("apps/one.yaml", &deployment("one", "db"));
        repository.write("apps/two.yaml", &format!("{}---\n{}", deployment("two", "other"), deployment("three", "db")));
        repository.commit("begin");
        let snapshot = Snapshot::load(repository.path());
        let found = |env, namespace, name| {
            let found = declared(&snapshot, env, namespace, name).into_iter();
            found.map(|one| format!("{} {} {}", one.object, one.how, one.restart)).collect::<Vec<_>>()
        };
        assert_eq!(
            found("staging", "web", "db"),
            ["Deployment/web/one environment true", "Deployment/web/three environment true"]
        );
        assert!(found("staging", "elsewhere", "db").is_empty());
        assert!(found("production", "web", "db").is_empty());
    }
}
