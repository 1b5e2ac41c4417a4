//! The lines of an environment's panel: its Flux objects in deployment order, each with what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::next::{self, NextStep};
use crate::app::{Facts, health};
use crate::kinds;
use crate::model::clock::{age, until};
use crate::model::{Env, FluxFacts, ObjectRef, Row, State};

/// Holds one line of an environment's panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowLine {
    /// The object.
    pub object: ObjectRef,
    /// What it is called here: its name, with its namespace before it where another of its kind is called so too.
    pub name: String,
    /// How deep it stands below what applies it: 0 for Kustomizations, 1 for what they bring.
    pub depth: u16,
    /// How it fares.
    pub state: State,
    /// What stands at the right: when it reconciles next, what holds it, its version.
    pub note: String,
    /// What stands before the note where there is room: what the object is, and since when it is so.
    pub detail: String,
    /// The controller's message, where it is not well.
    pub message: Option<String>,
    /// What to do about it.
    pub next: Option<NextStep>,
}

/// Lists the lines of an environment: live objects first of all, and what the repository declares and the cluster has not.
pub fn lines(facts: &Facts, env: Env) -> Vec<FlowLine> {
    let mut kustomizations: BTreeMap<ObjectRef, Option<&Row>> = BTreeMap::new();
    let mut children: BTreeMap<Option<ObjectRef>, Vec<(ObjectRef, &Row)>> = BTreeMap::new();
    for kind in kinds::watched() {
        let Some(table) = facts.table(env, kind) else { continue };
        for row in &table.rows {
            let object = kind.object(&row.key.namespace, &row.key.name);
            if kinds::KUSTOMIZATION.is(&object) {
                kustomizations.insert(object, Some(row));
            } else if kinds::HELM_RELEASE.is(&object) {
                let owner = row.flux.as_ref().and_then(|flux| flux.owner.clone());
                children.entry(owner).or_default().push((object, row));
            }
        }
    }
    let declared = declared(facts, env);
    for object in declared.keys() {
        kustomizations.entry(object.clone()).or_insert(None);
    }
    let levels = if kustomizations.values().any(Option::is_some) {
        levels(&kustomizations, &declared)
    } else {
        // Nothing of the cluster is known: the order is the repository's.
        waves(facts, env, kustomizations.keys())
    };
    let mut order: Vec<(&ObjectRef, Option<&Row>)> =
        kustomizations.iter().map(|(object, row)| (object, *row)).collect();
    order.sort_by_key(|(object, _)| (levels.get(*object).copied().unwrap_or(0), *object));
    let mut lines = Vec::new();
    for (object, row) in order {
        lines.push(row.map_or_else(|| unknown(object, facts, env), |row| line(object.clone(), row, 0, facts, env)));
        for (child, row) in children.remove(&Some(object.clone())).unwrap_or_default() {
            lines.push(line(child, row, 1, facts, env));
        }
        lines.extend(row.into_iter().flat_map(|row| workloads(row, facts, env)));
    }
    for (child, row) in children.into_values().flatten() {
        lines.push(line(child, row, 0, facts, env));
    }
    let others = others(facts, env, &lines);
    lines.extend(others);
    tell_apart(&mut lines);
    lines
}

/// Puts the namespace before the name of each that another one of its kind is called like.
fn tell_apart(lines: &mut [FlowLine]) {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let key = |object: &ObjectRef| (object.kind.clone(), object.name.clone());
    for line in lines.iter() {
        let count = counts.entry(key(&line.object)).or_default();
        *count = count.saturating_add(1);
    }
    let is_alike = |object: &ObjectRef| counts.get(&key(object)).is_some_and(|count| *count > 1);
    for line in lines.iter_mut().filter(|line| !line.object.namespace.is_empty() && is_alike(&line.object)) {
        line.name = format!("{}/{}", line.object.namespace, line.object.name);
    }
}

/// The workloads that a Kustomization applied, by its inventory (`<namespace>_<name>_<group>_<Kind>`), as far as they are watched.
fn workloads(row: &Row, facts: &Facts, env: Env) -> Vec<FlowLine> {
    inventory(row).filter_map(|object| workload(object, 1, facts, env)).collect()
}

/// Iterates over the workloads of an inventory.
fn inventory(row: &Row) -> impl Iterator<Item = ObjectRef> {
    let inventory = row.flux.as_ref().map(|flux| flux.inventory.as_slice()).unwrap_or_default();
    inventory.iter().filter_map(|id| {
        let (namespace, rest) = id.split_once('_')?;
        let (name, kind) = rest.rsplit_once("_apps_")?;
        let kind = kinds::WORKLOADS.iter().find(|known| known.kind == kind)?;
        Some(kind.object(namespace, name))
    })
}

/// Returns a workload's line; `None` where it is not watched or not there.
fn workload(object: ObjectRef, depth: u16, facts: &Facts, env: Env) -> Option<FlowLine> {
    let row = facts.row(env, &object)?;
    let (state, why) = health::workload(facts, env, &object, row);
    let note = row.cells.first().map(ToString::to_string).unwrap_or_default();
    let message = Some(why).filter(|why| !why.is_empty() && state != State::Ready);
    let detail = object.kind.clone();
    Some(FlowLine { name: object.name.clone(), object, depth, state, note, detail, message, next: None })
}

/// Finds the workloads that are not ready and that no Kustomization applied itself: those of releases, and what somebody else brought.
fn others(facts: &Facts, env: Env, shown: &[FlowLine]) -> Vec<FlowLine> {
    let known: BTreeSet<&ObjectRef> = shown.iter().map(|line| &line.object).collect();
    let problems = facts.health(env).map(|health| health.problems.as_slice()).unwrap_or_default();
    let workloads = problems
        .iter()
        .map(|problem| &problem.object)
        .filter(|object| kinds::WORKLOADS.iter().any(|kind| kind.is(object)) && !known.contains(object));
    workloads.filter_map(|object| workload(object.clone(), 0, facts, env)).collect()
}

/// What the repository declares: each Kustomization with what it depends on.
fn declared(facts: &Facts, env: Env) -> BTreeMap<ObjectRef, Vec<ObjectRef>> {
    let Some(snapshot) = &facts.repository else { return BTreeMap::new() };
    let name = facts.name(env);
    let of = |namespace: &str, name: &str| kinds::KUSTOMIZATION.object(namespace, name);
    snapshot
        .kustomizations
        .iter()
        .filter(|known| known.env == name)
        .map(|known| {
            let depends = known.depends_on.iter().map(|other| of(&other.namespace, &other.name));
            (of(&known.namespace, &known.name), depends.collect())
        })
        .collect()
}

/// Returns the wave of each Kustomization as the repository declares it.
fn waves<'a>(facts: &Facts, env: Env, objects: impl Iterator<Item = &'a ObjectRef>) -> BTreeMap<ObjectRef, usize> {
    let order = facts.repository.as_ref().and_then(|snapshot| snapshot.order(facts.name(env)));
    let wave = |object: &ObjectRef| order.and_then(|order| order.wave(&object.namespace, &object.name));
    objects.map(|object| (object.clone(), wave(object).unwrap_or_default())).collect()
}

/// Counts for each Kustomization how many must come before it on its longest path: what applies it, and what it depends on.
fn levels(
    kustomizations: &BTreeMap<ObjectRef, Option<&Row>>,
    declared: &BTreeMap<ObjectRef, Vec<ObjectRef>>,
) -> BTreeMap<ObjectRef, usize> {
    let mut before: BTreeMap<&ObjectRef, Vec<ObjectRef>> = BTreeMap::new();
    for (object, row) in kustomizations {
        let list = match row.and_then(|row| row.flux.as_ref()) {
            Some(flux) => {
                let owner = flux.owner.clone().filter(|owner| owner != object && kinds::KUSTOMIZATION.is(owner));
                flux.depends_on.iter().cloned().chain(owner).collect()
            }
            None => declared.get(object).cloned().unwrap_or_default(),
        };
        before.insert(object, list);
    }
    let mut levels: BTreeMap<ObjectRef, usize> = kustomizations.keys().map(|object| (object.clone(), 0)).collect();
    // A circle would never settle: as many rounds as there are objects are enough for any order that exists.
    for _ in 0..kustomizations.len() {
        let mut changed = false;
        for (object, list) in &before {
            let level = list.iter().filter_map(|other| levels.get(other)).map(|level| level + 1).max().unwrap_or(0);
            let level = level.min(kustomizations.len());
            if levels.get(*object).is_some_and(|known| *known < level) {
                levels.insert((*object).clone(), level);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    levels
}

fn unknown(object: &ObjectRef, facts: &Facts, env: Env) -> FlowLine {
    let kind = kinds::find("Kustomization");
    let live = kind.and_then(|kind| facts.table(env, kind)).is_some_and(|table| table.link.is_live());
    let note = if live { "not in the cluster" } else { "" };
    let detail = "declared in the repository".to_owned();
    let (name, note) = (object.name.clone(), note.to_owned());
    FlowLine { object: object.clone(), name, depth: 0, state: State::Unknown, note, detail, message: None, next: None }
}

fn line(object: ObjectRef, row: &Row, depth: u16, facts: &Facts, env: Env) -> FlowLine {
    let now = facts.now_in(env);
    let flux = row.flux.as_deref();
    let message = match row.state {
        State::Failed => Some(kinds::essence(&row.message)),
        State::Progressing => flux.and_then(|flux| progress(facts, env, row, flux)),
        _ => None,
    };
    let message = message.or_else(|| source_fault(facts, env, row, flux?));
    let note = flux.map(|flux| note(&object, row, flux, now)).unwrap_or_default();
    let detail = flux.map(|flux| detail(&object, flux, now)).unwrap_or_default();
    let message = message.filter(|text| !text.is_empty());
    let next = next::step(&object, row);
    FlowLine { name: object.name.clone(), object, depth, state: row.state, note, detail, message, next }
}

/// Says what a run waits for, how long it may, and what waits behind it.
fn progress(facts: &Facts, env: Env, row: &Row, flux: &FluxFacts) -> Option<String> {
    const NAMED: usize = 2;
    let (end, _) = flux.until?;
    let checks = row.message.starts_with("Running health checks");
    let what = if checks { "health checks" } else { row.message.split(" with ").next().unwrap_or_default() };
    let mut text = format!("{what}, {} left", until(facts.now_in(env), end));
    let unready = |object: &ObjectRef| facts.row(env, object).is_some_and(|row| row.state != State::Ready);
    let waits: Vec<ObjectRef> = inventory(row).filter(unready).collect();
    if !waits.is_empty() {
        let named: Vec<String> = waits.iter().take(NAMED).map(ObjectRef::short).collect();
        let more = waits.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.extend([": wait for ", &named.join(", "), &more]);
    }
    let fetched =
        facts.row(env, flux.source.as_ref()?).and_then(|source| source.flux.as_ref()).map(|flux| &flux.revision);
    if let Some(revision) =
        fetched.filter(|revision| checks && !row.message.contains(revision.as_str()) && !revision.is_empty())
    {
        text.extend(["; ", &kinds::short_revision(revision), " waits behind it"]);
    }
    Some(text)
}

/// Says that what it takes its content from cannot be fetched: it stays as it is until then, however well. The environment's own source is
/// told above all lines.
fn source_fault(facts: &Facts, env: Env, row: &Row, flux: &FluxFacts) -> Option<String> {
    let source = flux.source.as_ref()?;
    if facts.health(env).and_then(|health| health.source.as_ref()).is_some_and(|(own, _)| own == source) {
        return None;
    }
    // The chart that source-controller fetches for a release: NAMESPACE-NAME, beside the source (helm-controller, `GetHelmChartName`).
    let chart = kinds::HELM_CHART.object(&source.namespace, &format!("{}-{}", row.key.namespace, row.key.name));
    [source, &chart].into_iter().find_map(|source| {
        let failing = facts.row(env, source).filter(|row| row.state == State::Failed)?;
        Some(format!("{} cannot be fetched: {}", source.short(), kinds::essence(&failing.message)))
    })
}

/// What it is and since when: `HelmRelease  3d`, `main@9f1c2aa  12m`.
fn detail(object: &ObjectRef, flux: &FluxFacts, now: Timestamp) -> String {
    let what =
        if kinds::KUSTOMIZATION.is(object) { kinds::short_revision(&flux.revision) } else { object.kind.clone() };
    let since = flux.since.map(|since| age(now, since)).unwrap_or_default();
    format!("{what}  {since:>4}").trim().to_owned()
}

fn note(object: &ObjectRef, row: &Row, flux: &FluxFacts, now: Timestamp) -> String {
    let next = flux.next_after(now).map(|next| until(now, next));
    match row.state {
        State::Ready if kinds::HELM_RELEASE.is(object) => flux.revision.clone(),
        State::Ready => next.map(|next| format!("next {next}")).unwrap_or_default(),
        State::Progressing => "reconciling".to_owned(),
        State::Failed => next.map_or_else(|| "failed".to_owned(), |next| format!("failed, retry {next}")),
        State::Waiting => {
            let blocker = flux.depends_on.iter().find(|other| row.message.contains(&format!("{}'", other.name)));
            match blocker.or(flux.depends_on.first()) {
                Some(other) => format!("waits on {}", other.name),
                None => "waits".to_owned(),
            }
        }
        State::Suspended => match flux.suspended.as_ref().and_then(|known| known.reason.as_deref()) {
            Some(reason) => format!("suspended: {reason}"),
            None => "suspended".to_owned(),
        },
        State::Unknown => String::new(),
    }
}
