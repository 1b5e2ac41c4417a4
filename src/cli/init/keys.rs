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
pub(super) struct KeyFile {
    /// The environment.
    pub(super) name: String,
    /// The public half.
    pub(super) recipient: String,
    /// Where the private half lies.
    pub(super) key: PathBuf,
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
pub(super) fn folder(wanted: Option<&Path>, repository: &Path) -> Result<PathBuf, Fault> {
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
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| fault(folder, &error))?;
    let mut written = Written(Vec::new());
    for (env, _) in KEYS {
        let path = folder.join(format!("{repository}-{env}.agekey"));
        let (secret, recipient) = generate();
        let text = Secret::new(format!(
            "# The age key of the environment {env} of {repository}: whoever has it reads its secrets.\n# created: {now}\n# public key: {recipient}\n{}\n",
            secret.expose()
        ));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = file.map_err(|error| fault(&path, &error))?;
        written.0.push(KeyFile { name: (*env).to_owned(), recipient, key: path.clone() });
        file.write_all(text.expose().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| fault(&path, &error))?;
    }
    Ok(written)
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
