//! Whether the cluster holds what Git says: a secret's values compared with the live Secret's by hash, in memory; and who uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::app::TaskContext;
use crate::cluster::{Cluster, LiveSecret};
use crate::model::{Env, Fault, FaultKind, ObjectRef};
use crate::repo::secrets::SecretEntry;
use crate::repo::users::{Use, kinds};
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
    pub fn description(self) -> &'static str {
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
pub enum SyncState {
    /// The live Secret was read: each key.
    Compared(Vec<(String, KeyState)>),
    /// There is no such Secret in the cluster.
    Missing,
    /// It makes no Secret, or nobody reads it, so there is nothing to compare.
    Nothing(&'static str),
    /// One of the two sides could not be read.
    Unknown(Fault),
}

impl SyncState {
    /// Says in a few words how it stands.
    pub fn description(&self) -> String {
        match self {
            Self::Compared(keys) => {
                let count = |wanted| keys.iter().filter(|(_, state)| *state == wanted).count();
                let others = [KeyState::Differs, KeyState::OnlyGit, KeyState::OnlyLive];
                let told = others.into_iter().filter(|state| count(*state) > 0);
                let told: Vec<String> = told.map(|state| format!("{} {}", count(state), state.description())).collect();
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
pub async fn compare(reach: &TaskContext, env: Env, entry: &SecretEntry) -> SyncState {
    if entry.generator.is_some() {
        return SyncState::Nothing("generated");
    }
    if !entry.is_object() {
        return SyncState::Nothing("no Secret of its own");
    }
    if entry.kustomization.is_none() {
        return SyncState::Nothing("no Kustomization reads it");
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
        (Err(fault), _) | (_, Err(fault)) => SyncState::Unknown(fault),
        (_, Ok(None)) => SyncState::Missing,
        (Ok(git), Ok(Some(live))) => SyncState::Compared(states(&git, &of_live(&live))),
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

/// No manifest is larger, in bytes.
const LARGEST: u64 = crate::files::MANIFEST_LIMIT;

/// Hashes the values of a plain manifest.
fn plain(path: &std::path::Path, document: usize) -> Result<BTreeMap<String, Hash>, Fault> {
    let failed = |why: String| Fault::failed(format!("cannot read {}", path.display()), why, "look at the file");
    let text = crate::files::text(path, LARGEST).map_err(|error| failed(error.to_string()))?;
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

/// Finds what uses a Secret in its namespace.
///
/// # Errors
/// When the cluster cannot be asked at all; kinds that it does not serve or may not list are left out.
pub async fn users(cluster: &Arc<Cluster>, namespace: &str, name: &str) -> Result<Vec<Use>, Fault> {
    let lists = kinds(namespace).map(|(group, kind, namespace)| async move {
        (group, kind, namespace, cluster.objects(group, kind, namespace).await)
    });
    let mut found = Vec::new();
    for (group, kind, namespace, list) in futures::future::join_all(lists).await {
        let objects = match list {
            Ok(objects) => objects,
            Err(fault) if fault.kind == FaultKind::Unreachable => return Err(fault),
            Err(_) => continue,
        };
        for object in &objects {
            let owner = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            Use::collect(object, &ObjectRef::new(kind, group, namespace, owner), name, &mut found);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{KeyState, SyncState, hash, states};

    #[test]
    fn each_key_is_told_apart() {
        let side = |keys: &[(&str, &str)]| {
            keys.iter().map(|(key, value)| ((*key).to_owned(), hash(value.as_bytes()))).collect()
        };
        let found = states(&side(&[("a", "1"), ("b", "2"), ("c", "3")]), &side(&[("a", "1"), ("b", "9"), ("d", "4")]));
        let expected =
            [("a", KeyState::Same), ("b", KeyState::Differs), ("c", KeyState::OnlyGit), ("d", KeyState::OnlyLive)];
        assert_eq!(found, expected.map(|(key, state)| (key.to_owned(), state)));
        let standing = SyncState::Compared(found);
        assert_eq!(
            (standing.description().as_str(), standing.agrees()),
            ("1 differs, 1 only in Git, 1 only live", Some(false))
        );
    }
}
