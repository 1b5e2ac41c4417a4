//! Opens the reports on the whole repository: findings, the impact of changes, environments compared, the order of
//! deployment.

use super::known::{self, without_environment};
use super::verb::lesson;
use crate::app::{Action, Ask, Command, KeyScope, Risk};
use crate::model::ShellLine;
use crate::views::order::OrderView;
use crate::views::report::{Reports, compare, documents, findings, impact};

/// Opens the findings of the repository.
pub(super) static FINDINGS: Command = Command {
    id: "findings",
    title: "Check",
    keys: &["C"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        // source-controller leaves .sops.yaml out of the artifact; the CLI reads the folder as it is.
        let build = known::kustomization(ask).map(|one| {
            let folder = known::folder(one);
            let words = [&*one.name, &*one.namespace, &*folder, &*one.file];
            ShellLine::new(
                "flux build kustomization {} -n {} --path {path} --kustomization-file {path} --dry-run --ignore-paths '**/.sops.yaml'",
                &words,
            )
        });
        lesson(
            known::lines(build.into_iter().chain(std::iter::once("fluxdeck check".into()))),
            "The repository already shows what Flux would stumble over: dangling references, objects that never converge, drift.",
            "errors first; each names its line, what it leads to and how to mend it; # fluxdeck:ignore RULE REASON beside it silences one.",
            "https://fluxcd.io/flux/cmd/flux_build_kustomization/",
        )
    },
    run: |_| vec![Action::Push(Box::new(Reports::new(&findings::REPORT)))],
};

/// Opens the impact of the changes that are not pushed.
pub(super) static IMPACT: Command = Command {
    id: "impact",
    title: "Impact",
    keys: &["I"],
    scope: KeyScope::Everywhere,
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        let diff = known::flux_diff(ask);
        let git = ask.facts.repository.as_ref().and_then(|known| known.git.as_ref().ok());
        let has_upstream = git.is_some_and(|git| git.upstream.is_some());
        let changed = if has_upstream { "git diff '@{upstream}'" } else { "git diff HEAD" };
        lesson(
            known::lines(diff.into_iter().chain(std::iter::once(changed.into()))),
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
            "git ls-files '*.md'",
            "The notes from the last outage help in the next one only if they are found in time.",
            "‹key:filter› and a word searches in all pages; ‹key:open› opens one at that line and follows its links.",
            "https://git-scm.com/docs/git-ls-files",
        )
    },
    run: |_| vec![Action::Push(Box::new(Reports::new(&documents::REPORT)))],
};

/// Opens the comparison of the environments.
pub(super) static COMPARE: Command = Command {
    id: "compare",
    title: "Compare environments",
    keys: &["E"],
    scope: KeyScope::While(without_environment),
    risk: Risk::Reads,
    questions: &[],
    lesson: |ask| {
        lesson(
            both_folders(ask).map_or_else(ShellLine::default, |(one, other)| {
                ShellLine::new("git diff --no-index {path} {path}", &[&one, &other])
            }),
            "A test in one environment proves something for another only where the two are the same.",
            "versions that differ, and objects that only one has.",
            "https://git-scm.com/docs/git-diff",
        )
    },
    run: |ask| vec![Action::Push(Box::new(Reports::new(&compare::REPORT).beginning_in(ask.env())))],
};

/// Opens the deployment order of the environment that is shown.
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
            ShellLine::new("flux get kustomizations -A --context {}", &[context]),
            "A Kustomization begins once all that it depends on is ready, and one that fails holds back everything behind it.",
            "the first that is not ready, from the top: what stands below only waits for it.",
            "https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies",
        )
    },
    run: |ask| vec![Action::Push(Box::new(OrderView::new(ask.env())))],
};

/// Finds two folders that Kustomizations of one name read in two environments.
fn both_folders(ask: &Ask<'_>) -> Option<(String, String)> {
    let snapshot = ask.facts.repository.as_ref()?;
    let here = ask.facts.name(ask.env());
    snapshot.kustomizations_of(here).filter(|one| one.elsewhere.is_none()).find_map(|one| {
        let mut others = snapshot.kustomizations.iter().filter(|other| other.env != here && other.elsewhere.is_none());
        let other = others.find(|other| other.name == one.name && other.path != one.path)?;
        Some((one.path.clone(), other.path.clone())).filter(|(one, other)| !one.is_empty() && !other.is_empty())
    })
}
