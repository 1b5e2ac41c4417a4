//! The environments: folders of the repository, contexts of the kubeconfig, and their settings.

use std::collections::BTreeMap;
use std::path::Path;

use super::layer::SettingOrigin;
use super::protection::{self, Subject};
use super::settings::Settings;
use crate::model::{Env, Environment, Fault, FaultKind, IN_CLUSTER, KubeContext, PerEnv};
use crate::repo::RepoEnvironment;

/// Holds the environments in their order.
#[derive(Debug, Clone, Default)]
pub struct Environments {
    /// The environments; the index of each is its [`Env`].
    pub list: Vec<Environment>,
    /// The reasons why environments have no cluster, for those that have none.
    pub faults: PerEnv<Option<Fault>>,
    /// The origins by which environments are not protected, for those that are not.
    pub unprotected: PerEnv<SettingOrigin>,
    /// The number of environments beyond those that can be shown.
    pub beyond: usize,
}

impl Environments {
    /// Finds an environment by its name.
    pub fn find(&self, name: &str) -> Option<&Environment> {
        self.list.iter().find(|environment| environment.name == name)
    }
}

struct Draft {
    order: Option<i64>,
    /// The context for it, whether it exists or not.
    wanted: String,
    environment: Environment,
    fault: Option<Fault>,
    unprotected: SettingOrigin,
}

/// Finds the environments: one per folder that Flux syncs, and those that the settings give a context.
///
/// The kube context is the configured one, else the one of the same name; an environment whose context is not among
/// `contexts` has no cluster, but a fault that reports it. Unless the settings order them, the unprotected ones come
/// first, each part by name: staging comes before production.
pub fn environments(settings: &Settings, folders: &[RepoEnvironment], contexts: &[KubeContext]) -> Environments {
    let mut named: BTreeMap<&str, Option<&RepoEnvironment>> = settings
        .envs
        .keys()
        .map(String::as_str)
        .chain(settings.flags.contexts.iter().map(|(environment, _)| environment.as_str()))
        .filter(|name| {
            let own = settings.env(name);
            own.context.is_some() || own.kubeconfig.is_some()
        })
        .map(|name| (name, None))
        .collect();
    named.extend(folders.iter().map(|folder| (folder.name.as_str(), Some(folder))));
    // A fluxdeck in a pod that knows one environment is inside it.
    let own_pod = contexts.first().filter(|only| named.len() == 1 && contexts.len() == 1 && only.name == IN_CLUSTER);
    let mut drafts: Vec<Draft> =
        named.into_iter().map(|(name, folder)| draft(settings, name, folder, contexts, own_pod)).collect();
    protect(settings, &mut drafts, contexts);
    drafts.sort_by(|a, b| key(a).cmp(&key(b)));

    let all = drafts.len();
    let count = all.min(usize::from(u8::MAX));
    if count < all {
        // A dropped environment cannot be inspected, so protected ones, on which others depend, are kept first.
        drafts.sort_by_key(|draft| !draft.environment.protected);
        drafts.truncate(count);
        drafts.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    for (index, draft) in drafts.iter_mut().enumerate() {
        draft.environment.env = Env(u8::try_from(index).unwrap_or(u8::MAX));
    }
    let at = |env: Env| drafts.get(env.index());
    Environments {
        faults: PerEnv::from_fn(count, |env| at(env).and_then(|draft| draft.fault.clone())),
        unprotected: PerEnv::from_fn(count, |env| at(env).map(|draft| draft.unprotected.clone()).unwrap_or_default()),
        list: drafts.into_iter().map(|draft| draft.environment).collect(),
        beyond: all.saturating_sub(count),
    }
}

/// Sorts the environments with an `order` before the others, then the unprotected before the protected, then by name.
fn key(draft: &Draft) -> (bool, i64, bool, &str) {
    let order = draft.order;
    (order.is_none(), order.unwrap_or_default(), draft.environment.protected, &draft.environment.name)
}

fn draft(
    settings: &Settings,
    name: &str,
    folder: Option<&RepoEnvironment>,
    contexts: &[KubeContext],
    own_pod: Option<&KubeContext>,
) -> Draft {
    let own = settings.env(name);
    let wanted = match (&own.context, &own.kubeconfig, own_pod) {
        (context, Some(file), _) => of_file(&file.value, context.as_ref().map(|it| it.value.as_str()), name, contexts),
        (Some(context), None, _) => context.value.clone(),
        (None, None, Some(pod)) => pod.name.clone(),
        (None, None, None) => name.to_owned(),
    };
    let meant: Vec<&KubeContext> = contexts.iter().filter(|context| context.is_meant(&wanted)).collect();
    // The lookup in an environment's own file reports a missing context.
    let known = meant.len() == 1 || own.kubeconfig.is_some();
    let wanted = match meant.as_slice() {
        [only] => only.name.clone(),
        _ => wanted,
    };
    Draft {
        order: own.order.map(|order| order.value),
        fault: (!known).then(|| no_context(name, &wanted, contexts)),
        environment: Environment {
            env: Env(0),
            name: name.to_owned(),
            context: known.then(|| wanted.clone()),
            protected: true,
            protected_by: None,
            path: folder.map(|folder| folder.path.clone()),
            recipients: folder.map(|folder| folder.recipients.clone()).unwrap_or_default(),
            colour: own.colour.map(|colour| colour.value),
        },
        wanted,
        unprotected: SettingOrigin::default(),
    }
}

/// Returns the context of an environment with its own kubeconfig: the configured one, else that of its name, else the
/// only one there.
fn of_file(file: &Path, context: Option<&str>, name: &str, contexts: &[KubeContext]) -> String {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let qualified = |name: &str| format!("{}:{name}", file.display());
    let apart = contexts.iter().filter(|known| Path::new(&known.file) == file && known.name == qualified(known.bare()));
    let names: Vec<&str> = apart.map(KubeContext::bare).collect();
    match (context, names.as_slice()) {
        (Some(context), _) => qualified(context),
        (None, [only]) => qualified(only),
        (None, _) => qualified(name),
    }
}

/// Sets for each environment whether it is protected, and why; this needs all of them, because one protects others.
fn protect(settings: &Settings, drafts: &mut [Draft], contexts: &[KubeContext]) {
    let subjects: Vec<Subject<'_>> =
        drafts.iter().map(|draft| Subject { name: &draft.environment.name, context: &draft.wanted }).collect();
    let judged = protection::judge(settings, &subjects, contexts);
    for (draft, judged) in drafts.iter_mut().zip(judged) {
        draft.environment.protected = judged.is_ok();
        match judged {
            Ok(protection) => draft.environment.protected_by = Some(protection),
            Err(origin) => draft.unprotected = origin,
        }
    }
}

fn no_context(name: &str, wanted: &str, contexts: &[KubeContext]) -> Fault {
    let alike: Vec<&KubeContext> =
        contexts.iter().filter(|context| context.bare() == wanted || context.is_meant(wanted)).collect();
    if let [first, _, ..] = alike.as_slice() {
        let names: Vec<&str> = alike.iter().map(|context| context.name.as_str()).collect();
        let why = format!("several kubeconfig files have a context {wanted}, and they differ: {}", names.join(", "));
        let todo = format!("say which file: context = \"{}\" below [env.{name}] in your settings", first.name);
        return Fault::new(FaultKind::Unreachable, format!("{name} has no cluster here"), why, todo);
    }
    if contexts.iter().any(|context| context.name == IN_CLUSTER) {
        let why = "there is no kubeconfig, and nothing says which environment the cluster of this pod is";
        let todo = format!("say it: context = \"in-cluster\" below [env.{name}] in your settings");
        return Fault::new(FaultKind::Unreachable, format!("{name} has no cluster here"), why, todo);
    }
    let names: Vec<&str> = contexts.iter().map(|context| context.name.as_str()).collect();
    let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
    Fault::new(
        FaultKind::Unreachable,
        format!("{name} has no cluster here"),
        format!("the kubeconfig has no context {wanted}; {known}"),
        format!(
            "name the context: context = \"…\" below [env.{name}] in your settings, or --env {name} --context …; another kubeconfig by KUBECONFIG or --kubeconfig"
        ),
    )
}
