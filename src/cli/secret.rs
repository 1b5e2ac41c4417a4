//! `fluxdeck secret …`: the headless counterparts of the secret editor. One file for each.

mod age_key;
mod decrypt;
mod edit;
mod encrypt;
mod external;
mod new;
mod recipients;
mod rotate;
mod set;
mod unset;
mod verify;
mod view;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Call, operate};
use crate::app::{Command, CommandTarget, Facts};
use crate::files;
use crate::model::{Env, Fault, FaultKind};
use crate::repo::git;
use crate::runtime::Session;
use crate::sops::{self, Format, Identities, IdentitySources, Opened, SopsFile, Unlocked};
use crate::workflows::secret::document::no_such_value;

/// The most bytes that are read from standard input: no Secret of Kubernetes is larger as a whole.
const MOST: u64 = 1024 * 1024;

// Flags of `secret`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Verb {
    /// List the values of an encrypted file, masked
    View(view::Arguments),
    /// Print an encrypted file decrypted, as sops would
    Decrypt(decrypt::Arguments),
    /// Edit an encrypted file in the built-in editor, or in another on a file in memory
    Edit(edit::Arguments),
    /// Change or add one value of an encrypted file; the value comes from standard input
    Set(set::Arguments),
    /// Take one value out of an encrypted file
    Unset(unset::Arguments),
    /// Make a new Secret, encrypted before it touches the disk, in the right overlay
    New(new::Arguments),
    /// Encrypt plain files in their place, as .sops.yaml says
    Encrypt(encrypt::Arguments),
    /// List who can open files, or change it
    Recipients(recipients::Arguments),
    /// Give files a new data key, with every value encrypted anew
    Rotate(rotate::Arguments),
    /// Check the age key of a cluster, give it one, or make a new one
    AgeKey(age_key::Arguments),
    /// Find what must not get into a commit: plain Secrets, private keys, wrong recipients, broken files
    Verify(verify::Arguments),
}

/// Runs a verb on an encrypted file.
///
/// # Errors
/// Fails when the call is wrong, the guard refuses, or the file cannot be opened or saved.
pub fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    match arguments.verb {
        Verb::View(arguments) => view::run(&arguments, call),
        Verb::Decrypt(arguments) => decrypt::run(&arguments, call),
        Verb::Edit(arguments) => edit::run(&arguments, call),
        Verb::Set(arguments) => set::run(&arguments, call),
        Verb::Unset(arguments) => unset::run(&arguments, call),
        Verb::New(arguments) => new::run(&arguments, call),
        Verb::Encrypt(arguments) => encrypt::run(&arguments, call),
        Verb::Recipients(arguments) => recipients::run(&arguments, call),
        Verb::Rotate(arguments) => rotate::run(&arguments, call),
        Verb::AgeKey(arguments) => age_key::run(&arguments, call),
        Verb::Verify(arguments) => verify::run(&arguments, call),
    }
}

/// Collects the keys of every environment.
fn identities(session: &Session) -> Identities {
    let recipients: Vec<String> =
        session.environments.iter().flat_map(|environment| environment.recipients.iter().cloned()).collect();
    let mut identities = Identities::default();
    for sources in session.identities.for_environment(None) {
        // A source without a key shows in the files that stay closed.
        if let Ok(found) = Identities::load(&sources, &recipients) {
            identities.merge(found);
        }
    }
    identities
}

/// Collects the keys of every environment, without querying any cluster.
pub(super) fn at_hand(call: &Call) -> Result<Identities, Fault> {
    call.block_on_alone(async { Ok(identities(&call.session_of_any()?)) })
}

/// Names a value of a file.
#[derive(Debug, Args)]
struct Place {
    /// The value's place: dotted, as stringData.password, or a JSON Pointer, as /data/tls.crt
    path: String,
    /// The document in a file of several, from 0
    #[arg(long, default_value_t = 0, value_name = "N")]
    document: usize,
}

impl Place {
    /// Finds an existing value.
    fn find(&self, opened: &Opened, named: &Named) -> Result<sops::Path, Fault> {
        let found = opened.find(self.document, &self.path).map(|entry| entry.path.clone());
        found.map_or_else(|| Err(self.missing(opened, named)), Ok)
    }

    /// Reports that the value does not exist. A value that was typed behind the path is not repeated, because errors
    /// end up in logs.
    fn missing(&self, opened: &Opened, named: &Named) -> Fault {
        self.without_value(named).err().unwrap_or_else(|| {
            let own = opened.entries().iter().filter(|entry| entry.document == self.document);
            let known: Vec<String> = own.map(|entry| entry.path.to_string()).collect();
            no_such_value(&named.name, &self.path, &known)
        })
    }

    /// Refuses a path with a value behind it, as `sops set` and others take it.
    fn without_value(&self, named: &Named) -> Result<(), Fault> {
        if self.path.contains('=') { Err(value_given(&named.name)) } else { Ok(()) }
    }

    /// Returns the path of a new value: its first step must exist, so that a misspelt path creates nothing.
    fn new_path(&self, opened: &Opened, named: &Named) -> Result<sops::Path, Fault> {
        self.without_value(named)?;
        let path = match (self.path.starts_with('/'), self.path.split_once('.')) {
            // Keys like tls.crt contain dots.
            (false, Some((block, key))) if matches!(block, "data" | "stringData") => {
                sops::Path::new([block, key].map(|part| sops::Segment::Key(part.to_owned())).to_vec())
            }
            _ => sops::Path::parse(&self.path),
        };
        let is_secret =
            opened.file().documents().get(self.document).is_some_and(|head| head.kind.as_deref() == Some("Secret"));
        let block = path.keys().next().unwrap_or_default();
        let known = opened.entries().iter().any(|entry| entry.path.keys().next() == Some(block));
        if known || is_secret && matches!(block, "data" | "stringData") || path.keys().count() == 1 {
            return Ok(path);
        }
        self.find(opened, named)
    }

    /// Tells whether the value belongs below `data` of a Secret, where values are base64.
    fn is_data(&self, opened: &Opened) -> bool {
        let is_secret =
            opened.file().documents().get(self.document).is_some_and(|head| head.kind.as_deref() == Some("Secret"));
        is_secret && (self.path.starts_with("/data/") || self.path.starts_with("data."))
    }
}

/// Refuses a value among the arguments, without repeating it.
fn value_given(file: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        format!("{file} was not opened for a value on the command line"),
        "other users of this machine see the arguments of every process, and shells keep them: the value is no longer secret",
        "take another value, and pass it on standard input: pass show NAME | fluxdeck secret set FILE PATH; without that it is asked for",
    )
}

// Flags of the verbs that work on many files.
#[derive(Debug, Args)]
struct Many {
    /// Encrypted files, from the working directory or from the repository's root
    #[arg(required_unless_present = "all")]
    files: Vec<PathBuf>,
    /// All encrypted files of the environment that --env names, but those that another one reads too
    #[arg(long, conflicts_with = "files")]
    all: bool,
    /// Let the key of another environment open the files too; its name
    #[arg(long = "for", value_name = "ENV")]
    other: Vec<String>,
}

impl Many {
    /// Runs a command on the files; `whole` is the command for all files of an environment.
    fn dispatch(
        &self,
        call: &Call,
        command: &'static Command,
        whole: Option<&'static Command>,
        answers: &[(&str, String)],
    ) -> Result<u8, Fault> {
        call.block_on(async {
            let session = call.session_of_any()?;
            let facts = session.facts_with_repository();
            let mut answers: Vec<(String, String)> =
                answers.iter().map(|(id, text)| ((*id).to_owned(), text.clone())).collect();
            answers.push(("for".to_owned(), self.other.join(",")));
            if let Some(whole) = whole.filter(|_| self.all) {
                let env = operate::only_environment(call, &session)?;
                return operate::dispatch(
                    call,
                    &session,
                    &facts,
                    whole,
                    vec![CommandTarget::Environment(env)],
                    answers,
                )
                .await;
            }
            let mut targets: Vec<CommandTarget> = Vec::new();
            for named in self.files(call, &session, &facts)? {
                targets.extend(named.targets(&facts));
            }
            operate::dispatch(call, &session, &facts, command, targets, answers).await
        })
    }

    /// Finds the files of the call.
    fn files(&self, call: &Call, session: &Session, facts: &Facts) -> Result<Vec<Named>, Fault> {
        if !self.all {
            return self.files.iter().map(|file| Named::find(session, file)).collect();
        }
        let env = operate::only_environment(call, session)?;
        let Some(snapshot) = facts.repository.as_deref() else { return Ok(Vec::new()) };
        let reads = |file: &String| snapshot.readers_of(file).iter().any(|reader| reader == facts.name(env));
        let named = git::files(&snapshot.root, &[])?
            .into_iter()
            .filter(reads)
            .map(|name| Named { path: snapshot.root.join(&name), name });
        let is_encrypted =
            |named: &Named| files::text(&named.path, sops::LARGEST).is_ok_and(|text| sops::sniff(&text).is_some());
        Ok(named.filter(is_encrypted).collect())
    }
}

/// Holds a file of the call.
struct Named {
    /// The path of the file.
    path: PathBuf,
    /// The path below the repository's root, or as it was given where the file is outside.
    name: String,
}

impl Named {
    /// Finds a file by its path from the working directory, else from the repository's root.
    fn find(session: &Session, given: &Path) -> Result<Self, Fault> {
        let root = session.root.as_ref().ok();
        let path = match root.map(|root| root.join(given)) {
            Some(below) if !given.exists() && below.exists() => below,
            _ => given.to_owned(),
        };
        let cannot = |why: String| {
            let todo = "name a file from the working directory or from the repository's root";
            Fault::new(FaultKind::Usage, format!("cannot open {}", given.display()), why, todo)
        };
        let path = files::real(&path).map_err(|error| cannot(error.to_string()))?;
        if !path.is_file() {
            return Err(cannot("it is not a regular file".to_owned()));
        }
        let root = root.and_then(|root| root.canonicalize().ok());
        let below = root.and_then(|root| path.strip_prefix(root).ok().map(Path::to_owned));
        let name = below.as_deref().unwrap_or(given).to_string_lossy().into_owned();
        Ok(Self { path, name })
    }

    /// Returns the environments of the file: the one of `--env` for opening it, else the one that a folder of its path
    /// is named after, else those whose keys it is encrypted for.
    fn environments(&self, call: &Call, session: &Session) -> Result<Vec<Env>, Fault> {
        if let Some(name) = &call.global.env {
            return Ok(vec![session.environment(name)?]);
        }
        let folder = self.name.split('/').find_map(|part| session.environments.iter().find(|known| known.name == part));
        if let Some(environment) = folder {
            return Ok(vec![environment.env]);
        }
        let recipients = files::text(&self.path, sops::LARGEST)
            .ok()
            .and_then(|text| SopsFile::parse(Format::from_path(&self.name), text).ok())
            .map_or_else(Vec::new, |file| file.recipients());
        let has_key = |one: &&crate::model::Environment| one.recipients.iter().any(|key| recipients.contains(key));
        Ok(session.environments.iter().filter(has_key).map(|known| known.env).collect())
    }

    /// Opens the file with the keys of its environments, or with all keys where it has none.
    fn unlock(&self, call: &Call, session: &Session) -> Result<Unlocked, Fault> {
        let environments = self.environments(call, session)?;
        let sources: Vec<IdentitySources> = if environments.is_empty() {
            session.identities.for_environment(None)
        } else {
            environments.iter().filter_map(|env| session.identities.get(*env)).cloned().collect()
        };
        let only = match environments.as_slice() {
            [only] => session.environments.get(only.index()).map(|known| known.name.as_str()),
            _ => None,
        };
        sops::unlock(&self.path, &self.name, only, &sources).map_err(|locked| locked.fault)
    }

    /// Returns the targets by which the guard judges a change: the file in every environment that reads it. A file
    /// without readers counts as one of all environments, so that the strictest protection applies; `--env` selects
    /// keys and never weakens this.
    fn targets(&self, facts: &Facts) -> Vec<CommandTarget> {
        if facts.environments.iter().next().is_none() {
            // Without any environment, such as outside of a repository, a file is the user's own: the guard decides.
            return vec![CommandTarget::File(None, self.name.clone())];
        }
        let readers = facts.repository.as_ref().map(|snapshot| snapshot.readers_of(&self.name)).unwrap_or_default();
        let mut envs: Vec<Env> = readers.iter().filter_map(|reader| facts.find_environment(reader)).collect();
        if envs.is_empty() {
            envs.extend(facts.environments.iter().map(|(env, _)| env));
        }
        envs.sort_unstable();
        envs.dedup();
        envs.into_iter().map(|env| CommandTarget::File(Some(env), self.name.clone())).collect()
    }
}
