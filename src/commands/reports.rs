//! Opens what is made of the whole repository: findings, the impact of changes, environments compared, the order of deployment.

use super::verb::lesson;
use crate::app::{Action, Command, CommandTarget, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::order::OrderView;
use crate::views::report::{Reports, compare, documents, findings, history, impact};

/// Opens what is wrong in the repository.
pub(super) static FINDINGS: Command = Command {
    id: "findings",
    title: "Check",
    keys: &["C"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "fluxdeck check; flux build kustomization NAME --path DIR --dry-run",
            "The repository already shows what Flux would stumble over: dangling references, objects that never converge, drift.",
            "errors first; each names its line, what it leads to and how to mend it; # fluxdeck:ignore RULE REASON beside it silences one.",
            "https://fluxcd.io/flux/cmd/flux_build_kustomization/",
        )
    },
    run: |_| vec![Action::Push(Box::new(Reports::new(&findings::REPORT)))],
};

/// Opens what the changes that are not pushed will do.
pub(super) static IMPACT: Command = Command {
    id: "impact",
    title: "Impact",
    keys: &["I"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        lesson(
            ShellLine::new("git diff @{upstream}; flux diff kustomization NAME --path DIR --context {}", &[context]),
            "A line in a base changes every environment that reads it, and a line that nothing renders changes none: the diff of files does not tell which.",
            "production among the environments, deletions, and your file under `renders nothing new`.",
            "https://fluxcd.io/flux/cmd/flux_diff_kustomization/",
        )
    },
    run: |_| vec![Action::Push(Box::new(Reports::new(&impact::REPORT)))],
};

/// Opens the documents.
pub(super) static DOCUMENTS: Command = Command {
    id: "documents",
    title: "Documents",
    keys: &["M"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "git grep -n WORD -- '*.md'",
            "The notes from the last outage help in the next one only if they are found in time.",
            "/ and a word searches in all pages; enter opens one at that line and follows its links.",
            "https://git-scm.com/docs/git-grep",
        )
    },
    run: |_| vec![Action::Push(Box::new(Reports::new(&documents::REPORT)))],
};

/// Opens the environments compared.
pub(super) static COMPARE: Command = Command {
    id: "compare",
    title: "Compare environments",
    keys: &["E"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "diff <(kubectl kustomize apps/staging) <(kubectl kustomize apps/production)",
            "A test in one environment proves something for another only where the two are the same.",
            "versions that differ, and objects that only one has.",
            "https://kubectl.docs.kubernetes.io/guides/config_management/components/",
        )
    },
    run: |ask| vec![Action::Push(Box::new(Reports::new(&compare::REPORT).beginning_in(ask.env())))],
};

/// Opens the order of the environment that is shown.
pub(super) static ORDER: Command = Command {
    id: "order",
    title: "Order",
    keys: &["w"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let context = ask.context(ask.env());
        lesson(
            ShellLine::new("flux get kustomizations --context {}", &[context]),
            "A Kustomization begins once all that it depends on is ready, and one that fails holds back everything behind it.",
            "the first that is not ready, from the top: what stands below only waits for it.",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
        )
    },
    run: |ask| vec![Action::Push(Box::new(OrderView::new(ask.env())))],
};

/// Opens the commits that changed what the selected object renders to.
pub(super) static HISTORY: Command = Command {
    id: "history",
    title: "History",
    keys: &["H"],
    scope: KeyScope::Object(|_| true),
    risk: Risk::Reads,
    questions: &[],
    lesson: |_| {
        lesson(
            "git log -p -- FILE...",
            "A file changes without the object changing, and an object changes by files of others: a base, a patch, a variable.",
            "the commit after which it began, and whether that was one to a base that both environments read.",
            "https://git-scm.com/docs/git-log",
        )
    },
    run: |ask| {
        let target = ask.object().map(|(env, object)| CommandTarget::Object(env, object.clone()));
        target.map(|target| Action::Push(Box::new(Reports::about(&history::REPORT, target)))).into_iter().collect()
    },
};
