//! New age keys: one file for each environment, outside of the repository, readable by its owner alone; and the steps
//! after a new one.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Environment, Fault, FaultKind, Permit, ShellLine};
use crate::programs::XdgFolder;
use crate::repo::template::KEYS;
use crate::repo::{self, config_for};
use crate::secret::Secret;
use crate::sops::KeyKind;

/// An environment and its new key.
#[derive(Debug, Clone, Serialize)]
pub struct KeyFile {
    /// The environment.
    pub name: String,
    /// The public half.
    pub recipient: String,
    /// The path of the private half.
    pub key: PathBuf,
}

/// A created key, and its next steps.
#[derive(Debug, Clone, Serialize)]
pub struct NewKey {
    /// The environment.
    pub env: String,
    /// The path of the private half.
    pub key: PathBuf,
    /// The public half.
    pub recipient: String,
    /// The written configuration, if there was none.
    pub config: Option<String>,
    /// The next steps, in this order.
    pub next: Vec<Next>,
}

/// One step after a new key.
#[derive(Debug, Clone, Serialize)]
pub struct Next {
    /// The command line.
    pub shell: ShellLine,
    /// The reason.
    pub why: String,
}

/// Written keys; dropping them deletes them unless they are kept.
pub struct Written(Vec<KeyFile>);

impl Written {
    /// Returns the written files.
    pub fn files(&self) -> &[KeyFile] {
        &self.0
    }

    /// Keeps the files, now that a repository needs them.
    pub fn keep(mut self) -> Vec<KeyFile> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for file in &self.0 {
            // Nothing is encrypted for it yet; a remaining file is refused next time, with a message.
            let _removed = std::fs::remove_file(&file.key);
        }
    }
}

/// Returns the folder for the keys, which is not inside of the repository.
///
/// # Errors
/// If it is inside, or there is no home.
pub fn folder(wanted: Option<&Path>, repository: &Path) -> Result<PathBuf, Fault> {
    let refused = |why: String| {
        let todo = "name a folder outside the repository: --keys DIR";
        Fault::new(FaultKind::Refused, "cannot choose a place for the private keys", why, todo)
    };
    let folder = match wanted {
        Some(folder) => std::path::absolute(folder).map_err(|error| refused(error.to_string()))?,
        None => personal().ok_or_else(|| refused("neither XDG_CONFIG_HOME nor HOME is set".to_owned()))?,
    };
    if real(&folder).starts_with(real(repository)) {
        return Err(refused(format!(
            "{} is inside the repository, one commit away from being published",
            folder.display()
        )));
    }
    Ok(folder)
}

/// Resolves links in the existing part of a path, so that a link cannot lead the keys into the repository.
fn real(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|above| {
            let rest = path.strip_prefix(above).ok()?;
            above.canonicalize().ok().map(|above| if rest.as_os_str().is_empty() { above } else { above.join(rest) })
        })
        .unwrap_or_else(|| path.to_owned())
}

/// Returns `$XDG_CONFIG_HOME/fluxdeck/keys`, beside the personal configuration.
fn personal() -> Option<PathBuf> {
    let config = XdgFolder::Config.folder()?;
    Some(config.join("fluxdeck/keys"))
}

/// Generates a key for each environment of the template and writes it, never over another.
///
/// It takes no permit: the files are new, belong to a repository that does not exist yet, and are deleted again unless
/// it is created.
///
/// # Errors
/// If one exists already, or cannot be written; the written ones are deleted.
pub fn write_keys(folder: &Path, repository: &str, kind: KeyKind, now: Timestamp) -> Result<Written, Fault> {
    let mut written = Written(Vec::new());
    for (env, _) in KEYS {
        written.0.push(write_key(folder, repository, env, kind, now)?);
    }
    Ok(written)
}

/// Generates a key for an environment and writes it, never over another.
///
/// # Errors
/// If it exists already, or cannot be written.
fn write_key(folder: &Path, repository: &str, env: &str, kind: KeyKind, now: Timestamp) -> Result<KeyFile, Fault> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| fault(folder, &error))?;
    let path = folder.join(format!("{repository}-{env}.agekey"));
    let (secret, recipient) = kind.generate();
    let text = text(env, repository, &recipient, &secret, now);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = file.map_err(|error| fault(&path, &error))?;
    let written = file.write_all(text.expose().as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Nothing is encrypted for it yet.
        let _removed = std::fs::remove_file(&path);
        return Err(fault(&path, &error));
    }
    Ok(KeyFile { name: env.to_owned(), recipient, key: path })
}

/// Generates another key for an environment and appends it to its file.
///
/// # Errors
/// If the file cannot be written.
fn append_key(path: &Path, repository: &str, env: &str, kind: KeyKind, now: Timestamp) -> Result<KeyFile, Fault> {
    let (secret, recipient) = kind.generate();
    let text = text(env, repository, &recipient, &secret, now);
    let written = OpenOptions::new().append(true).open(path).and_then(|mut file| {
        file.write_all(format!("\n{}", text.expose()).as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| fault(path, &error))?;
    Ok(KeyFile { name: env.to_owned(), recipient, key: path.to_owned() })
}

fn text(env: &str, repository: &str, recipient: &str, secret: &Secret, now: Timestamp) -> Secret {
    Secret::new(format!(
        "# An age key of the environment {env} of {repository}: anyone who has it can read its secrets.\n# created: {now}\n# public key: {recipient}\n{}\n",
        secret.expose()
    ))
}

fn fault(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("cannot write the private key {}", path.display());
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        let why = "it is there already, and secrets may be encrypted for it that nothing else opens";
        let todo = "name another repository or another folder (--keys DIR), or move the old key away";
        return Fault::new(FaultKind::Refused, what, why, todo);
    }
    Fault::failed(what, error.to_string(), "name a folder that you may write: --keys DIR")
}

/// Generates a new key for an environment: after the others of its key file if it has one, else in a file of its own in
/// `folder`, or beside the personal configuration. If no `.sops.yaml` names a recipient yet, it writes one. It blocks.
///
/// # Errors
/// If the place is inside of the repository, or cannot be written.
pub fn make(
    root: &Path,
    environment: &Environment,
    at_hand: Option<PathBuf>,
    folder_wanted: Option<&Path>,
    kind_wanted: KeyKind,
    now: Timestamp,
    _permit: &Permit,
) -> Result<NewKey, Fault> {
    let name = environment.name.clone();
    let repository = root.file_name().and_then(|name| name.to_str()).unwrap_or("repository").to_owned();
    // A new key of an environment is no weaker than its present ones.
    let strong = |recipient: &String| KeyKind::from_recipient(recipient) == KeyKind::PostQuantum;
    let kind = if environment.recipients.iter().any(strong) { KeyKind::PostQuantum } else { kind_wanted };
    let made = match at_hand.filter(|file| folder_wanted.is_none() && file.exists()) {
        Some(file) => append_key(&file, &repository, &name, kind, now)?,
        None => write_key(&folder(folder_wanted, root)?, &repository, &name, kind, now)?,
    };
    let folder = environment.path.clone().unwrap_or_else(|| format!("clusters/{name}"));
    let known = config_for(root, &folder);
    // A second configuration would override the first for files below it: the user completes present rules by hand.
    let config = match (&known, environment.recipients.is_empty()) {
        (None, true) => Some(write_config(root, &folder, &made.recipient)?),
        _ => None,
    };
    let edited = known.unwrap_or_else(|| repo::path::join(&folder, ".sops.yaml"));
    let next = match (&config, environment.recipients.is_empty()) {
        (Some(_), _) => first(&name, &made, None),
        (None, true) => first(&name, &made, Some(&edited)),
        (None, false) => rollout(&name, &edited, &environment.recipients, &made),
    };
    Ok(NewKey { env: name, key: made.key, recipient: made.recipient, config, next })
}

/// Writes the environment's own `.sops.yaml`, never over another.
fn write_config(root: &Path, folder: &str, recipient: &str) -> Result<String, Fault> {
    let file = repo::path::join(folder, ".sops.yaml");
    let text = format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n");
    let written = crate::files::place(&root.join(&file))
        .and_then(std::fs::File::create_new)
        .and_then(|mut made| std::io::Write::write_all(&mut made, text.as_bytes()));
    written.map(|()| file.clone()).map_err(|error| {
        let why = error.to_string();
        Fault::failed(format!("cannot write {file}"), why, format!("write it yourself, with age: {recipient}"))
    })
}

fn step(shell: impl Into<ShellLine>, why: &str) -> Next {
    Next { shell: shell.into(), why: why.to_owned() }
}

fn backup(made: &KeyFile) -> Next {
    step(
        ShellLine::new("cat {path}", &[&made.key.to_string_lossy()]),
        "keep a copy in the password manager, and one on paper or a stick in a drawer: without it nobody opens the secrets again, and a new cluster cannot be brought up",
    )
}

/// Returns the steps after an environment's first key.
fn first(env: &str, made: &KeyFile, config: Option<&str>) -> Vec<Next> {
    let named = config.map(|config| {
        step(
            ShellLine::from("$EDITOR").path(config).remark(&format!("age: {}", made.recipient)),
            "a rule of it names the key for the files that the environment reads",
        )
    });
    let mut steps = vec![backup(made)];
    steps.extend(named);
    steps.extend([
        step(
            ShellLine::new(
                "printf '[env.%s]\\nage_key_file = \"%s\"\\n' {} {} >> \"${XDG_CONFIG_HOME:-$HOME/.config}/fluxdeck/config.toml\"",
                &[env, &made.key.to_string_lossy()],
            ),
            "fluxdeck finds the key there",
        ),
        step(ShellLine::new("fluxdeck secret age-key --create --env {}", &[env]), "the cluster opens files with it"),
        step(
            "fluxdeck secret encrypt FILE",
            "a plain Secret is encrypted for it; the rule in .sops.yaml says which values",
        ),
        step("fluxdeck hook install", "nothing plain gets into a commit"),
    ]);
    steps
}

/// Returns the steps that replace an environment's key, without a moment in which the cluster cannot open a file.
fn rollout(env: &str, config: &str, old: &[String], made: &KeyFile) -> Vec<Next> {
    let (recipient, old) = (&made.recipient, old.join(","));
    let edit = || ShellLine::from("$EDITOR").path(config);
    vec![
        backup(made),
        step(
            edit().remark(&format!("age: {old},{recipient}")),
            "both keys are named, so that both open what is encrypted from now on",
        ),
        step(
            ShellLine::new("fluxdeck secret recipients --all --update --env {}", &[env]),
            "the files get the new recipient beside the old; their values stay",
        ),
        step(
            ShellLine::new("fluxdeck secret age-key --create --env {}", &[env]),
            "the cluster gets the new key beside the old, before anything needs it",
        ),
        step(
            "git commit -am 'secrets: a second recipient' && git push",
            "Flux still opens everything, with either key",
        ),
        step(
            ShellLine::new("fluxdeck secret age-key --env {}", &[env]),
            "the cluster's key opens every file: only then does the old one go",
        ),
        step(edit().remark(&format!("age: {recipient}")), "the old key is named no more"),
        step(
            ShellLine::new(
                "fluxdeck secret recipients --all --update --env {} && fluxdeck secret rotate --all --env {}",
                &[env, env],
            ),
            "the old key opens nothing that is written from now on; what is in git's history it opens for ever",
        ),
        step(
            "git commit -am 'secrets: the old recipient goes' && git push",
            "wait until every Kustomization has applied it",
        ),
        step(
            ShellLine::new("fluxdeck secret age-key --replace --env {}", &[env]),
            "the old identity leaves the cluster; take it out of the key file too",
        ),
        step("fluxdeck secret edit FILE", "change the values: the holder of the old key may know them"),
    ]
}
