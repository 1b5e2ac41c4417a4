//! The keys with which Flux opens an environment's files in its cluster: Secrets, usually `sops-age` in `flux-system`,
//! whose `*.agekey` entries hold age identities (kustomize-controller reads every one of them).

use jiff::Timestamp;
use serde::Serialize;

use super::age_entries;
use crate::app::{Permit, TaskContext};
use crate::cluster::{Cluster, LiveSecret};
use crate::model::{Env, Fault, FaultKind};
use crate::repo::{AgeSecret, FluxKustomization, Snapshot, contents, git};
use crate::secret::Secret;
use crate::sops::{self, Format, Identities, SopsFile};

/// The written entry.
pub const ENTRY: &str = "age.agekey";

/// Reports the files that a cluster's key opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// The environment.
    pub env: String,
    /// The Secret, as `namespace/name`.
    pub secret: String,
    /// Whether it exists.
    pub found: bool,
    /// The public keys of its identities.
    pub recipients: Vec<String>,
    /// The number of the environment's encrypted files that they open.
    pub opens: usize,
    /// The files that they do not open, with their recipients.
    pub closed: Vec<Closed>,
    /// The entries without identities, or with identities that Flux ignores, each with the reason.
    pub problems: Vec<String>,
    /// The line of an entry that makes Flux accept none of them.
    pub broken: Option<String>,
}

/// A file that a cluster's key does not open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The file.
    pub file: String,
    /// The recipients of the file.
    pub recipients: Vec<String>,
}

impl Examined {
    /// Tells whether Flux can open everything.
    pub fn is_good(&self) -> bool {
        self.found && self.broken.is_none() && self.closed.is_empty()
    }

    /// Returns the result in one sentence.
    pub fn summary(&self) -> String {
        let (secret, opens) = (&self.secret, self.opens);
        if let Some(why) = &self.broken {
            return format!("Flux takes no key of {why}, and opens nothing with it in {}", self.env);
        }
        match (self.found, self.closed.first()) {
            (false, _) => format!("there is no Secret {secret}: Flux opens no file of {}", self.env),
            (true, None) => format!("{secret} opens all {opens} encrypted files of {}", self.env),
            (true, Some(first)) => {
                let closed = self.closed.len();
                format!("{secret} opens {opens} files of {} and not {closed}, such as {}", self.env, first.file)
            }
        }
    }
}

/// Reads the cluster's keys and tries them on every encrypted file that the environment reads.
///
/// # Errors
/// If the cluster cannot be reached, or git does not list the files.
pub async fn examine(
    task_context: &TaskContext,
    env: Env,
    name: &str,
    snapshot: std::sync::Arc<Snapshot>,
) -> Result<Examined, Fault> {
    let cluster = task_context.cluster(env)?;
    let mut lives = Vec::new();
    for secret in snapshot.age_secrets(name) {
        let live = cluster.secret(&secret.namespace, &secret.name).await?;
        lives.push((secret, live));
    }
    let name = name.to_owned();
    task_context.away(move || judge(&name, &lives, &snapshot)).await?
}

/// Tries the identities of each Secret on every encrypted file of the Kustomizations that decrypt with it. It blocks.
fn judge(env: &str, lives: &[(AgeSecret, Option<LiveSecret>)], snapshot: &Snapshot) -> Result<Examined, Fault> {
    let names: Vec<String> = lives.iter().map(|(secret, _)| secret.to_string()).collect();
    let mut examined = Examined {
        env: env.to_owned(),
        secret: names.join(", "),
        found: lives.iter().all(|(_, live)| live.is_some()),
        recipients: Vec::new(),
        opens: 0,
        closed: Vec::new(),
        problems: Vec::new(),
        broken: None,
    };
    let mut held: Vec<(&AgeSecret, Identities)> = Vec::new();
    for (secret, live) in lives {
        if live.is_none() && lives.len() > 1 {
            examined.problems.push(format!("there is no Secret {secret}"));
        }
        let entries = live.as_ref().map(|live| age_entries::read(&live.values)).unwrap_or_default();
        let of_secret = |one: String| if lives.len() > 1 { format!("{secret}: {one}") } else { one };
        examined.problems.extend(entries.passed_over.into_iter().map(of_secret));
        let mut identities = entries.identities;
        if let Some(why) = entries.broken {
            examined.problems.push(of_secret(why.clone()));
            examined.broken.get_or_insert(format!("{secret} ({why})"));
            // The controller accepts all of a Secret or nothing.
            identities = Identities::default();
        }
        held.push((secret, identities));
    }
    for recipient in held.iter().flat_map(|(_, identities)| identities.recipients()) {
        if !examined.recipients.contains(recipient) {
            examined.recipients.push(recipient.clone());
        }
    }
    let opens = |file: &str, parsed: &SopsFile| {
        let secrets: Vec<AgeSecret> = snapshot
            .fed_by(file)
            .into_iter()
            .filter(|feed| feed.env == env)
            .filter_map(|feed| {
                let own = |one: &&FluxKustomization| one.name == feed.name && one.namespace == feed.namespace;
                snapshot.kustomizations_of(env).find(own)
            })
            .filter_map(|one| snapshot.age_secret_of(one))
            .collect();
        let with =
            |secret: &AgeSecret| held.iter().find(|(known, _)| *known == secret).map(|(_, identities)| identities);
        if secrets.is_empty() {
            return held.iter().any(|(_, identities)| parsed.opens_with(identities));
        }
        secrets.iter().all(|secret| with(secret).is_some_and(|identities| parsed.opens_with(identities)))
    };
    (examined.opens, examined.closed) = tried(env, snapshot, opens)?;
    Ok(examined)
}

/// Tries identities on every encrypted file that an environment reads; returns the number of opened ones, and the
/// others. It blocks.
///
/// # Errors
/// If git does not list the files.
pub fn opened(env: &str, identities: &Identities, snapshot: &Snapshot) -> Result<(usize, Vec<Closed>), Fault> {
    tried(env, snapshot, |_, parsed| parsed.opens_with(identities))
}

/// Counts the encrypted files of an environment that can be opened, and lists the others.
fn tried(
    env: &str,
    snapshot: &Snapshot,
    can_open: impl Fn(&str, &SopsFile) -> bool,
) -> Result<(usize, Vec<Closed>), Fault> {
    let (mut opens, mut closed) = (0_usize, Vec::new());
    for file in git::files(&snapshot.root, &[])?.into_iter().filter(|file| reads(snapshot, env, file)) {
        let Ok(text) = contents::text(&snapshot.root, &file) else { continue };
        if sops::sniff(&text).is_none() {
            continue;
        }
        let recipients = match SopsFile::parse(Format::from_path(&file), text) {
            Ok(parsed) if can_open(&file, &parsed) => {
                opens = opens.saturating_add(1);
                continue;
            }
            Ok(parsed) => parsed.recipients(),
            Err(_) => Vec::new(),
        };
        closed.push(Closed { file, recipients });
    }
    Ok((opens, closed))
}

fn reads(snapshot: &Snapshot, env: &str, file: &str) -> bool {
    snapshot.fed_by(file).iter().any(|feed| feed.env == env)
}

/// Selects the identities that a cluster gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The present ones stay beside the new ones, as during the replacement of a key.
    Old,
    /// Only those of the configuration.
    None,
}

/// Reports the change of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The change, in words.
    pub said: String,
    /// The other entries that stay in it, whose keys Flux accepts, too.
    pub beside: Vec<String>,
}

/// Gives the cluster the available identities whose public keys the environment's `.sops.yaml` names; none of another
/// environment.
///
/// # Errors
/// If none of them is available, or the cluster refuses.
pub async fn put(
    cluster: &Cluster,
    secret: &AgeSecret,
    wanted: &[String],
    identities: &Identities,
    keep: Keep,
    now: Timestamp,
    permit: &Permit,
) -> Result<Given, Fault> {
    let mut keys: Vec<(String, Secret)> = Vec::new();
    for recipient in wanted {
        if let Some(key) = identities.key_of(recipient) {
            keys.push((recipient.clone(), key.duplicate()));
        }
    }
    if keys.is_empty() {
        return Err(Fault::new(
            FaultKind::Undecryptable,
            format!("{secret} of {} was left as it is", cluster.name),
            format!("no private key at hand is that of {}", wanted.join(" or ")),
            "set age_key_file under [env.NAME] in your configuration, or SOPS_AGE_KEY_FILE",
        ));
    }
    let live = cluster.secret(&secret.namespace, &secret.name).await?;
    let beside = live.as_ref().map(|live| age_entries::beside(&live.values, ENTRY)).unwrap_or_default();
    let before = live.as_ref().and_then(|live| live.values.get(ENTRY));
    let before = before.and_then(|bytes| Identities::from_text(&Secret::new(std::str::from_utf8(bytes).ok()?)).ok());
    let mut old: Vec<String> = Vec::new();
    for recipient in before.iter().flat_map(Identities::recipients) {
        if keys.iter().any(|(known, _)| known == recipient) {
            continue;
        }
        old.push(recipient.clone());
        if let (Keep::Old, Some(key)) = (keep, before.as_ref().and_then(|before| before.key_of(recipient))) {
            keys.push((recipient.clone(), key.duplicate()));
        }
    }
    if before.is_some_and(|before| before.recipients().len() == keys.len()) && (keep == Keep::Old || old.is_empty()) {
        return Ok(Given { said: format!("{secret} holds this key already"), beside });
    }
    let lines = keys
        .iter()
        .map(|(recipient, key)| Secret::new(format!("# written {now}\n# public key: {recipient}\n{}\n", key.expose())));
    let lines: Vec<Secret> = lines.collect();
    let text = Secret::new(lines.iter().map(Secret::expose).collect::<String>());
    let made = cluster.put_secret(&secret.namespace, &secret.name, ENTRY, text.expose().as_bytes(), permit).await?;
    let did = if made { "made" } else { "changed" };
    let rest = match (keep, old.len()) {
        (_, 0) => String::new(),
        (Keep::Old, count) => format!("; the old ones ({count}) stay in it until --replace"),
        (Keep::None, count) => format!("; the old ones ({count}) are gone from it"),
    };
    let count = if keys.len() == 1 { "one identity".to_owned() } else { format!("{} identities", keys.len()) };
    Ok(Given { said: format!("{did} {secret} with {count}{rest}"), beside })
}
