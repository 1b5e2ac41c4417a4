//! Whether the cluster holds what Git says: a secret's values compared with the live Secret's by hash, in memory; and who uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Reach;
use crate::cluster::{Cluster, LiveSecret};
use crate::model::{Env, Fault, FaultKind, ObjectRef};
use crate::repo::secrets::SecretEntry;
use crate::sops::{self, IdentitySources, Opened, Segment};

/// Says how one key stands in Git and in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Both have the same value.
    Same,
    /// Both have it, with different values.
    Differs,
    /// Only Git has it.
    OnlyGit,
    /// Only the cluster has it.
    OnlyLive,
}

impl KeyState {
    /// Returns the words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::OnlyGit => "only in Git",
            Self::OnlyLive => "only live",
        }
    }

    /// Returns a sign, so that it does not rest on colour alone.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Differs => "x",
            Self::OnlyGit => "+",
            Self::OnlyLive => "-",
        }
    }
}

/// Says how a secret of the repository stands in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The live Secret was read: each key.
    Compared(Vec<(String, KeyState)>),
    /// There is no such Secret in the cluster.
    Missing,
    /// It makes no Secret, or nobody reads it, so there is nothing to compare.
    Nothing(&'static str),
    /// One of the two sides could not be read.
    Unknown(Fault),
}

impl Standing {
    /// Says in a few words how it stands.
    pub fn words(&self) -> String {
        match self {
            Self::Compared(keys) => {
                let count = |wanted| keys.iter().filter(|(_, state)| *state == wanted).count();
                let others = [KeyState::Differs, KeyState::OnlyGit, KeyState::OnlyLive];
                let told = others.into_iter().filter(|state| count(*state) > 0);
                let told: Vec<String> = told.map(|state| format!("{} {}", count(state), state.words())).collect();
                if told.is_empty() { "same".to_owned() } else { told.join(", ") }
            }
            Self::Missing => "not in the cluster".to_owned(),
            Self::Nothing(why) => (*why).to_owned(),
            Self::Unknown(fault) => match fault.kind {
                FaultKind::Undecryptable => "no key at hand".to_owned(),
                FaultKind::Unreachable => "no cluster".to_owned(),
                _ => "unknown".to_owned(),
            },
        }
    }

    /// Tells whether Git and the cluster agree; `None` where that is not known.
    pub fn agrees(&self) -> Option<bool> {
        match self {
            Self::Compared(keys) => Some(keys.iter().all(|(_, state)| *state == KeyState::Same)),
            Self::Missing => Some(false),
            Self::Nothing(_) | Self::Unknown(_) => None,
        }
    }
}

type Hash = [u8; 32];

/// Compares one secret of the repository with the cluster's. Nothing but what it says is kept.
pub async fn compare(reach: &Reach, env: Env, entry: &SecretEntry) -> Standing {
    if !entry.is_object() {
        return Standing::Nothing("no Secret of its own");
    }
    if entry.kustomization.is_none() {
        return Standing::Nothing("no Kustomization reads it");
    }
    let git = async {
        let (path, file, document) = (reach.file(&entry.file)?, entry.file.clone(), entry.document);
        // Nobody asked for this file by name, so it asks nothing either.
        let sources: Vec<_> = reach.identities.get(env).into_iter().map(IdentitySources::quietly).collect();
        let encrypted = entry.encrypted;
        reach
            .away(move || {
                if !encrypted {
                    return plain(&path, document);
                }
                let unlocked = sops::unlock(&path, &file, None, &sources).map_err(|locked| locked.fault)?;
                Ok(of_opened(&unlocked.opened, document))
            })
            .await?
    };
    let live = async {
        let namespace = if entry.namespace.is_empty() { "default" } else { &entry.namespace };
        reach.cluster(env)?.secret(namespace, &entry.name).await
    };
    let (git, live) = futures::future::join(git, live).await;
    match (git, live) {
        (Err(fault), _) | (_, Err(fault)) => Standing::Unknown(fault),
        (_, Ok(None)) => Standing::Missing,
        (Ok(git), Ok(Some(live))) => Standing::Compared(states(&git, &of_live(&live))),
    }
}

fn states(git: &BTreeMap<String, Hash>, live: &BTreeMap<String, Hash>) -> Vec<(String, KeyState)> {
    let mut found: Vec<(String, KeyState)> = git
        .iter()
        .map(|(key, hash)| {
            let state = match live.get(key) {
                Some(other) if other == hash => KeyState::Same,
                Some(_) => KeyState::Differs,
                None => KeyState::OnlyGit,
            };
            (key.clone(), state)
        })
        .collect();
    let only = live.keys().filter(|key| !git.contains_key(*key));
    found.extend(only.map(|key| (key.clone(), KeyState::OnlyLive)));
    found
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

fn of_live(live: &LiveSecret) -> BTreeMap<String, Hash> {
    live.values.iter().map(|(key, value)| (key.clone(), hash(value))).collect()
}

/// Hashes the values that the API server would make of a document: `stringData` over `data`, decoded.
pub fn of_opened(opened: &Opened, document: usize) -> BTreeMap<String, Hash> {
    let mut found = BTreeMap::new();
    for block in ["data", "stringData"] {
        for entry in opened.entries().iter().filter(|entry| entry.document == document) {
            if let [Segment::Key(first), Segment::Key(key)] = entry.path.segments()
                && first == block
            {
                let decoded = entry.bytes().map(zeroize::Zeroizing::new);
                let bytes = decoded.as_ref().map_or(entry.secret.expose().as_bytes(), |bytes| bytes.as_slice());
                found.insert(key.clone(), hash(bytes));
            }
        }
    }
    found
}

/// Hashes the values of a plain manifest.
fn plain(path: &std::path::Path, document: usize) -> Result<BTreeMap<String, Hash>, Fault> {
    let failed = |why: String| Fault::failed(format!("cannot read {}", path.display()), why, "look at the file");
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let documents = crate::yaml::documents(&text).map_err(|error| failed(error.to_string()))?;
    let mut found = BTreeMap::new();
    let Some(body) = documents.get(document) else { return Ok(found) };
    for (block, encoded) in [("data", true), ("stringData", false)] {
        for (key, value) in body.get(block).and_then(|block| block.as_mapping()).into_iter().flatten() {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            // The API server passes over line ends (Go's encoding/base64).
            let joined = || STANDARD.decode(value.replace(['\n', '\r'], "")).unwrap_or_default();
            let bytes = if encoded { joined() } else { value.as_bytes().to_vec() };
            found.insert(key.to_owned(), hash(&bytes));
        }
    }
    Ok(found)
}

/// Says how an object uses a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The object.
    pub object: ObjectRef,
    /// How, such as `environment` or `volume`.
    pub how: &'static str,
    /// Whether its pods see a change only once they are started anew.
    pub restart: bool,
}

/// The kinds that may name a Secret, and are looked through.
const USERS: &[(&str, &str)] = &[
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("postgresql.cnpg.io", "Cluster"),
    ("postgresql.cnpg.io", "ScheduledBackup"),
    ("barmancloud.cnpg.io", "ObjectStore"),
    ("cert-manager.io", "Certificate"),
    ("cert-manager.io", "Issuer"),
    ("external-secrets.io", "ExternalSecret"),
    ("traefik.io", "IngressRoute"),
    ("traefik.io", "Middleware"),
];

/// Finds what uses a Secret in its namespace.
///
/// # Errors
/// When the cluster cannot be asked at all; kinds that it does not serve or may not list are left out.
pub async fn users(cluster: &Arc<Cluster>, namespace: &str, name: &str) -> Result<Vec<Use>, Fault> {
    let lists =
        USERS.iter().map(|(group, kind)| async move { (group, kind, cluster.objects(group, kind, namespace).await) });
    let mut found = Vec::new();
    for (group, kind, list) in futures::future::join_all(lists).await {
        let objects = match list {
            Ok(objects) => objects,
            Err(fault) if fault.kind == FaultKind::Unreachable => return Err(fault),
            Err(_) => continue,
        };
        for object in &objects {
            let owner = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let spec = object.get("spec").unwrap_or(&Value::Null);
            for (how, restart) in references(spec, name) {
                // Each run of a CronJob starts a pod anyway.
                let restart = restart && *kind != "CronJob";
                let object = ObjectRef::new(kind, group, namespace, owner);
                if !found.iter().any(|known: &Use| known.object == object && known.how == how) {
                    found.push(Use { object, how, restart });
                }
            }
        }
    }
    Ok(found)
}

/// Finds the places in a spec that name a Secret, whatever kind it is of: every API of Kubernetes and of its operators writes
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
                if key.to_ascii_lowercase().ends_with("secretname") && value.as_str() == Some(name) {
                    found.push(how(key, of_pod));
                }
                walk(value, key, name, of_pod, found);
            }
        }
        // The items of a list are what the list is called.
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

/// Says how a field uses a Secret. A pod reads its environment when it starts; a volume follows within a minute or two.
fn how(key: &str, of_pod: bool) -> (&'static str, bool) {
    match key {
        "secretKeyRef" | "secretRef" if of_pod => ("environment", true),
        "secretName" | "secret" if of_pod => ("volume", false),
        "imagePullSecrets" => ("image pull", false),
        "valuesFrom" => ("values", false),
        _ => ("reference", false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{KeyState, Standing, hash, references, states};

    #[test]
    fn each_key_is_told_apart() {
        let side = |keys: &[(&str, &str)]| {
            keys.iter().map(|(key, value)| ((*key).to_owned(), hash(value.as_bytes()))).collect()
        };
        let found = states(&side(&[("a", "1"), ("b", "2"), ("c", "3")]), &side(&[("a", "1"), ("b", "9"), ("d", "4")]));
        let expected =
            [("a", KeyState::Same), ("b", KeyState::Differs), ("c", KeyState::OnlyGit), ("d", KeyState::OnlyLive)];
        assert_eq!(found, expected.map(|(key, state)| (key.to_owned(), state)));
        let standing = Standing::Compared(found);
        assert_eq!(
            (standing.words().as_str(), standing.agrees()),
            ("1 differs, 1 only in Git, 1 only live", Some(false))
        );
    }

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
        let ingress = json!({"tls": [{"secretName": "db"}], "rules": [{"host": "db"}]});
        assert_eq!(references(&ingress, "db"), [("reference", false)]);
        assert!(references(&json!({"containers": [{"name": "db"}]}), "db").is_empty());
    }
}
