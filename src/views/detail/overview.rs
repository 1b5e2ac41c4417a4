//! The overview of an object: its state, the objects that block it, its origin, and its conditions in full.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::load::Whole;
use crate::app::health::state_scope;
use crate::app::{CommandTarget, Facts};
use crate::cluster::Event;
use crate::kinds::{self, short_revision};
use crate::model::clock::{age, until};
use crate::model::{Condition, Env, FluxFacts, Kind, ObjectRef, Row, State, Suspension, revision};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::PageLine;
use crate::widgets::pad;

/// The width of the labels, in cells.
const LABEL: usize = 13;
/// The most files of the repository that are named; the tree on the first screen marks them all.
const FILES: usize = 5;
/// The most documents that are named.
const PAGES: usize = 3;

/// Returns the row of an object: the watched one, else the one of the last read.
pub(super) fn row<'a>(
    env: Env,
    object: &ObjectRef,
    whole: &'a Loaded<Whole>,
    facts: &'a Facts,
) -> Option<Cow<'a, Row>> {
    let known = kinds::kind_of(object).is_some();
    let live = facts.row(env, object).filter(|_| known);
    live.or_else(|| whole.value.as_ref()?.row.as_ref()).map(Cow::Borrowed)
}

/// Writes the overview.
pub(super) fn lines(
    env: Env,
    object: &ObjectRef,
    whole: &Loaded<Whole>,
    events: &Loaded<Vec<Event>>,
    pods: Vec<PageLine>,
    facts: &Facts,
) -> Vec<PageLine> {
    let row = row(env, object, whole, facts);
    if row.is_none() && whole.value.is_none() {
        return whole.in_place();
    }
    let mut lines = Vec::new();
    if let Some(row) = &row {
        state(&mut lines, row, facts.now_in(env));
        match &row.flux {
            Some(flux) => of_flux(&mut lines, env, row, flux, facts),
            None => cells(&mut lines, object, row, facts.now_in(env)),
        }
    }
    for (index, pods) in pods.into_iter().enumerate() {
        lines.push(pods.after(pad(if index == 0 { "pods" } else { "" }, LABEL), Scope::Dim));
    }
    let value = whole.value.as_ref().map(|whole| &whole.value);
    origin(&mut lines, env, object, row.as_deref(), value, facts);
    if let Some(whole) = &whole.value {
        conditions(&mut lines, &whole.conditions, facts.now_in(env));
        let warnings = super::events::warnings(events, facts.now_in(env));
        if !warnings.is_empty() {
            lines.push(PageLine::heading(String::new()));
            lines.push(PageLine::heading("last warnings"));
            lines.extend(warnings);
        }
    } else {
        // The row is known before the whole object.
        lines.push(PageLine::heading(String::new()));
        lines.extend(whole.in_place());
    }
    lines
}

/// Writes a labelled line.
pub(in crate::views) fn field(label: &str, text: impl Into<String>) -> PageLine {
    PageLine::wrapped(text, Scope::Text).after(pad(label, LABEL), Scope::Dim)
}

/// Writes the state, its age, and the fault.
pub(in crate::views) fn state(lines: &mut Vec<PageLine>, row: &Row, now: Timestamp) {
    let since = row.flux.as_ref().and_then(|flux| flux.since);
    let since = since.map(|since| format!("  since {}", age(now, since))).unwrap_or_default();
    let text = format!("{} {}{since}", row.state.sign(), row.state.word());
    lines.push(PageLine::cut(text, state_scope(row.state)).after(pad("state", LABEL), Scope::Dim));
    // The message of a ready object is in its conditions below.
    if !row.message.is_empty() && row.state != State::Ready {
        let scope = if row.state == State::Failed { Scope::Error } else { Scope::Text };
        lines.push(PageLine::wrapped(&*row.message, scope).after(pad("message", LABEL), Scope::Dim));
    }
}

fn cells(lines: &mut Vec<PageLine>, object: &ObjectRef, row: &Row, now: Timestamp) {
    let columns = kinds::kind_of(object).map(|kind| kind.columns).unwrap_or_default();
    for (place, column) in columns.iter().enumerate() {
        let cell = row.cell(place, now);
        if !cell.is_empty() {
            lines.push(field(&column.title.to_lowercase(), cell));
        }
    }
}

/// Writes the Flux fields of an object: suspension, dependencies, revision, source, path, next reconcile.
pub(in crate::views) fn of_flux(lines: &mut Vec<PageLine>, env: Env, row: &Row, flux: &FluxFacts, facts: &Facts) {
    let now = facts.now_in(env);
    if let Some(known) = &flux.suspended {
        suspended(lines, known, now);
    }
    for other in &flux.depends_on {
        lines.push(named(env, "waits for", other, facts));
    }
    if !flux.revision.is_empty() {
        let commit = revision::commit(&flux.revision).map(|hash| CommandTarget::Commit(Some(env), hash.to_owned()));
        lines.push(field("revision", short_revision(&flux.revision)).opens(commit));
    }
    if let Some(attempted) = &flux.attempted {
        lines.push(field("attempted", format!("{}, not applied", short_revision(attempted))));
    }
    if let Some(source) = &flux.source {
        lines.push(named(env, "source", source, facts));
    }
    if let Some(path) = &flux.path {
        lines.push(field("path", format!("./{path}")));
    }
    let every = flux.interval.map(|interval| format!(", every {}", every(interval.as_secs()))).unwrap_or_default();
    match flux.next_after(now) {
        Some(next) => lines.push(field("next", format!("in {}{every}", until(now, next)))),
        None if row.state == State::Suspended => lines.push(field("next", "never, until it is resumed")),
        None if row.state == State::Failed => {
            lines.push(field(
                "next",
                "never by itself: its controller gave up; mend it, or reconcile with force or reset",
            ));
        }
        None => {}
    }
}

fn suspended(lines: &mut Vec<PageLine>, known: &Suspension, now: Timestamp) {
    let since = known.since.map(|since| format!(", since {}", age(now, since))).unwrap_or_default();
    let end = known.until.as_ref().map(|end| format!(", until {end}")).unwrap_or_default();
    let text = format!("by {}{since}{end}", known.by.as_deref().unwrap_or("somebody who left no name"));
    let line = PageLine::wrapped(text, Scope::Suspended).after(pad("suspended", LABEL), Scope::Dim);
    lines.push(line);
    let reason = known.reason.as_deref().unwrap_or("no reason was left");
    lines.push(PageLine::wrapped(reason, Scope::Text).after(pad("because", LABEL), Scope::Dim));
}

/// Writes a line that names another object, with its state if that is known; enter opens it.
fn named(env: Env, label: &str, other: &ObjectRef, facts: &Facts) -> PageLine {
    let (text, scope) = match facts.row(env, other) {
        Some(row) => (format!("  {} {}", row.state.sign(), row.state.word()), state_scope(row.state)),
        None => (String::new(), Scope::Dim),
    };
    PageLine::cut(text, scope)
        .after(other.to_string(), Scope::Title)
        .after(pad(label, LABEL), Scope::Dim)
        .opens(Some(CommandTarget::Object(env, other.clone())))
}

/// Writes the origin of the object: the Flux object that applied it, its owner, the files that declare it, its age.
pub(in crate::views) fn origin(
    lines: &mut Vec<PageLine>,
    env: Env,
    object: &ObjectRef,
    row: Option<&Row>,
    value: Option<&Value>,
    facts: &Facts,
) {
    let owner = row.and_then(|row| row.flux.as_ref()).and_then(|flux| flux.owner.clone());
    let label = |kind: &Kind| {
        let labels = value?.pointer("/metadata/labels")?;
        let of = |word: &str| labels.get(format!("{}/{word}", kind.group)).and_then(Value::as_str);
        Some(kind.object(of("namespace")?, of("name")?))
    };
    let owner = owner.or_else(|| label(kinds::KUSTOMIZATION)).or_else(|| label(kinds::HELM_RELEASE));
    if let Some(owner) = owner.filter(|owner| owner != object) {
        lines.push(named(env, "applied by", &owner, facts));
    }
    let owners = value.and_then(|value| value.pointer("/metadata/ownerReferences")).and_then(Value::as_array);
    for owner in owners.into_iter().flatten() {
        let owner = ObjectRef::of_reference(owner, &object.namespace);
        lines.push(named(env, "owned by", &owner, facts));
    }
    for (index, file) in facts.files_of(env, object).iter().take(FILES).enumerate() {
        let target = CommandTarget::File(facts.environment_of(file), file.clone());
        let others = facts.other_readers(env, file);
        let also = if others.is_empty() { String::new() } else { format!("  also read in {}", others.join(", ")) };
        lines.push(field(if index == 0 { "files" } else { "" }, format!("{file}{also}")).opens(Some(target)));
    }
    for (index, place) in facts.pages_about(env, object).take(PAGES).enumerate() {
        let target = CommandTarget::File(None, place.page.file.clone());
        let text = format!("{place}  {}", place.page.title);
        lines.push(field(if index == 0 { "documents" } else { "" }, text).opens(Some(target)).at(place.line));
    }
    let created = row
        .and_then(|row| row.created)
        .or_else(|| value?.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok());
    if let Some(created) = created {
        lines.push(field("created", format!("{} ago", age(facts.now_in(env), created))));
    }
}

/// Writes conditions, each with its age and its whole message.
pub(in crate::views) fn conditions(lines: &mut Vec<PageLine>, conditions: &[Condition], now: Timestamp) {
    if conditions.is_empty() {
        return;
    }
    lines.push(PageLine::heading(String::new()));
    lines.push(PageLine::heading("conditions"));
    for condition in conditions {
        let (sign, scope) = mark(condition);
        let old = condition.last_transition_time.map(|at| age(now, at)).unwrap_or_default();
        let head = format!("{}  {}  {old}", condition.status, condition.reason);
        lines.push(
            PageLine::cut(head, scope)
                .after(pad(&condition.kind, LABEL.max(condition.kind.len() + 1)), Scope::Title)
                .after(format!("{sign} "), scope)
                .explained_by(topics_of(condition)),
        );
        if !condition.message.is_empty() {
            let message = PageLine::wrapped(&condition.message, Scope::Text).after("    ", Scope::Text);
            lines.push(message.explained_by(topics_of(condition)));
        }
    }
}

/// Names the topics of a condition: its reason, which says more, and its type.
fn topics_of(condition: &Condition) -> [String; 2] {
    [condition.reason.clone(), condition.kind.clone()]
}

/// Tells by its name whether a condition of a node reports a problem.
fn is_pressure(kind: &str) -> bool {
    kind.ends_with("Pressure") || kind.starts_with("Frequent")
}

/// Returns the sign of a condition: most are good if they are true; those that report a problem, if they are false.
fn mark(condition: &Condition) -> (&'static str, Scope) {
    let troubles = [
        "Stalled",
        "FetchFailed",
        "BuildFailed",
        "StorageOperationFailed",
        "ReplicaFailure",
        "DisruptionTarget",
        // Conditions of nodes: the last two and their like are node-problem-detector's.
        "NetworkUnavailable",
        "KernelDeadlock",
        "ReadonlyFilesystem",
    ];
    let works = ["Reconciling", "Remediated", "ArtifactOutdated", "Issuing"];
    let state = match (condition.status.as_str(), condition.kind.as_str()) {
        ("True", kind) if troubles.contains(&kind) || is_pressure(kind) => State::Failed,
        ("True", kind) if works.contains(&kind) => State::Progressing,
        ("True", _) => State::Ready,
        ("False", kind) if troubles.contains(&kind) || works.contains(&kind) || is_pressure(kind) => State::Ready,
        ("False", _) if condition.reason == "DependencyNotReady" => State::Waiting,
        ("False", _) => State::Failed,
        _ => State::Progressing,
    };
    (state.sign(), state_scope(state))
}

/// Writes an interval in its largest whole units.
fn every(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        _ => format!("{}h", seconds / 3600),
    }
}
