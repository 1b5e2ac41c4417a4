//! What the commands share that change for whom files are encrypted: what the operator named and answered, as the workflow takes it.

use crate::app::{Action, Ask, CommandTarget};
use crate::model::ShellLine;
pub(super) use crate::workflows::secret::rekey::FileAction;
use crate::workflows::secret::rekey::Rekey;

/// Begins the operation on the targets: files, or all files of an environment.
pub(super) fn operate(ask: &Ask<'_>, title: &'static str, deed: FileAction, shell: ShellLine) -> Vec<Action> {
    let (Some(permit), Some(snapshot)) = (ask.permit, ask.facts.repository.clone()) else { return Vec::new() };
    let env = match ask.targets {
        [only] => only.env(),
        _ => None,
    };
    let strictest = ask.targets.iter().any(|target| target.env().is_none());
    let judged = ask.targets.iter().filter_map(CommandTarget::env).map(|env| ask.facts.name(env).to_owned()).collect();
    let allowed = ask.answer("for").map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
    let mut files: Vec<String> = Vec::new();
    let mut whole: Vec<String> = Vec::new();
    for target in ask.targets {
        match target {
            CommandTarget::File(_, path) if !files.contains(path) => files.push(path.clone()),
            CommandTarget::Environment(env) => whole.push(ask.facts.name(*env).to_owned()),
            _ => {}
        }
    }
    let rekey = Rekey {
        deed,
        snapshot,
        files,
        whole,
        env,
        judged: (!strictest).then_some(judged),
        allowed: allowed.unwrap_or_default(),
        readers: list(ask, "readers"),
        environments: ask.facts.environments.iter().map(|(env, known)| (env, known.name.clone())).collect(),
    };
    vec![Action::Operate(rekey.operation(title, shell, permit))]
}

/// Reads recipients from an answer: separated by commas or spaces.
pub(super) fn list(ask: &Ask<'_>, id: &str) -> Vec<String> {
    let words = ask.answer(id).unwrap_or_default().split([',', ' ']);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Names the targets and their environment as they stand in lessons.
pub(super) fn named(ask: &Ask<'_>) -> (Vec<String>, String) {
    let mut files: Vec<String> = Vec::new();
    let mut environments: Vec<&str> = Vec::new();
    for target in ask.targets {
        if let Some(env) = target.env()
            && !environments.contains(&ask.facts.name(env))
        {
            environments.push(ask.facts.name(env));
        }
        let name = match target {
            CommandTarget::File(_, path) => path.clone(),
            _ => "FILE".to_owned(),
        };
        if !files.contains(&name) {
            files.push(name);
        }
    }
    let place = if environments.is_empty() { "of several environments".to_owned() } else { environments.join(", ") };
    (files, place)
}

/// Tells whether a file can be encrypted with sops by what it is; the operator knows better than its name.
pub(super) fn is_file(_path: &str) -> bool {
    true
}
