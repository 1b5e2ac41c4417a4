//! `fluxdeck secret new`: a new kind Secret, encrypted before it touches the disk, in the right overlay.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use zeroize::Zeroizing;

use crate::app::CommandTarget;
use crate::cli::Call;
use crate::cli::operate::{only_environment, perform, permit};
use crate::cli::prompt::Terminal;
use crate::commands;
use crate::model::{Env, Fault, FaultKind};
use crate::repo::Snapshot;
use crate::repo::new_secret::{NewSecret, NewValue, SecretType, docker_config, env_file};
use crate::runtime::Session;
use crate::secret::Secret;
use crate::sops::{self, Asker as _, SecretPrompt};
use crate::workflows::new_secret::{CreationContext, operation, targets};

/// The largest file that is read, in bytes: the limit of a Secret.
const LARGEST: u64 = crate::files::VALUE_LIMIT;

// Flags of `secret new`. No value is ever one of them: other users of the machine see the arguments of every process.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The Secret's name
    name: String,
    /// Its namespace
    #[arg(long, short = 'n')]
    namespace: String,
    /// What it is
    #[arg(long = "type", value_enum, default_value_t = Kind::Opaque)]
    kind: Kind,
    /// A key whose value comes from standard input, one line for each in their order; on a terminal it is asked for
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// A key whose value is made: 32 letters and digits, or as many as are said
    #[arg(long, value_name = "KEY[=LENGTH]")]
    generate: Vec<String>,
    /// A key whose value is a file's content
    #[arg(long, value_name = "KEY=FILE")]
    from_file: Vec<String>,
    /// Keys and values from a `.env` file, read as Docker Compose reads it
    #[arg(long, value_name = "FILE")]
    from_env_file: Vec<PathBuf>,
    /// The registry of --type docker-registry; the password comes from standard input, or is asked for
    #[arg(long, default_value = "https://index.docker.io/v1/")]
    docker_server: String,
    /// The user of --type docker-registry
    #[arg(long, required_if_eq("kind", "docker-registry"))]
    docker_username: Option<String>,
    /// The address of --type docker-registry
    #[arg(long)]
    docker_email: Option<String>,
    /// The folder; by default the one in which the namespace's objects live
    #[arg(long, value_name = "DIR")]
    folder: Option<String>,
    /// Let the key of another environment open it too; its name
    #[arg(long = "for", value_name = "ENV")]
    other: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Opaque,
    DockerRegistry,
    Tls,
    BasicAuth,
    SshAuth,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session_of_any()?;
        let facts = session.facts_with_repository();
        let Some(snapshot) = facts.repository.clone() else {
            return Err(wrong("there is no repository here", "start it in one, or name one with --repo"));
        };
        let env = environment(arguments, call, &session, &snapshot)?;
        let mut new = NewSecret {
            env: facts.name(env).to_owned(),
            namespace: arguments.namespace.clone(),
            name: arguments.name.clone(),
            kind: match arguments.kind {
                Kind::Opaque => SecretType::Opaque,
                Kind::DockerRegistry => SecretType::DockerRegistry,
                Kind::Tls => SecretType::Tls,
                Kind::BasicAuth => SecretType::BasicAuth,
                Kind::SshAuth => SecretType::SshAuth,
            },
            values: Vec::new(),
            folder: arguments.folder.clone(),
            allowed: arguments.other.clone(),
            agreed: Vec::new(),
        };
        let place = new.place(&snapshot);
        let targets = match &place {
            Ok(place) => targets(env, place, &facts),
            Err(_) => vec![CommandTarget::Environment(env)],
        };
        // The guard judges before any value is read, for every environment that reads the folder.
        let permit = permit(call, &commands::SECRET_NEW, &targets, &facts)?;
        new.values = values(arguments)?;
        new.agreed = place?.readers;
        let at = CreationContext { env, root: snapshot.root.clone(), now: session.clock.now() };
        let outcome = perform(call, &session, operation(new, Ok, at, permit, |_made| ())).await?;
        Ok(u8::from(!outcome.is_done()))
    })
}

/// Returns the environment of the new Secret: the named one, the only one, or one that reads the named folder; the
/// guard judges the other readers too.
fn environment(arguments: &Arguments, call: &Call, session: &Session, snapshot: &Snapshot) -> Result<Env, Fault> {
    only_environment(call, session).or_else(|fault| {
        let folder = arguments.folder.as_deref().map(|folder| folder.trim_end_matches('/'));
        let reads = |name: &str| folder.is_some_and(|folder| snapshot.kustomization_of(name, folder).is_some());
        let known = session.environments.iter().find(|known| call.global.env.is_none() && reads(&known.name));
        known.map(|known| known.env).ok_or(fault)
    })
}

fn wrong(why: impl Into<String>, todo: &str) -> Fault {
    Fault::new(FaultKind::Usage, "no Secret was made", why, todo)
}

fn values(arguments: &Arguments) -> Result<Vec<(String, NewValue)>, Fault> {
    let mut values: Vec<(String, NewValue)> = Vec::new();
    for file in &arguments.from_env_file {
        let text = read(file, &file.display().to_string())?;
        let text = Secret::new(
            std::str::from_utf8(&text)
                .map_err(|_| wrong(format!("{} is not text", file.display()), "name a .env file"))?,
        );
        let found =
            env_file(&text).map_err(|why| wrong(format!("{}: {why}", file.display()), "write it as KEY=value"))?;
        values.extend(found.into_iter().map(|(key, value)| (key, NewValue::Text(value))));
    }
    for pair in &arguments.from_file {
        let (key, file) =
            pair.split_once('=').ok_or_else(|| wrong(format!("`{pair}` names no file"), "write it as KEY=FILE"))?;
        // A user of --from-literal may type a value here, so it is not repeated.
        let shown = if Path::new(file).exists() { file.to_owned() } else { format!("the file of {key}") };
        values.push((key.to_owned(), NewValue::from_bytes(read(Path::new(file), &shown)?)));
    }
    for word in &arguments.generate {
        let (key, length) = word.split_once('=').unwrap_or((word, "32"));
        let length: usize = length.parse().ok().filter(|length| (8..=4096).contains(length)).ok_or_else(|| {
            wrong(format!("{key}= needs a length from 8 to 4096"), "write it as KEY=40, or KEY alone")
        })?;
        let letters: Vec<char> = sops::LETTERS.chars().collect();
        values.push((key.to_owned(), NewValue::Text(sops::password_of(length, &letters))));
    }
    if arguments.key.iter().any(|key| key.contains('=')) {
        let why = "--key takes a name alone: other users of this machine see the arguments of every process, so a value given there is no longer secret";
        return Err(wrong(why, "take another value, and pass it on standard input, or type it when it is asked for"));
    }
    let docker = arguments.kind == Kind::DockerRegistry;
    let registry = docker.then(|| format!("password of {}", arguments.docker_server));
    let keys = arguments.key.iter().map(|key| format!("value of {key}"));
    let asked: Vec<String> = keys.chain(registry).collect();
    if !asked.is_empty() {
        let mut lines =
            if std::io::stdin().is_terminal() { typed(&asked)? } else { standard_input(asked.len())? }.into_iter();
        for key in &arguments.key {
            values.extend(lines.next().map(|value| (key.clone(), NewValue::Text(value))));
        }
        if let (true, Some(password), Some(user)) = (docker, lines.next(), &arguments.docker_username) {
            let config = docker_config(&arguments.docker_server, user, &password, arguments.docker_email.as_deref());
            values.push((".dockerconfigjson".to_owned(), NewValue::Text(config)));
        }
    }
    Ok(values)
}

fn read(file: &Path, shown: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    crate::files::own(file, LARGEST)
        .map(Zeroizing::new)
        .map_err(|error| wrong(format!("{shown}: {error}"), "name a file that you may read"))
}

/// Prompts for each value on the terminal, without an echo.
fn typed(asked: &[String]) -> Result<Vec<Secret>, Fault> {
    let value = |text: &String| {
        let question = SecretPrompt { text: text.clone(), hidden: true };
        let todo = "type it, or give one line for each on standard input: pass show NAME | fluxdeck secret new …";
        Terminal.ask(&question).ok_or_else(|| wrong(format!("nothing was typed for the {text}"), todo))
    };
    asked.iter().map(value).collect()
}

/// Reads one line for each value.
fn standard_input(count: usize) -> Result<Vec<Secret>, Fault> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(super::MOST.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string(), "give text, a line for each value"))?;
    if text.len() as u64 > super::MOST {
        return Err(wrong(
            format!(
                "standard input is longer than {} bytes, and Kubernetes takes no Secret that is larger",
                super::MOST
            ),
            "give one line for each --key",
        ));
    }
    let lines: Vec<Secret> = text.lines().map(Secret::new).collect();
    if lines.len() != count {
        return Err(wrong(
            format!("{count} values are asked for, and standard input has {} lines", lines.len()),
            "give one line for each --key, in their order",
        ));
    }
    Ok(lines)
}
