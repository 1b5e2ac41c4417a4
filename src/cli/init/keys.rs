//! The new age keys: one for each environment, outside the repository, readable by nobody else.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Fault, FaultKind};
use crate::repo::template::KEYS;
use crate::secret::Secret;
use crate::sops::generate;

/// An environment and its new key.
#[derive(Debug, Clone, Serialize)]
pub(in crate::cli) struct KeyFile {
    /// The environment.
    pub(in crate::cli) name: String,
    /// The public half.
    pub(in crate::cli) recipient: String,
    /// Where the private half lies.
    pub(in crate::cli) key: PathBuf,
}

/// Keys that were written; they are removed again unless they are kept.
pub(super) struct Written(Vec<KeyFile>);

impl Written {
    pub(super) fn files(&self) -> &[KeyFile] {
        &self.0
    }

    /// Keeps the files, now that a repository needs them.
    pub(super) fn keep(mut self) -> Vec<KeyFile> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for file in &self.0 {
            // Nothing is encrypted for it yet; a file that stays is refused next time, and said.
            let _removed = std::fs::remove_file(&file.key);
        }
    }
}

/// Returns the folder for the keys, which is not inside the repository.
pub(in crate::cli) fn folder(wanted: Option<&Path>, repository: &Path) -> Result<PathBuf, Fault> {
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

/// Resolves links as far as the path exists, so that a link cannot lead the keys into the repository.
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
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("fluxdeck/keys"))
}

/// Makes a key for each environment of the template and writes it, never over another.
pub(super) fn write_keys(folder: &Path, repository: &str, now: Timestamp) -> Result<Written, Fault> {
    let mut written = Written(Vec::new());
    for (env, _) in KEYS {
        written.0.push(write_key(folder, repository, env, now)?);
    }
    Ok(written)
}

/// Makes a key for an environment and writes it, never over another.
pub(in crate::cli) fn write_key(folder: &Path, repository: &str, env: &str, now: Timestamp) -> Result<KeyFile, Fault> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| fault(folder, &error))?;
    let path = folder.join(format!("{repository}-{env}.agekey"));
    let (secret, recipient) = generate();
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

/// Makes another key for an environment and puts it behind those that its file holds.
pub(in crate::cli) fn append_key(path: &Path, repository: &str, env: &str, now: Timestamp) -> Result<KeyFile, Fault> {
    let (secret, recipient) = generate();
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
        "# An age key of the environment {env} of {repository}: whoever has it reads its secrets.\n# created: {now}\n# public key: {recipient}\n{}\n",
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
