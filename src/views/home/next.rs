//! What an operator does next about a failure, by what its controller says: the command that leads on, and why that one.

use crate::kinds;
use crate::model::{ObjectRef, Row, State};

/// Names the next step: a command by its id, where one leads on, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextStep {
    /// The command; `None` where the words say what to change in the repository.
    pub command: Option<&'static str>,
    /// What the step does, in a few words.
    pub words: &'static str,
}

/// Says which message asks for which step.
struct Case {
    /// The kind that says it; `None` where any may.
    kind: Option<&'static str>,
    /// Texts that all stand in the message.
    texts: &'static [&'static str],
    step: NextStep,
}

const fn case(texts: &'static [&'static str], command: &'static str, words: &'static str) -> Case {
    Case { kind: None, texts, step: NextStep { command: Some(command), words } }
}

const fn change(texts: &'static [&'static str], words: &'static str) -> Case {
    Case { kind: None, texts, step: NextStep { command: None, words } }
}

const fn release(texts: &'static [&'static str], command: &'static str, words: &'static str) -> Case {
    Case { kind: Some("HelmRelease"), texts, step: NextStep { command: Some(command), words } }
}

/// The cases, the more particular first. The messages are those of kustomize-controller 1.9, helm-controller 1.6, source-controller 1.9 and
/// kube-apiserver 1.34; `../../../tests/recordings` has most of them.
const CASES: &[Case] = &[
    case(&["sops-age", "not found"], "age-keys", "give the cluster its age key"),
    case(&["no identity matched"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    case(&["failed to decrypt"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    case(&["error decrypting"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    change(&["decryption", "not configured"], "add spec.decryption to the Kustomization"),
    release(&["exhausted"], "reconcile-reset", "once the cause is mended: it starts again from the first try"),
    release(&["RetriesExceeded"], "reconcile-reset", "once the cause is mended: it starts again from the first try"),
    release(
        &["Failed to", "after", "attempt(s)"],
        "reconcile-reset",
        "once the cause is mended: it starts again from the first try",
    ),
    release(&["another operation", "in progress"], "reconcile-force", "where no helm is at work any more"),
    case(
        &["no chart version found"],
        "reconcile-with-source",
        "read the chart repository anew, if the version is new there",
    ),
    case(
        &["chart", "version", "not found"],
        "reconcile-with-source",
        "read the chart repository anew, if the version is new there",
    ),
    case(&["path not found"], "findings", "its file and line"),
    case(&["kustomize build failed"], "findings", "its file and line"),
    case(&["accumulating resources"], "findings", "its file and line"),
    case(&["post build failed"], "findings", "its file and line"),
    case(&["substitution failed"], "findings", "its file and line"),
    case(&["no matches for kind"], "order", "what brings its CRD must come before it"),
    case(&["namespaces", "not found"], "order", "what makes the namespace must come before it"),
    change(&["field is immutable"], "delete the object, or annotate it kustomize.toolkit.fluxcd.io/force: enabled"),
    case(&["exceeded quota"], "describe", "what its namespace's quota leaves"),
    case(&["failed calling webhook"], "pods", "see whether the webhook's pod is ready"),
    case(&["denied the request"], "findings", "change what the webhook refuses"),
    change(
        &["is forbidden", "cannot"],
        "give its service account the right, or name another in spec.serviceAccountName",
    ),
    case(&["health check failed"], "open", "see what it waits for"),
    case(&["timeout waiting for"], "open", "see what it waits for"),
    case(&["context deadline exceeded"], "logs", "what its controller tried"),
    case(&["connection refused"], "logs", "what its controller tried"),
    case(&["no such host"], "logs", "what its controller tried"),
    case(&["authentication required"], "describe", "which Secret it logs in with"),
    case(&["x509: "], "describe", "which certificate it trusts"),
];

/// Returns the next step for a row that is not well; `None` where the message asks for none that is known.
pub fn step(object: &ObjectRef, row: &Row) -> Option<NextStep> {
    if row.state != State::Failed {
        return None;
    }
    let is_of = |case: &&Case| {
        case.kind.is_none_or(|kind| kinds::find(kind).is_some_and(|kind| kind.is(object)))
            && case.texts.iter().all(|text| row.message.contains(text))
    };
    CASES.iter().find(is_of).map(|case| case.step)
}

#[cfg(test)]
mod tests {
    use super::{CASES, step};
    use crate::commands;
    use crate::model::{ObjectRef, Row, RowKey, State};

    fn next(object: &str, message: &str) -> Option<&'static str> {
        let object: ObjectRef = object.parse().unwrap();
        let object = crate::kinds::complete(object);
        let row = Row {
            key: RowKey { namespace: "flux-system".into(), name: "x".into() },
            state: State::Failed,
            cells: [].into(),
            message: message.into(),
            created: None,
            flux: None,
        };
        step(&object, &row).and_then(|step| step.command)
    }

    #[test]
    fn every_step_is_a_command_that_there_is() {
        for case in CASES {
            let Some(id) = case.step.command else { continue };
            assert!(commands::COMMANDS.iter().any(|command| command.id == id), "{id}");
            assert!(!case.texts.is_empty() && case.texts.iter().all(|text| !text.is_empty()), "{id}");
        }
    }

    #[test]
    fn a_failure_leads_on() {
        let apps = "Kustomization/flux-system/x";
        let release = "HelmRelease/flux-system/x";
        for (object, message, command) in [
            (apps, "cannot get sops age key Secret: secrets \"sops-age\" not found", Some("age-keys")),
            (apps, "kustomize build failed: accumulating resources: …", Some("findings")),
            (
                apps,
                "health check failed after 30s: timeout waiting for: [Deployment/a/b status: 'InProgress']",
                Some("open"),
            ),
            (release, "Failed to upgrade after 4 attempt(s)", Some("reconcile-reset")),
            (apps, "Failed to upgrade after 4 attempt(s)", None),
            (
                "HelmChart/flux-system/x",
                "invalid chart reference: failed to get chart version for remote reference: no chart version found for a-9",
                Some("reconcile-with-source"),
            ),
            (apps, "something that nobody knows", None),
        ] {
            assert_eq!(next(object, message), command, "{message}");
        }
    }
}
