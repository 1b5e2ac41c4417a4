//! The shared parts of the commands that change the recipients of files: they pass the user's targets and answers to
//! the workflow.

use crate::app::{Action, Ask, CommandTarget};
use crate::commands::known;
use crate::model::ShellLine;
pub(super) use crate::workflows::secret::rekey::FileAction;
use crate::workflows::secret::rekey::Rekey;

/// Starts the operation on the targets: files, or all files of an environment.
pub(super) fn operate(ask: &Ask<'_>, title: &'static str, action: FileAction, shell: ShellLine) -> Vec<Action> {
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
        action,
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

/// Returns the files, including those of a whole environment, and their environments, as lessons name them.
pub(super) fn named(ask: &Ask<'_>) -> (Vec<String>, String) {
    let mut files: Vec<String> = Vec::new();
    for target in ask.targets {
        let own = match (target, &ask.facts.repository) {
            (CommandTarget::File(_, path), _) => vec![path.clone()],
            (CommandTarget::Environment(env), Some(snapshot)) => {
                known::encrypted(snapshot, ask.facts.name(*env)).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        for file in own {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    let places = known::places(ask);
    (files, if places.is_empty() { "of several environments".to_owned() } else { places })
}

/// Returns a line for each file: sops takes one at a time.
pub(super) fn each(files: &[String], line: impl Fn(&str) -> ShellLine) -> ShellLine {
    known::lines(files.iter().map(|file| line(file).path(file)))
}

/// Accepts every file: the name does not tell whether sops can encrypt it.
pub(super) fn is_file(_path: &str) -> bool {
    true
}
