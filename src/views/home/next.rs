//! The next step after a failure, by its controller's message: the command, and its purpose.

use crate::app::health::UnreadyCause;
use crate::kinds;
use crate::model::{ObjectRef, Row, State};

/// Names the next step: a command by its id, if one helps, and its purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextStep {
    /// The command; `None` if the words name a change of the repository.
    pub command: Option<&'static str>,
    /// What to type after its key, if that is the palette's.
    pub typed: &'static str,
    /// The purpose of the step, in a few words.
    pub words: &'static str,
}

/// Maps a message to its next step.
struct Case {
    /// The kind with the message; `None` for any.
    kind: Option<&'static str>,
    /// The texts that the message must all contain.
    texts: &'static [&'static str],
    step: NextStep,
}

const fn case(texts: &'static [&'static str], command: &'static str, words: &'static str) -> Case {
    Case { kind: None, texts, step: NextStep { command: Some(command), typed: "", words } }
}

const fn change(texts: &'static [&'static str], words: &'static str) -> Case {
    Case { kind: None, texts, step: NextStep { command: None, typed: "", words } }
}

const fn release(texts: &'static [&'static str], command: &'static str, words: &'static str) -> Case {
    Case { kind: Some("HelmRelease"), texts, step: NextStep { command: Some(command), typed: "", words } }
}

/// The list of nodes, which has no key of its own.
const NODES: NextStep =
    NextStep { command: Some("palette"), typed: "nodes", words: "its conditions, and the pods on it" };

/// The purpose of resetting a release whose retries are exhausted.
const RESET: &str = "try again, once its cause is mended";

/// The cases, the more specific first. The messages are those of kustomize-controller 1.9, helm-controller 1.6,
/// source-controller 1.9 and kube-apiserver 1.34; `../../../tests/recordings` has most of them.
const CASES: &[Case] = &[
    case(&["sops-age", "not found"], "age-keys", "give the cluster its age key"),
    case(&["no identity matched"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    case(&["failed to decrypt"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    case(&["error decrypting"], "age-keys", "see for which key it is encrypted, and which the cluster has"),
    change(&["decryption", "not configured"], "add spec.decryption to the Kustomization"),
    release(&["exhausted"], "reconcile-reset", RESET),
    release(&["RetriesExceeded"], "reconcile-reset", RESET),
    release(&["Failed to", "after", "attempt(s)"], "reconcile-reset", RESET),
    release(&["another operation", "in progress"], "reconcile-force", "where no helm is at work any more"),
    case(
        &["no chart version found"],
        "reconcile-with-source",
        "read the chart repository anew, if the version is new there",
    ),
    case(
        &["chart with version matching"],
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

/// Returns the next step for a failed row; `None` if no step is known for its message.
pub fn step(object: &ObjectRef, row: &Row) -> Option<NextStep> {
    if row.state != State::Failed {
        return None;
    }
    // The cause may need a step of its own, but no retry follows before a reset.
    if row.flux.as_ref().and_then(|flux| flux.stalled.as_deref()) == Some("RetriesExceeded") {
        return Some(NextStep { command: Some("reconcile-reset"), typed: "", words: RESET });
    }
    let is_of = |case: &&Case| {
        case.kind.is_none_or(|kind| kinds::find(kind).is_some_and(|kind| kind.is(object)))
            && case.texts.iter().all(|text| row.message.contains(text))
    };
    CASES.iter().find(is_of).map(|case| case.step)
}

/// Returns the next step where only the root cause is known: its evidence and its remedy.
pub fn why() -> NextStep {
    NextStep { command: Some("doctor"), typed: "", words: "its evidence, and what mends it" }
}

/// Returns the next step for an object without a line of its own: the environment's source, other sources, nodes. Keys
/// act on the selected line meanwhile.
pub fn beside(object: &ObjectRef) -> Option<NextStep> {
    let step = |command, words| Some(NextStep { command: Some(command), typed: "", words });
    if kinds::sources().any(|kind| kind.is(object)) {
        return step("reconcile-with-source", "try the fetch again");
    }
    if kinds::NODE.is(object) {
        return Some(NODES);
    }
    None
}

/// Returns the next step for a workload that is not ready.
pub fn of_workload(cause: UnreadyCause, state: State) -> Option<NextStep> {
    let step = |command, words| Some(NextStep { command: Some(command), typed: "", words });
    match cause {
        UnreadyCause::ScaledToZero => step("reconcile-owner", "scales it back where Git says the number"),
        UnreadyCause::LostNode => Some(NODES),
        UnreadyCause::Pod if state == State::Failed => step("logs", "what its pods said last"),
        UnreadyCause::Itself if state == State::Failed => step("describe", "its conditions and events"),
        UnreadyCause::Pod | UnreadyCause::Itself => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::{CASES, NODES, beside, of_workload, step};
    use crate::app::health::UnreadyCause;
    use crate::app::key::parse_keys;
    use crate::app::test_support::facts;
    use crate::app::{App, Keymap, Msg};
    use crate::commands;
    use crate::kinds;
    use crate::model::{Env, Labels, ObjectRef, Row, RowKey, State};
    use crate::theme::{Depth, Theme};
    use crate::views::home::Home;

    fn next(object: &str, message: &str) -> Option<&'static str> {
        let object: ObjectRef = object.parse().unwrap();
        let object = crate::kinds::complete(object);
        let row = Row {
            key: RowKey { namespace: "flux-system".into(), name: "x".into() },
            state: State::Failed,
            cells: [].into(),
            message: message.into(),
            created: None,
            note: None,
            labels: Labels::default(),
            since: None,
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
    fn what_is_typed_after_the_key_leads_to_the_nodes_of_the_environment() {
        assert_eq!(beside(&kinds::NODE.object("", "node-1")), Some(NODES));
        assert_eq!(of_workload(UnreadyCause::LostNode, State::Waiting), Some(NODES));
        let keymap = || Keymap::new(commands::COMMANDS, &BTreeMap::new()).unwrap();
        let key = keymap().keys_of(NODES.command.unwrap()).first().unwrap().to_string();
        for env in [Env(0), Env(1)] {
            let mut facts = facts();
            facts.focused = env;
            let theme = Theme::load("terminal", Depth::None, true).unwrap();
            let mut app = App::new(facts, theme, keymap(), commands::COMMANDS, Box::new(Home::new()));
            for key in parse_keys(&format!("{key}{}<enter>", NODES.typed)).unwrap() {
                app.update(Msg::Key(key));
            }
            assert_eq!((app.view_id(), app.view_env()), ("list", Some(env)));
            let mut terminal = Terminal::new(TestBackend::new(100, 20)).unwrap();
            terminal.draw(|frame| app.render(frame)).unwrap();
            let title = format!(">{}  nodes", app.facts.name(env));
            assert!(terminal.backend().to_string().contains(&title), "{}", terminal.backend());
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
