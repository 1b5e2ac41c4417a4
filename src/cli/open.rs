//! Opens the session of a call: repository, settings, environments, clusters.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::login::login;
use super::{Call, Global};
use crate::cluster::{Cluster, Kubeconfig, connect};
use crate::config::{Flags, Settings, environments};
use crate::model::{Clock, Env, Environment, Fault, FaultKind, KubeContext, PerEnv};
use crate::repo::{FileFault, Loader, Snapshot};
use crate::runtime::{Journal, Session, SessionSource};
use crate::sops::{IdentitySources, KeySources, Prompts};

/// Opens the session on the real clusters.
pub(super) fn live(global: &Global, prompts: Prompts) -> Result<Session, Fault> {
    let folder = folder(global)?;
    let loader = Loader::open(&folder);
    // Without git and without a sign of Flux a folder is no repository for us: only the live side is shown.
    let root = match loader.repository() {
        Err(fault) if is_none(fault, &loader) => Err(fault.clone()),
        _ => Ok(loader.root().to_owned()),
    };
    let mut settings = Settings::load(root.as_deref().ok(), &flags(global));
    settings.with_known_themes(|name| crate::theme::names().any(|known| known == name));
    crate::sops::agree_to_plugins(settings.plugins.clone());
    let kubeconfig = kubeconfig(global, &mut settings);
    let contexts = kubeconfig.as_ref().map_err(Clone::clone).and_then(Kubeconfig::known);
    let plan = Plan { root, settings, contexts };
    let parts = Parts {
        source: SessionSource::Live,
        clock: Clock::system(),
        login: login(),
        via: via(std::env::var("SSH_CONNECTION").ok().as_deref(), &login()),
        journal: Journal::of_account(),
        folder: None,
        key_files: None,
        prompts,
    };
    let session = plan.session(loader, parts, |env, environment, context| {
        connect(env, &environment.name, kubeconfig.as_ref().map_err(Clone::clone)?, context)
    });
    only(session, global)
}

/// Reads the kubeconfig files, including those that the settings name for environments; a flag replaces all of them.
fn kubeconfig(global: &Global, settings: &mut Settings) -> Result<Kubeconfig, Fault> {
    let found = Kubeconfig::load(global.kubeconfig.as_deref());
    if global.kubeconfig.is_some() {
        settings.without_kubeconfigs();
    }
    Kubeconfig::with(found, &settings.kubeconfigs())
}

/// Reads the repository alone, without any cluster, for a subcommand about its environments.
pub(super) fn repository(global: &Global) -> Result<Snapshot, Fault> {
    let snapshot = repository_of_any(global)?;
    if snapshot.environments.is_empty() {
        return Err(snapshot.looked.nothing());
    }
    Ok(snapshot)
}

/// Reads the repository alone, for a subcommand about its files; without environments the caller reports that.
pub(super) fn repository_of_any(global: &Global) -> Result<Snapshot, Fault> {
    let folder = folder(global)?;
    let loader = Loader::open(&folder);
    match loader.repository() {
        Err(fault) if is_none(fault, &loader) => return Err(fault.clone()),
        _ => {}
    }
    let mut settings = Settings::load(Some(loader.root()), &flags(global));
    let contexts = kubeconfig(global, &mut settings).and_then(|known| known.known());
    let snapshot = loader.with(&settings.hints(contexts.as_deref().unwrap_or_default())).load();
    let known_as = |name: &String| snapshot.environments.iter().any(|known| known.name == *name);
    match global.env.as_ref().filter(|name| !known_as(name)) {
        None => Ok(snapshot),
        Some(_) if snapshot.environments.is_empty() => Err(snapshot.looked.nothing()),
        Some(name) => {
            let names: Vec<&str> = snapshot.environments.iter().map(|known| known.name.as_str()).collect();
            Err(Fault::new(
                FaultKind::Usage,
                format!("the repository has no environment {name}"),
                format!("there are: {}", names.join(", ")),
                "`fluxdeck envs` lists them; an environment is a folder that Flux syncs, or that [env.NAME] path names",
            ))
        }
    }
}

/// Reads the repository as Flux sees it: the rendering replaces the files' declarations. If rendering fails, that is
/// reported, and the declarations are used.
pub(super) fn effective(call: &Call) -> Result<Snapshot, Fault> {
    let snapshot = repository(&call.global)?;
    match super::objects::render(&snapshot, call) {
        Ok(rendering) => Ok(snapshot.with_graph(&rendering.graph)),
        Err(fault) => {
            call.complain(&fault);
            call.remark("so this is what the files declare; what parents patch and variables fill in is not in it");
            Ok(snapshot)
        }
    }
}

/// Tells whether a folder outside of git is no repository for us either: it shows no sign of Flux, or git refuses it
/// because it belongs to another user.
fn is_none(fault: &Fault, loader: &Loader) -> bool {
    fault.kind == FaultKind::Refused || !loader.is_like_flux()
}

/// Refuses an unreadable settings file that the user named, because the user relies on it.
pub(super) fn named(global: &Global) -> Result<(), Fault> {
    let Some(file) = &global.config else { return Ok(()) };
    crate::files::open_own(file).map(drop).map_err(|error| {
        let why = format!("{}: {error}", file.display());
        Fault::new(FaultKind::Usage, "the settings cannot be read", why, "name another file with --config, or none")
    })
}

fn folder(global: &Global) -> Result<PathBuf, Fault> {
    match &global.repo {
        Some(folder) if !folder.is_dir() => {
            let why = format!("{} is not a folder", folder.display());
            Err(Fault::new(FaultKind::Usage, "cannot open the repository", why, "name a folder with --repo"))
        }
        Some(folder) => Ok(folder.clone()),
        None => Ok(std::env::current_dir().unwrap_or_default()),
    }
}

/// Restricts the session to the environment of `--env`.
fn only(session: Session, global: &Global) -> Result<Session, Fault> {
    if let Some(name) = &global.env {
        session.environment(name)?;
    }
    Ok(session)
}

/// Returns the settings that the flags set.
pub(super) fn flags(global: &Global) -> Flags {
    Flags {
        theme: global.theme.clone(),
        ascii: global.ascii,
        mouse: false,
        read_only: global.read_only,
        contexts: global.env.clone().zip(global.context.clone()).into_iter().collect(),
        protect: global.protect.clone(),
        unprotect: global.unprotect.clone(),
        config: global.config.clone(),
    }
}

/// Holds the inputs of the environments.
pub(super) struct Plan {
    /// The repository's root, or the reason why there is none.
    pub root: Result<PathBuf, Fault>,
    /// The settings.
    pub settings: Settings,
    /// The contexts of the kubeconfig, or the reason why they are unknown.
    pub contexts: Result<Vec<KubeContext>, Fault>,
}

/// Holds the parts that differ between real and simulated sessions.
pub(super) struct Parts {
    /// Whether it is real or simulated.
    pub source: SessionSource,
    /// The clock.
    pub clock: Clock,
    /// The user's login.
    pub login: String,
    /// The `ssh` address of this machine.
    pub via: String,
    /// The journal of writes.
    pub journal: Journal,
    /// The folder that is removed with the session.
    pub folder: Option<crate::programs::WorkFolder>,
    /// The folder with a key file for each environment, in place of the files in the settings.
    pub key_files: Option<PathBuf>,
    /// The prompts for passphrases.
    pub prompts: Prompts,
}

impl Plan {
    /// Builds the session; `cluster` creates the cluster of each environment that has a context.
    pub(super) fn session(
        mut self,
        loader: Loader,
        parts: Parts,
        cluster: impl Fn(Env, &Environment, &str) -> Result<Cluster, Fault>,
    ) -> Session {
        let contexts = self.contexts.as_deref().unwrap_or_default();
        let mut loader = loader.with(&self.settings.hints(contexts));
        let (folders, nothing) = match &self.root {
            Ok(_) => loader.environments(),
            Err(fault) => (Vec::new(), nowhere(fault)),
        };
        let found = environments(&self.settings, &folders, contexts);
        let at = |env: Env| found.list.get(env.index());
        let count = found.list.len();
        let clusters = PerEnv::from_fn(count, |env| {
            let gone = || Fault::failed("no cluster", "the environment is gone", "this is a defect of fluxdeck");
            let environment = at(env).ok_or_else(gone)?;
            if let Err(fault) = &self.contexts {
                return Err(fault.clone());
            }
            match (&environment.context, found.faults.get(env)) {
                (Some(context), _) => cluster(env, environment, context).map(|cluster| {
                    let named = self.settings.env(&environment.name).namespaces;
                    cluster.look_in(named.map(|named| named.value).unwrap_or_default());
                    // Flux's own objects are there, wherever the objects that it applies are.
                    cluster.look_in(["flux-system".to_owned()]);
                    Arc::new(cluster)
                }),
                (None, Some(Some(fault))) => Err(fault.clone()),
                (None, _) => Err(gone()),
            }
        });
        let identities = PerEnv::from_fn(count, |env| {
            let name = at(env).map_or("", |environment| environment.name.as_str());
            identities(&self.settings, name, parts.key_files.as_deref(), &parts.prompts)
        });
        let elsewhere = IdentitySources {
            environment: parts.key_files.is_none(),
            prompts: parts.prompts,
            ..IdentitySources::default()
        };
        if found.beyond > 0 {
            let fault = Fault::failed(
                format!("{} environments are not shown", found.beyond),
                format!("there are more than {}, and fluxdeck counts no further", found.list.len()),
                "work on a part of them: --repo, or a folder clusters/ with fewer",
            );
            self.settings.findings.push(FileFault::new("clusters/", None, fault));
        }
        Session {
            source: parts.source,
            environments: found.list,
            unprotected: found.unprotected,
            clusters: Arc::new(clusters),
            identities: Arc::new(KeySources::new(identities, elsewhere)),
            root: self.root,
            nothing,
            loader: Mutex::new(Some(loader)),
            via: parts.via,
            login: parts.login,
            started: parts.clock.now(),
            clock: parts.clock,
            journal: parts.journal,
            terminal: crate::app::Lender::default(),
            renderer: crate::render::Worker::default(),
            read_only: self.settings.read_only.value,
            theme: Some(self.settings.theme.value.clone()),
            ascii: self.settings.ascii.value.unwrap_or(false),
            keys: self.settings.keys.iter().map(|(id, keys)| (id.clone(), keys.value.clone())).collect(),
            operations: AtomicU64::new(1),
            settings: self.settings,
            exercise: None,
            folder: parts.folder,
        }
    }
}

/// Reports that there is no environment, because there is no repository and the settings name none.
fn nowhere(fault: &Fault) -> Fault {
    let why = format!(
        "there is no repository: {}, {}; and the settings name no environment with a context",
        fault.what, fault.why
    );
    let todo = "start it in the repository that Flux syncs, or name it with --repo; or name a cluster: [env.NAME] context = \"…\" in your settings";
    Fault::new(FaultKind::Usage, "there is no environment", why, todo)
}

fn identities(settings: &Settings, name: &str, key_files: Option<&Path>, prompts: &Prompts) -> IdentitySources {
    if let Some(folder) = key_files {
        return IdentitySources {
            key_file: Some(folder.join(format!("{name}.txt"))),
            key_command: None,
            environment: false,
            prompts: prompts.clone(),
        };
    }
    let own = settings.env(name);
    IdentitySources {
        key_file: own.age_key_file.map(|file| file.value),
        key_command: own.age_key_command.map(|command| command.value),
        environment: true,
        prompts: prompts.clone(),
    }
}

/// Returns the `ssh` address of this machine: the address and port of this session, else the host's name. OpenSSH sets
/// `SSH_CONNECTION` to the client's address and port, and the server's.
fn via(connection: Option<&str>, login: &str) -> String {
    let words: Vec<&str> = connection.unwrap_or_default().split_whitespace().collect();
    match words.as_slice() {
        [_, _, server, "22"] => format!("{login}@{server}"),
        [_, _, server, port] => format!("-p {port} {login}@{server}"),
        _ => format!("{login}@{}", rustix::system::uname().nodename().to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::via;

    #[test]
    fn the_way_back_is_the_address_at_which_the_session_came_in() {
        assert_eq!(via(Some("10.0.0.9 51234 10.0.40.1 22"), "maria"), "maria@10.0.40.1");
        assert_eq!(via(Some("fd00::9 51234 fd00::1 2222"), "maria"), "-p 2222 maria@fd00::1");
        assert!(via(None, "maria").strip_prefix("maria@").is_some_and(|host| !host.is_empty()));
    }
}
