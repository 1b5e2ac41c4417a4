//! Opens what Flux would change in the cluster now, and what has drifted.

use super::known::{self, without_environment};
use super::verb::lesson;
use crate::app::{Action, Command, KeyScope, Risk};
use crate::views::difference::DifferenceView;

/// Opens what differs of the selected object, else of the environment.
pub(super) static COMMAND: Command = Command {
    id: "difference",
    title: "Live difference",
    keys: &["~"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let diff = known::flux_diff(ask);
        lesson(
            diff.unwrap_or_default(),
            "The API server says what an apply would change, in a dry run: defaults and fields of others are no difference. What somebody changed by hand is a drift: Flux takes back what Git states, and what kubectl set.",
            "on the tab drift: who set a field and when, and whether the next run takes it back.",
            "https://fluxcd.io/flux/cmd/flux_diff_kustomization/",
        )
    },
    run: |ask| {
        let (env, object) = ask.object().map_or((ask.env(), None), |(env, object)| (env, Some(object.clone())));
        vec![Action::Push(Box::new(DifferenceView::new(env, object)))]
    },
};
