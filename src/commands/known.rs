//! The values of lessons from the facts: a lesson has a complete line, or none.

use crate::app::{Ask, CommandTarget, Facts};
use crate::kinds;
use crate::model::{Env, ObjectRef, ShellLine};
use crate::repo::{FluxKustomization, Snapshot};
use crate::views::home::flow;

/// Tells, once it is known, that there is no environment: a screen of one would wait for ever.
pub(super) fn without_environment(facts: &Facts) -> Option<&'static str> {
    let is_known = facts.repository.is_some() || facts.repository_fault.is_some();
    (is_known && facts.environments.iter().next().is_none())
        .then_some("there is no environment here; Home says what is looked for")
}

/// Returns the selected file.
pub(super) fn file<'a>(ask: &'a Ask<'_>) -> Option<&'a str> {
    ask.targets.iter().find_map(|target| match target {
        CommandTarget::File(_, path) | CommandTarget::Worktree(path) => Some(path.as_str()),
        _ => None,
    })
}

/// Names the environments of the targets, each once.
pub(super) fn places(ask: &Ask<'_>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in ask.targets.iter().filter_map(CommandTarget::env).map(|env| ask.facts.name(env)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Finds the Kustomization that applied an object in the inventories that are watched anyway
/// (`<namespace>_<name>_<group>_<Kind>`).
pub(super) fn applier(ask: &Ask<'_>, env: Env, object: &ObjectRef) -> Option<ObjectRef> {
    let ObjectRef { kind, group, namespace, name } = object;
    let id = format!("{namespace}_{name}_{group}_{kind}");
    let table = ask.facts.table(env, kinds::KUSTOMIZATION)?;
    let keeps = |row: &&crate::model::Row| {
        row.flux.as_ref().is_some_and(|flux| flux.inventory.iter().any(|known| **known == *id))
    };
    let row = table.rows.iter().find(keeps)?;
    Some(kinds::KUSTOMIZATION.object(&row.key.namespace, &row.key.name))
}

/// Returns the selected Kustomization of this repository, or that which applied the selected object, else the first of the
/// environment.
pub(super) fn kustomization<'a>(ask: &Ask<'a>) -> Option<&'a FluxKustomization> {
    let facts: &'a Facts = ask.facts;
    let snapshot = facts.repository.as_ref()?;
    let here = |known: &&FluxKustomization| known.elsewhere.is_none();
    let selected = ask.object().and_then(|(env, object)| {
        let called = |wanted: &ObjectRef| {
            snapshot.kustomizations_of(facts.name(env)).filter(here).find(|known| known.object() == *wanted)
        };
        called(object).or_else(|| called(&applier(ask, env, object)?))
    });
    selected.or_else(|| snapshot.kustomizations_of(facts.name(ask.env())).find(here))
}

/// Returns the folder of a Kustomization in the flux CLI's form.
pub(super) fn folder(known: &FluxKustomization) -> String {
    format!("./{}", known.path)
}

/// Returns the line by which the flux CLI compares that Kustomization with the cluster.
pub(super) fn flux_diff(ask: &Ask<'_>) -> Option<ShellLine> {
    let one = kustomization(ask)?;
    let words = [&*one.name, &*one.namespace, &folder(one), ask.context(ask.env())];
    Some(ShellLine::new(
        "flux diff kustomization {} -n {} --path {path} --ignore-paths '**/.sops.yaml' --context {}",
        &words,
    ))
}

/// Lists the encrypted files of an environment.
pub(super) fn encrypted<'a>(snapshot: &'a Snapshot, name: &str) -> impl Iterator<Item = &'a str> {
    let sealed = snapshot.scan.entries.iter().filter(|entry| entry.lock.is_some()).map(|entry| &*entry.path);
    sealed.filter(move |path| snapshot.readers_of(path).iter().any(|reader| reader == name))
}

/// Returns the selected encrypted file, else the first of the environment.
pub(super) fn secret(ask: &Ask<'_>) -> Option<String> {
    let snapshot = ask.facts.repository.as_ref()?;
    let is_sealed = |path: &&str| snapshot.scan.get(path).is_some_and(|entry| entry.lock.is_some());
    let selected = file(ask).filter(is_sealed).map(str::to_owned);
    selected.or_else(|| encrypted(snapshot, ask.facts.name(ask.env())).next().map(str::to_owned))
}

/// Returns the lines that reconcile an environment in order: its sources, then each Kustomization.
pub(super) fn reconciling(ask: &Ask<'_>, env: Env) -> Vec<ShellLine> {
    let line = |object: &ObjectRef| reconcile(object, ask.context(env));
    let flow = flow::lines(ask.facts, env);
    let kustomizations = flow.iter().map(|line| &line.object).filter(|object| kinds::KUSTOMIZATION.is(object));
    sources(ask.facts, env).iter().chain(kustomizations).map(line).collect()
}

/// Returns the line that reconciles a Flux object.
pub(super) fn reconcile(object: &ObjectRef, context: &str) -> ShellLine {
    ShellLine::from("flux reconcile ")
        .line(&super::verb::flux_words(object))
        .and_then(" -n {} --context {}", &[&object.namespace, context])
}

/// Lists the Git sources of an environment: those of the cluster, else those that the repository names.
fn sources(facts: &Facts, env: Env) -> Vec<ObjectRef> {
    let git = kinds::find("GitRepository");
    let live = git.and_then(|kind| Some((kind, facts.table(env, kind)?)));
    let mut found: Vec<ObjectRef> = live.map_or_else(Vec::new, |(kind, table)| {
        table.rows.iter().map(|row| kind.object(&row.key.namespace, &row.key.name)).collect()
    });
    if found.is_empty()
        && let Some(snapshot) = &facts.repository
    {
        let declared = snapshot.kustomizations_of(facts.name(env)).filter_map(|known| known.source.clone());
        found = declared.filter(|source| git.is_some_and(|kind| kind.is(source))).collect();
        found.sort();
        found.dedup();
    }
    found
}

/// Joins lines, one command each.
pub(super) fn lines(lines: impl IntoIterator<Item = ShellLine>) -> ShellLine {
    ShellLine::join(lines, "\n")
}
