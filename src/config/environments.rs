//! The environments: folders of the repository, contexts of the kubeconfig, and what the settings say of them.

use std::collections::BTreeMap;

use super::layer::Origin;
use super::settings::Settings;
use crate::model::{Env, Environment, Fault, FaultKind, PerEnv};
use crate::repo::RepoEnvironment;

/// Holds the environments in their order.
#[derive(Debug, Clone, Default)]
pub struct Environments {
    /// The environments; the place of each is its [`Env`].
    pub list: Vec<Environment>,
    /// Why an environment has no cluster, for those that have none.
    pub faults: PerEnv<Option<Fault>>,
    /// Why an environment is protected or not.
    pub protection: PerEnv<Origin>,
}

impl Environments {
    /// Finds an environment by its name.
    pub fn find(&self, name: &str) -> Option<&Environment> {
        self.list.iter().find(|environment| environment.name == name)
    }
}

struct Draft {
    order: Option<i64>,
    environment: Environment,
    fault: Option<Fault>,
    protection: Origin,
}

/// Finds the environments: one per folder under `clusters/`, and those that the settings give a context.
///
/// The kube context is the configured one, else the one of the same name; an environment whose context is not among `contexts` has no cluster,
/// and a fault that says so. Unless the settings order them, those that are not protected come first, each part by name: staging stands
/// before production.
pub fn environments(settings: &Settings, folders: &[RepoEnvironment], contexts: &[String]) -> Environments {
    let mut named: BTreeMap<&str, Option<&RepoEnvironment>> = settings
        .envs
        .keys()
        .map(String::as_str)
        .chain(settings.flags.contexts.iter().map(|(environment, _)| environment.as_str()))
        .filter(|name| settings.env(name).context.is_some())
        .map(|name| (name, None))
        .collect();
    named.extend(folders.iter().map(|folder| (folder.name.as_str(), Some(folder))));
    let mut drafts: Vec<Draft> =
        named.into_iter().map(|(name, folder)| draft(settings, name, folder, contexts)).collect();
    protect_namesakes(settings, &mut drafts);
    drafts.sort_by(|a, b| key(a).cmp(&key(b)));

    let count = drafts.len().min(usize::from(u8::MAX));
    drafts.truncate(count);
    for (index, draft) in drafts.iter_mut().enumerate() {
        draft.environment.env = Env(u8::try_from(index).unwrap_or(u8::MAX));
    }
    let at = |env: Env| drafts.get(env.index());
    Environments {
        faults: PerEnv::from_fn(count, |env| at(env).and_then(|draft| draft.fault.clone())),
        protection: PerEnv::from_fn(count, |env| at(env).map(|draft| draft.protection.clone()).unwrap_or_default()),
        list: drafts.into_iter().map(|draft| draft.environment).collect(),
    }
}

/// Sorts the environments with an `order` before the others, then the unprotected before the protected, then by name.
fn key(draft: &Draft) -> (bool, i64, bool, &str) {
    let order = draft.order;
    (order.is_none(), order.unwrap_or_default(), draft.environment.protected, &draft.environment.name)
}

fn draft(settings: &Settings, name: &str, folder: Option<&RepoEnvironment>, contexts: &[String]) -> Draft {
    let own = settings.env(name);
    let wanted = own.context.as_ref().map_or(name, |context| context.value.as_str());
    let known = contexts.iter().any(|context| context == wanted);
    let protection = settings.protection(name, Some(wanted));
    Draft {
        order: own.order.map(|order| order.value),
        fault: (!known).then(|| no_context(name, wanted, contexts)),
        environment: Environment {
            env: Env(0),
            name: name.to_owned(),
            context: known.then(|| wanted.to_owned()),
            protected: protection.value,
            path: folder.map(|folder| folder.path.clone()),
            recipients: folder.map(|folder| folder.recipients.clone()).unwrap_or_default(),
            colour: own.colour.map(|colour| colour.value),
        },
        protection: protection.origin,
    }
}

/// Protects environments that reach the cluster of a protected one by the same context.
fn protect_namesakes(settings: &Settings, drafts: &mut [Draft]) {
    let protected: Vec<(String, String)> = drafts
        .iter()
        .filter(|draft| draft.environment.protected)
        .filter_map(|draft| Some((draft.environment.context.clone()?, draft.environment.name.clone())))
        .collect();
    for draft in drafts
        .iter_mut()
        .filter(|draft| !draft.environment.protected && !settings.is_unprotected(&draft.environment.name))
    {
        if let Some((_, other)) =
            protected.iter().find(|(context, _)| draft.environment.context.as_ref() == Some(context))
        {
            draft.environment.protected = true;
            draft.protection = Origin::Rule(format!("the context of {other}"));
        }
    }
}

fn no_context(name: &str, wanted: &str, contexts: &[String]) -> Fault {
    let known = if contexts.is_empty() { "it has none".to_owned() } else { format!("it has {}", contexts.join(", ")) };
    Fault::new(
        FaultKind::Unreachable,
        format!("{name} has no cluster here"),
        format!("the kubeconfig has no context {wanted}; {known}"),
        format!("name the context: context = \"…\" below [env.{name}] in your settings, or --env {name} --context …"),
    )
}
