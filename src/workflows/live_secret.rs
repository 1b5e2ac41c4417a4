//! The comparison of Git and the cluster: a secret's values and the live Secret's by hash, in memory; and the users of
//! a Secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::app::TaskContext;
use crate::cluster::{Cluster, LiveSecret};
use crate::model::signs;
use crate::model::{Env, Fault, FaultKind, ObjectRef};
use crate::repo::secrets::SecretEntry;
use crate::repo::users::{Use, kinds};
use crate::sops::{self, IdentitySources, Opened, Segment};

/// Describes one key in Git and in the cluster.
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
    /// A program in the cluster fills it, as intended.
    Filled,
}

impl KeyState {
    /// Returns the words for it.
    pub fn description(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::OnlyGit => "only in Git",
            Self::OnlyLive => "only live",
            Self::Filled => "filled in",
        }
    }

    /// Tells whether it is in the intended state.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Same | Self::Filled)
    }

    /// Returns a sign, so that colour is never the only one.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Same | Self::Filled => signs::READY.sign,
            Self::Differs => signs::FAILED.sign,
            Self::OnlyGit => signs::ADDED.sign,
            Self::OnlyLive => signs::REMOVED.sign,
        }
    }
}

/// Describes a secret of the repository in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// The live Secret was read: the state of each key.
    Compared(Vec<(String, KeyState)>),
    /// There is no such Secret in the cluster.
    Missing,
    /// No Secret comes from it, or no Kustomization reads it, so there is nothing to compare.
    Nothing(&'static str),
    /// One of the two sides could not be read.
    Unknown(Fault),
}

impl SyncState {
    /// Returns the state in a few words.
    pub fn description(&self) -> String {
        match self {
            Self::Compared(keys) => {
                let count = |wanted| keys.iter().filter(|(_, state)| *state == wanted).count();
                let others = [KeyState::Differs, KeyState::OnlyGit, KeyState::OnlyLive];
                let told = others.into_iter().filter(|state| count(*state) > 0);
                let told: Vec<String> = told.map(|state| format!("{} {}", count(state), state.description())).collect();
                match (told.is_empty(), count(KeyState::Filled), keys.len()) {
                    (true, 0, _) => "same".to_owned(),
                    (true, filled, all) if filled == all => "filled in".to_owned(),
                    (true, filled, _) => format!("same, {filled} filled in"),
                    (false, ..) => told.join(", "),
                }
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

    /// Tells whether Git and the cluster agree; `None` if that is unknown.
    pub fn agrees(&self) -> Option<bool> {
        match self {
            Self::Compared(keys) => Some(keys.iter().all(|(_, state)| state.is_good())),
            Self::Missing => Some(false),
            Self::Nothing(_) | Self::Unknown(_) => None,
        }
    }
}

type Hash = [u8; 32];

/// Compares one secret of the repository with the cluster's. Keeps only the result.
pub async fn compare(task_context: &TaskContext, env: Env, entry: &SecretEntry) -> SyncState {
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
        let (path, file, document) = (task_context.file(&entry.file)?, entry.file.clone(), entry.document);
        // The user did not name this file, so it must not prompt.
        let sources: Vec<_> = task_context.identities.get(env).into_iter().map(IdentitySources::quietly).collect();
        let encrypted = entry.encrypted;
        task_context
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
        task_context.cluster(env)?.secret(namespace, &entry.name).await
    };
    let (git, live) = futures::future::join(git, live).await;
    match (git, live) {
        (Err(fault), _) | (_, Err(fault)) => SyncState::Unknown(fault),
        (_, Ok(None)) => SyncState::Missing,
        (Ok(git), Ok(Some(live))) => {
            let mut keys = states(&git, &of_live(&live));
            for (key, state) in keys.iter_mut().filter(|(_, state)| !state.is_good()) {
                if is_filled(entry, &live, key, *state) {
                    *state = KeyState::Filled;
                }
            }
            SyncState::Compared(keys)
        }
    }
}

/// The programs for manual changes of a Secret, by the prefixes of their field managers.
const HANDS: &[&str] = &[
    "kubectl",
    "fluxdeck",
    "k9s",
    "lens",
    "openlens",
    "freelens",
    "headlamp",
    "dashboard",
    "mozilla",
    "curl",
    "node-fetch",
];

/// Tells whether a program fills a key that differs from Git: by the Secret's own annotations, or because a controller
/// wrote it. A manual change does not count, and a key that only Git has is missing.
fn is_filled(entry: &SecretEntry, live: &LiveSecret, key: &str, state: KeyState) -> bool {
    if state == KeyState::OnlyGit {
        return false;
    }
    let by_itself = entry.filled_by.as_ref().is_some_and(|filler| filler.fills(key));
    let reflects = live.annotations.contains_key("reflector.v1.k8s.emberstack.com/reflects")
        || live.annotations.contains_key("replicator.v1.mittwald.de/replicate-from");
    if by_itself || reflects || live.kind == "kubernetes.io/service-account-token" {
        return true;
    }
    let annotation =
        |name: &str| live.annotations.get(&format!("kustomize.toolkit.fluxcd.io/{name}")).map(String::as_str);
    // Flux leaves these objects unchanged once they exist.
    let is_left =
        matches!(annotation("ssa"), Some("IfNotPresent" | "Ignore")) || annotation("reconcile") == Some("disabled");
    let writers = live.managers.get(key).map(Vec::as_slice).unwrap_or_default();
    let is_of_flux = |manager: &String| manager.contains("kustomize-controller") || manager.contains("helm-controller");
    let is_hand = |manager: &String| {
        let name = manager.to_lowercase();
        HANDS.iter().any(|hand| name.starts_with(hand))
    };
    let others = !writers.is_empty() && !writers.iter().any(is_hand);
    others && (is_left || state == KeyState::OnlyLive) && !writers.iter().all(is_of_flux)
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

/// Hashes the values of a document as the API server would store them: `stringData` over `data`, decoded.
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

/// The largest manifest, in bytes.
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
            // The API server ignores line ends (Go's encoding/base64).
            let joined = || STANDARD.decode(value.replace(['\n', '\r'], "")).unwrap_or_default();
            let bytes = if encoded { joined() } else { value.as_bytes().to_vec() };
            found.insert(key.to_owned(), hash(&bytes));
        }
    }
    Ok(found)
}

/// Finds the users of a Secret in its namespace.
///
/// # Errors
/// If the cluster is unreachable; kinds that it does not serve or does not permit to list are left out.
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
    use std::collections::BTreeMap;

    use super::{KeyState, SyncState, hash, is_filled, states};
    use crate::cluster::LiveSecret;
    use crate::repo::filled::Filler;
    use crate::repo::secrets::SecretEntry;

    fn live(managers: &[(&str, &[&str])], annotations: &[(&str, &str)]) -> LiveSecret {
        let own = |text: &&str| (*text).to_owned();
        LiveSecret {
            values: BTreeMap::new(),
            kind: "Opaque".to_owned(),
            managers: managers.iter().map(|(key, by)| (own(key), by.iter().map(own).collect())).collect(),
            annotations: annotations.iter().map(|(name, value)| (own(name), own(value))).collect(),
        }
    }

    #[test]
    fn what_a_controller_or_a_reflector_fills_is_no_difference_and_what_a_hand_wrote_is_one() {
        use KeyState::{Differs, OnlyGit, OnlyLive};
        let entry = SecretEntry::default();
        let filled = |live: &LiveSecret, state| is_filled(&entry, live, "token", state);
        let by = |manager: &'static str| live(&[("token", &[manager])], &[]);
        assert!(filled(&by("cert-manager-certificates-issuing"), OnlyLive));
        assert!(!filled(&by("kubectl-edit"), OnlyLive) && !filled(&by("OpenLens"), OnlyLive));
        assert!(!filled(&by("kustomize-controller"), OnlyLive), "what it takes out with its next run");
        assert!(!filled(&live(&[], &[]), OnlyLive), "nobody knows who wrote it");
        // Flux restores the value of Git, unless a policy leaves the object alone.
        assert!(!filled(&by("operator"), Differs));
        assert!(filled(
            &live(
                &[("token", &["kustomize-controller", "operator"])],
                &[("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent")]
            ),
            Differs
        ));
        assert!(!filled(
            &live(&[("token", &["kubectl-edit"])], &[("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent")]),
            Differs
        ));
        let reflected = live(&[], &[("reflector.v1.k8s.emberstack.com/reflects", "a/b")]);
        assert!(filled(&reflected, Differs) && filled(&reflected, OnlyLive) && !filled(&reflected, OnlyGit));
        let generated = Filler { by: "a generator".to_owned(), keys: vec!["token".to_owned()] };
        let entry = SecretEntry { filled_by: Some(generated), ..SecretEntry::default() };
        assert!(
            is_filled(&entry, &live(&[], &[]), "token", Differs)
                && !is_filled(&entry, &live(&[], &[]), "user", Differs)
        );
        let sync_state =
            SyncState::Compared(vec![("a".to_owned(), KeyState::Same), ("b".to_owned(), KeyState::Filled)]);
        assert_eq!((sync_state.description().as_str(), sync_state.agrees()), ("same, 1 filled in", Some(true)));
    }

    #[test]
    fn each_key_is_told_apart() {
        let side = |keys: &[(&str, &str)]| {
            keys.iter().map(|(key, value)| ((*key).to_owned(), hash(value.as_bytes()))).collect()
        };
        let found = states(&side(&[("a", "1"), ("b", "2"), ("c", "3")]), &side(&[("a", "1"), ("b", "9"), ("d", "4")]));
        let expected =
            [("a", KeyState::Same), ("b", KeyState::Differs), ("c", KeyState::OnlyGit), ("d", KeyState::OnlyLive)];
        assert_eq!(found, expected.map(|(key, state)| (key.to_owned(), state)));
        let sync_state = SyncState::Compared(found);
        assert_eq!(
            (sync_state.description().as_str(), sync_state.agrees()),
            ("1 differs, 1 only in Git, 1 only live", Some(false))
        );
    }
}
