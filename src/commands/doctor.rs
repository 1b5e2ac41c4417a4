//! Opens the doctor's screen: the root cause of every failure, that of the selected object first.

use super::known::without_environment;
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::doctor::DoctorView;

/// Opens the root causes, at that of the selected object.
pub(super) static COMMAND: Command = Command {
    id: "doctor",
    title: "Why",
    keys: &["z"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        lesson(
            ShellLine::new("flux get all -A --status-selector ready=false --context {}", &[context])
                .and_then("\nkubectl get events -A --field-selector type=Warning --context {}", &[context]),
            "A failure is followed from what is not ready to its root: sources, keys, renderings, releases, pods, nodes; what only waits hangs below its cause.",
            "the first line that fails for a reason of its own: what others wait for.",
            "https://fluxcd.io/flux/cheatsheets/troubleshooting/",
        )
    },
    run: |ask| vec![Action::Push(Box::new(DoctorView::new(ask.object().map(|(env, object)| (env, object.clone())))))],
};
