//! Opens the session of a call: repository, settings, environments, clusters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::Global;
use crate::cluster::{Kubeconfig, connect};
use crate::model::{Clock, Env, Environment, Fault, FaultKind, PerEnv};
use crate::repo::git::Repository;
use crate::runtime::{Journal, Session, Source};
use crate::sops::IdentitySources;

/// Opens the session on the real clusters.
pub(super) fn live(global: &Global) -> Result<Session, Fault> {
    let folder = global.repo.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    let root = Repository::discover(&folder).map(|repository| repository.root);
    let contexts = Kubeconfig::load(global.kubeconfig.as_deref()).and_then(|known| known.contexts());
    let mut names = Vec::new();
    if let Ok(root) = &root {
        for entry in std::fs::read_dir(root.join("clusters")).into_iter().flatten().flatten() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_by_key(|name| (name == "production", name.clone()));
    let environments: Vec<Environment> = names
        .iter()
        .enumerate()
        .map(|(index, name)| Environment {
            env: Env(u8::try_from(index).unwrap_or(0)),
            name: name.clone(),
            context: Some(name.clone()),
            protected: name == "production",
            path: Some(format!("clusters/{name}")),
            recipients: Vec::new(),
            colour: None,
        })
        .collect();
    let clusters = PerEnv::from_fn(environments.len(), |env| {
        let environment = environments.get(env.index());
        let name = environment.map_or("", |known| known.name.as_str());
        match (&contexts, environment.and_then(|known| known.context.as_deref())) {
            (Err(fault), _) => Err(fault.clone()),
            (Ok(_), Some(context)) => connect(env, name, global.kubeconfig.as_deref(), context).map(Arc::new),
            (Ok(_), None) => Err(Fault::new(FaultKind::Unreachable, format!("{name} has no cluster"), "x", "y")),
        }
    });
    let clock = Clock::system();
    Ok(Session {
        source: Source::Live,
        identities: Arc::new(PerEnv::from_fn(environments.len(), |_| IdentitySources::default())),
        environments,
        clusters: Arc::new(clusters),
        root,
        login: std::env::var("USER").unwrap_or_default(),
        started: clock.now(),
        clock,
        journal: Journal::of_account(),
        read_only: global.read_only,
        theme: global.theme.clone(),
        ascii: global.ascii,
        keys: BTreeMap::new(),
        operations: AtomicU64::new(1),
    })
}
