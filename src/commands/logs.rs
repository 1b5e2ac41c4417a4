//! Follows the log of a pod, or of the controller behind a Flux object.

use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Notice, Risk};
use crate::cluster::controller_log::controller_of;
use crate::cluster::logs::{FLUX_NAMESPACE, LogSource, is_workload};
use crate::model::{Lesson, ShellLine};
use crate::views::logs::Logs;

/// Follows the log of the selection.
pub static COMMAND: Command = Command {
    id: "logs",
    title: "Logs",
    keys: &["l"],
    scope: KeyScope::Object(LogSource::is_of),
    risk: Risk::Reads,
    questions: &[],
    lesson: teach,
    run: |ask| match ask.object().and_then(|(env, object)| LogSource::for_object(env, object)) {
        Some(source) => vec![Action::Push(Box::new(Logs::new(source)))],
        None => vec![Action::Tell(Notice::info(ask.now, "select a pod or a Flux object: it has no log"))],
    },
};

fn teach(ask: &Ask<'_>) -> Lesson {
    let Some((env, object)) = ask.object() else {
        return lesson(
            ShellLine::new("flux logs --all-namespaces --follow --context {}", &[ask.context(ask.env())]),
            "The controllers write down each reconciliation, and programs what they do.",
            "lines with the level error.",
            "https://fluxcd.io/flux/cmd/flux_logs/",
        );
    };
    let context = ask.context(env);
    if object.kind == "Pod" && object.group.is_empty() {
        return lesson(
            ShellLine::new("kubectl logs {} -n {} --follow --context {}", &[&object.name, &object.namespace, context]),
            "The log of the pod's first container; if the pod is replaced, the new one is followed.",
            "the first error, not the last: those after it often follow from it.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/",
        );
    }
    if is_workload(object) {
        let kind = object.kind.to_lowercase();
        return lesson(
            ShellLine::new(
                "kubectl logs {} -n {} --all-pods --follow --context {}",
                &[&format!("{kind}/{}", object.name), &object.namespace, context],
            ),
            "The logs of all its pods, each line with its pod; pods that come later are followed too.",
            "whether all of them say it, or one alone: that one may have a bad node or volume.",
            "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/",
        );
    }
    lesson(
        ShellLine::new(
            "flux logs --follow --kind={} --name={} --namespace={} --flux-namespace={} --context {}",
            &[&object.kind, &object.name, &object.namespace, FLUX_NAMESPACE, context],
        ),
        &format!(
            "The controller writes a line for each step of a reconciliation; only those of this object are shown. All of them: kubectl logs -n {FLUX_NAMESPACE} -l app={} --context {context}",
            controller_of(object).unwrap_or("source-controller")
        ),
        "level error, and the revision that it was working on.",
        "https://fluxcd.io/flux/cmd/flux_logs/",
    )
}
