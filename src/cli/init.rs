//! `fluxdeck init DIR`: writes the repository for two clusters, with fresh keys and passwords.

mod next;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use self::next::{Step, steps};
use super::Call;
use crate::model::{Clock, Fault, FaultKind};
use crate::repo::git;
use crate::repo::template::fresh::{Fresh, Missing, Names, make};
use crate::repo::template::{must_be_empty, write_files};
use crate::secret::Secret;
use crate::sops;
use crate::workflows::new_key::{self, KeyFile, write_keys};

// Flags of `init`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The new repository: a folder that is empty or not there yet
    dir: PathBuf,
    /// Where the private age keys go; by default below `$XDG_CONFIG_HOME`, in fluxdeck/keys. Never inside the
    /// repository
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Your domain; the template says homelab.example
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Your account at GitHub; the template says OWNER
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Make post-quantum age keys (age1pq1…), which Flux opens files with from the version on whose age is 1.3 or later
    #[arg(long)]
    post_quantum: bool,
    /// Also make the Git repository and its first commit, rather than show how
    #[arg(long)]
    git: bool,
}

/// Reports the written files.
#[derive(Serialize)]
struct Report {
    repository: PathBuf,
    files: usize,
    encrypted: usize,
    renewed: usize,
    committed: bool,
    environments: Vec<KeyFile>,
    /// The new settings file, with the places of the keys; `None` where there was one already.
    settings: Option<PathBuf>,
    missing: Vec<Missing>,
    next: Vec<Step>,
}

/// Generates values from the system's random source.
struct System;

impl Fresh for System {
    fn password(&mut self) -> Secret {
        sops::password()
    }

    fn key(&mut self) -> Secret {
        sops::random_key()
    }
}

/// Writes the repository and the keys, and prints the next steps.
///
/// # Errors
/// Refuses a folder that is not empty, keys that exist already, and keys inside the repository; fails when a file
/// cannot be written. Keys that were written are then removed.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    if call.global.read_only {
        return Err(Fault::new(FaultKind::Refused, "nothing was written", "--read-only refuses it", "leave it out"));
    }
    let now = Clock::system().now();
    let folder = std::path::absolute(&arguments.dir).map_err(|error| usage(error.to_string()))?;
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| usage("the folder has no name".to_owned()))?
        .to_owned();
    for (flag, value) in [("--domain", &arguments.domain), ("--owner", &arguments.owner)] {
        plain(flag, value.as_deref())?;
    }
    must_be_empty(&folder)?;
    let kind = if arguments.post_quantum { sops::KeyKind::PostQuantum } else { sops::KeyKind::Classic };
    let keys = write_keys(&new_key::folder(arguments.keys.as_deref(), &folder)?, &name, kind, now)?;
    let names = Names {
        repository: arguments.owner.as_ref().map(|owner| format!("{owner}/{name}")),
        domain: arguments.domain.clone(),
    };
    let recipients: Vec<_> = keys.files().iter().map(|key| (key.name.as_str(), key.recipient.as_str())).collect();
    let made = make(&recipients, &names, now, &mut System)?;
    write_files(&folder, made.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())))?;
    let environments = keys.keep();
    let settings = next::write_settings(call.global.config.as_deref(), &environments);
    if arguments.git {
        git::first_commit(&folder)?;
    }
    let report = Report {
        files: made.files.len(),
        encrypted: made.encrypted,
        renewed: made.renewed,
        committed: arguments.git,
        next: steps(&folder, &name, arguments.owner.as_deref(), arguments.git, &environments),
        settings,
        repository: folder,
        environments,
        missing: made.missing,
    };
    call.print(&report, next::text)?;
    Ok(0)
}

fn usage(why: String) -> Fault {
    Fault::new(FaultKind::Usage, "cannot make a repository there", why, "name a folder, such as ~/homelab")
}

/// Refuses a value that is not plain, because it goes into YAML and URLs.
fn plain(flag: &str, value: Option<&str>) -> Result<(), Fault> {
    let fits = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphanumeric())
            && word.chars().all(|one| one.is_ascii_alphanumeric() || ".-_".contains(one))
    };
    match value {
        Some(word) if !fits(word) => Err(Fault::new(
            FaultKind::Usage,
            format!("{flag} cannot be used"),
            "it has other characters than letters, digits, dots, hyphens and underscores",
            format!("such as: {flag} {}", if flag == "--domain" { "example.org" } else { "me" }),
        )),
        _ => Ok(()),
    }
}
