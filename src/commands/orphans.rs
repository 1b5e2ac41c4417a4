//! Opens the live objects that nothing explains.

use super::known::without_environment;
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::orphans::Orphans;

/// Opens the orphans of the environment that is shown.
pub(super) static COMMAND: Command = Command {
    id: "orphans",
    title: "Orphans",
    keys: &["u"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        lesson(
            ShellLine::new(
                "kubectl get configmaps,secrets,services,deployments -A -l '!kustomize.toolkit.fluxcd.io/name,!helm.toolkit.fluxcd.io/name' -o 'custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,BY:.metadata.managedFields[0].manager,SINCE:.metadata.creationTimestamp' --context {}",
                &[context],
            ),
            "What no inventory of Flux, no release of Helm, no owner and no operator explains was made by hand, or was left behind.",
            "who made it and when; delete it only once you know that nobody needs it.",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#garbage-collection",
        )
    },
    run: |ask| vec![Action::Push(Box::new(Orphans::new(ask.env())))],
};
