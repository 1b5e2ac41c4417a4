//! The lines of an environment's panel: its Flux objects in deployment order, each with its blockers.

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
    /// Its name here, with its namespace if another one of its kind has the same name.
    pub name: String,
    /// The depth below the Kustomization that applies it: 0 for Kustomizations, 1 for their objects.
    pub depth: u16,
    /// Its state.
    pub state: State,
    /// The text at the right: its next reconcile, its blocker, or its version.
    pub note: String,
    /// The text before the note if there is room: the kind of the object, and the age of its state.
    pub detail: String,
    /// The controller's message, if it is not ready.
    pub message: Option<String>,
    /// The next step for it.
    pub next: Option<NextStep>,
}

/// Lists the lines of an environment: live objects first, then those that the repository declares and the cluster
/// lacks.
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
        // The cluster is unknown: the order is the repository's.
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

/// Puts the namespace before each name that several objects of a kind share.
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

/// The workloads that a Kustomization applied, by its inventory (`<namespace>_<name>_<group>_<Kind>`), as far as they
/// are watched.
fn workloads(row: &Row, facts: &Facts, env: Env) -> Vec<FlowLine> {
    let is_workload = |object: &ObjectRef| kinds::WORKLOADS.iter().any(|kind| kind.is(object));
    inventory(row).filter(is_workload).filter_map(|object| workload(object, 1, facts, env)).collect()
}

/// Iterates over the objects of an inventory, of the kinds that fluxdeck knows.
fn inventory(row: &Row) -> impl Iterator<Item = ObjectRef> {
    let inventory = row.flux.as_ref().map(|flux| flux.inventory.as_slice()).unwrap_or_default();
    inventory.iter().filter_map(|id| {
        let mut parts = id.rsplitn(3, '_');
        let (kind, group, object) = (parts.next()?, parts.next()?, parts.next()?);
        let (namespace, name) = object.split_once('_')?;
        let known =
            kinds::KINDS.iter().chain(kinds::BESIDE).find(|known| known.kind == kind && known.group == group)?;
        Some(known.object(namespace, name))
    })
}

/// Returns a workload's line; `None` if it is not watched or not there.
fn workload(object: ObjectRef, depth: u16, facts: &Facts, env: Env) -> Option<FlowLine> {
    let row = facts.row(env, &object)?;
    let health::WorkloadHealth { state, why, cause } = health::workload(facts, env, &object, row);
    let note = row.cells.first().map(ToString::to_string).unwrap_or_default();
    let message = Some(why).filter(|why| !why.is_empty() && state != State::Ready);
    let message = root(facts, env, &object, state).or(message);
    let detail = object.kind.clone();
    let next = cause.and_then(|cause| next::of_workload(cause, state));
    Some(FlowLine { name: object.name.clone(), object, depth, state, note, detail, message, next })
}

/// Finds the workloads that are not ready and that no Kustomization applied itself: those of releases, and those
/// without Flux.
fn others(facts: &Facts, env: Env, shown: &[FlowLine]) -> Vec<FlowLine> {
    let known: BTreeSet<&ObjectRef> = shown.iter().map(|line| &line.object).collect();
    let problems = facts.health(env).map(|health| health.problems.as_slice()).unwrap_or_default();
    let workloads = problems
        .iter()
        .map(|problem| &problem.object)
        .filter(|object| kinds::WORKLOADS.iter().any(|kind| kind.is(object)) && !known.contains(object));
    workloads.filter_map(|object| workload(object.clone(), 0, facts, env)).collect()
}

/// Returns the Kustomizations that the repository declares, each with its dependencies.
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

/// Counts for each Kustomization the ones before it on its longest path: the one that applies it, and its dependencies.
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
    // A circle would never settle: as many rounds as there are objects are enough for any valid order.
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
    // A release whose source is not ready says no more than that; why stands at the source.
    let waits = flux.is_some_and(|flux| row.state == State::Failed && flux.reason == "SourceNotReady");
    let starved = flux.and_then(|flux| source_fault(facts, env, row, flux));
    let starved = starved.filter(|(source, _)| message.is_none() || (waits && !kinds::HELM_CHART.is(source)));
    let message = if starved.is_some() { None } else { message };
    let lags = kinds::KUSTOMIZATION.is(&object) && facts.health(env).is_some_and(|health| health.is_lagging(row));
    let note = match flux {
        Some(flux) if lags => format!("still at {}", kinds::short_revision(&flux.revision)),
        Some(flux) => note(&object, row, flux, now, |other| facts.row(env, other)),
        None => String::new(),
    };
    let state = if lags { State::Progressing } else { row.state };
    let detail = flux.map(|flux| detail(&object, flux, now)).unwrap_or_default();
    let next = match &starved {
        Some((source, _)) => next::beside(source),
        None => next::step(&object, row),
    };
    let message = message.or(starved.map(|(_, fault)| fault)).filter(|text| !text.is_empty());
    let root = root(facts, env, &object, state);
    let next = next.or_else(|| root.is_some().then(next::why));
    // What runs says what it waits for, and until when.
    let message = if state == State::Progressing { message.or(root) } else { root.or(message) };
    FlowLine { name: object.name.clone(), object, depth, state, note, detail, message, next }
}

/// Writes the root cause of a failure, once the environment was examined: the symptom says only what waits.
fn root(facts: &Facts, env: Env, object: &ObjectRef, state: State) -> Option<String> {
    let is_broken = matches!(state, State::Failed | State::Waiting | State::Progressing);
    let root = facts.root_of(env, object).filter(|root| is_broken && !root.is_unrecognised())?;
    Some(root.told_at(object))
}

/// Describes a running reconcile: the objects that it waits for, the time that is left, and the revision that waits for
/// its end.
fn progress(facts: &Facts, env: Env, row: &Row, flux: &FluxFacts) -> Option<String> {
    const NAMED: usize = 2;
    let (end, _) = flux.until?;
    // Any other action is described only by the controller's message.
    let does = row.message.split(" with ").next().unwrap_or_default();
    let what = if flux.is_checking { "health checks" } else { does };
    let mut text = format!("{what}, {} left", until(facts.now_in(env), end));
    let unready = |object: &ObjectRef| facts.known_row(env, object).is_some_and(|row| row.state != State::Ready);
    let waits: Vec<ObjectRef> = inventory(row).filter(unready).collect();
    if !waits.is_empty() {
        let named: Vec<String> = waits.iter().take(NAMED).map(ObjectRef::short).collect();
        let more = waits.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.extend([": wait for ", &named.join(", "), &more]);
    }
    let fetched =
        facts.row(env, flux.source.as_ref()?).and_then(|source| source.flux.as_ref()).map(|flux| &flux.revision);
    let checked = flux.attempted.as_ref().unwrap_or(&flux.revision);
    if let Some(revision) = fetched.filter(|revision| flux.is_checking && *revision != checked && !revision.is_empty())
    {
        text.extend(["; ", &kinds::short_revision(revision), " waits behind it"]);
    }
    Some(text)
}

/// Reports that its source cannot be fetched, so that it stays at its revision even if it is ready. The fault of the
/// environment's own source is above all lines.
fn source_fault(facts: &Facts, env: Env, row: &Row, flux: &FluxFacts) -> Option<(ObjectRef, String)> {
    let source = flux.source.as_ref()?;
    if facts.health(env).and_then(|health| health.source.as_ref()).is_some_and(|(own, _)| own == source) {
        return None;
    }
    // The chart that source-controller fetches for a release: NAMESPACE-NAME, beside the source (helm-controller,
    // `GetHelmChartName`).
    let chart = kinds::HELM_CHART.object(&source.namespace, &format!("{}-{}", row.key.namespace, row.key.name));
    [source, &chart].into_iter().find_map(|source| {
        let failing = facts.row(env, source).filter(|row| row.state == State::Failed)?;
        let fault = format!("{} cannot be fetched: {}", source.short(), kinds::essence(&failing.message));
        Some((source.clone(), fault))
    })
}

/// Writes its kind or revision, and the age of its state: `HelmRelease  3d`, `main@9f1c2aa  12m`.
fn detail(object: &ObjectRef, flux: &FluxFacts, now: Timestamp) -> String {
    let what =
        if kinds::KUSTOMIZATION.is(object) { kinds::short_revision(&flux.revision) } else { object.kind.clone() };
    let since = flux.since.map(|since| age(now, since)).unwrap_or_default();
    format!("{what}  {since:>4}").trim().to_owned()
}

/// Writes the text at the right of a line; `row_of` finds the rows of its dependencies.
fn note<'a>(
    object: &ObjectRef,
    row: &Row,
    flux: &FluxFacts,
    now: Timestamp,
    row_of: impl Fn(&ObjectRef) -> Option<&'a Row>,
) -> String {
    let next = flux.next_after(now).map(|next| until(now, next));
    match row.state {
        State::Ready if kinds::HELM_RELEASE.is(object) => flux.revision.clone(),
        State::Ready => next.map(|next| format!("next {next}")).unwrap_or_default(),
        State::Progressing => "reconciling".to_owned(),
        State::Failed => next.map_or_else(|| "failed".to_owned(), |next| format!("failed, retry {next}")),
        State::Waiting => {
            // A ready dependency may be so at an older revision, which only the controller reports.
            let holds = |other: &&ObjectRef| row_of(other).is_none_or(|other| other.state != State::Ready);
            let named = |other: &&ObjectRef| row.message.contains(&format!("{}'", other.name));
            let mut depends = flux.depends_on.iter();
            let blocker = depends.clone().find(|other| holds(other) && named(other));
            match blocker
                .or_else(|| depends.clone().find(holds))
                .or_else(|| depends.clone().find(named))
                .or(depends.next())
            {
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
