//! What the causes of this group share: Flux objects that failed, and what follows once a fault is mended.

use crate::doctor::message::{objects, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Lookup, Remedy};
use crate::kinds;
use crate::model::{Condition, FluxFacts, Kind, ObjectRef, Row, State};

/// Holds a Flux object that failed, with the condition that says why.
pub(super) struct Failure<'a> {
    pub(super) live: LiveObject<'a>,
    pub(super) said: Condition,
}

impl<'a> Failure<'a> {
    pub(super) fn object(&self) -> &'a ObjectRef {
        self.live.object
    }

    pub(super) fn message(&self) -> &str {
        &self.said.message
    }

    pub(super) fn says(&self, part: &str) -> bool {
        self.said.message.contains(part)
    }

    pub(super) fn says_any(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.says(part))
    }

    /// Returns the first object that its message names, else the failed object itself.
    pub(super) fn named(&self) -> ObjectRef {
        objects(self.message()).into_iter().next().unwrap_or_else(|| self.object().clone())
    }

    /// Begins the diagnosis of the failed object.
    pub(super) fn found(&self, cause: &'static str, message: impl Into<String>) -> Diagnosis {
        Diagnosis::new(cause, self.object(), message).seen_all([self.live.condition_evidence(&self.said)])
    }

    /// Begins the diagnosis of another object, which explains the failed one.
    pub(super) fn found_at(&self, cause: &'static str, object: &ObjectRef, message: impl Into<String>) -> Diagnosis {
        Diagnosis::new(cause, object, message)
            .seen_all([self.live.condition_evidence(&self.said)])
            .explaining([self.object().clone()])
    }
}

/// Iterates over the objects of a kind that are not Ready, by the present generation and not suspended.
pub(super) fn failures<'a>(graph: &'a LiveGraph, kind: &'static Kind) -> impl Iterator<Item = Failure<'a>> {
    // A release that was remediated reports its rollback in Ready; the failure stands in Released. An OCI HelmRepository
    // is an address alone, whatever an old status says: its row is Ready.
    let failed = graph
        .all(kind.group, kind.kind)
        .filter(|live| graph.row(live.object).is_none_or(|row| matches!(row.state, State::Failed | State::Waiting)));
    failed.filter_map(|live| {
        let remediated = live.present_condition("Remediated", "True");
        let released = remediated.and_then(|_| live.present_condition("Released", "False"));
        let said = released.or_else(|| live.present_condition("Ready", "False"))?;
        (!live.is_true("/spec/suspend") && !live.is_deleting()).then_some(Failure { live, said })
    })
}

/// Iterates over the Kustomizations that failed.
pub(super) fn kustomizations(graph: &LiveGraph) -> impl Iterator<Item = Failure<'_>> {
    failures(graph, kinds::KUSTOMIZATION)
}

/// Iterates over the Kustomizations that failed for a reason.
pub(super) fn failed_for<'a>(graph: &'a LiveGraph, reason: &'a str) -> impl Iterator<Item = Failure<'a>> {
    kustomizations(graph).filter(move |failure| failure.said.reason == reason)
}

/// Iterates over what applies objects and failed: Kustomizations and HelmReleases.
pub(super) fn appliers(graph: &LiveGraph) -> impl Iterator<Item = Failure<'_>> {
    kustomizations(graph).chain(failures(graph, kinds::HELM_RELEASE))
}

/// Finds a Flux kind by its name.
pub(super) fn flux_kind(name: &str) -> Option<&'static Kind> {
    kinds::flux().find(|kind| kind.kind == name)
}

/// Iterates over the failed objects of a Flux kind, by its name.
pub(super) fn failed_kind<'a>(graph: &'a LiveGraph, name: &str) -> impl Iterator<Item = Failure<'a>> {
    flux_kind(name).into_iter().flat_map(|kind| failures(graph, kind))
}

/// Iterates over every Flux object with its row and facts.
pub(super) fn flux_objects(graph: &LiveGraph) -> impl Iterator<Item = (LiveObject<'_>, &Row, &FluxFacts)> {
    kinds::flux().flat_map(|kind| graph.all(kind.group, kind.kind)).filter_map(|live| {
        let row = graph.row(live.object)?;
        Some((live, row, row.flux.as_deref()?))
    })
}

/// Tells whether something is known to be there.
pub(super) fn is_there(graph: &LiveGraph, object: &ObjectRef) -> bool {
    matches!(graph.get(object), Lookup::Found(_))
}

/// Adds the reconciliation that shows that a mended fault is gone.
pub(super) fn then_reconcile(graph: &LiveGraph, found: Diagnosis, object: &ObjectRef) -> Diagnosis {
    match graph.reconcile(object) {
        Some(line) => found.mended_by(
            Remedy::new(line, "Flux would try again at its next interval only.", "Ready True").by("reconcile", object),
        ),
        None => found,
    }
}

/// Adds a change of the repository, and the reconciliation that brings it.
pub(super) fn then_push(graph: &LiveGraph, found: Diagnosis, object: &ObjectRef, what: impl Into<String>) -> Diagnosis {
    let found = found.mended_by(Remedy::change(what, "the new revision is applied, and Ready is True"));
    let noun = if kinds::KUSTOMIZATION.is(object) {
        "flux reconcile kustomization {} -n {} --with-source"
    } else if kinds::HELM_RELEASE.is(object) {
        "flux reconcile helmrelease {} -n {} --with-source"
    } else {
        return found;
    };
    let line = graph.shell(noun, &[&object.name, &object.namespace]);
    let why = "It fetches the pushed commit and applies it at once.";
    found.mended_by(Remedy::new(line, why, "Ready True").by("reconcile-with-source", object))
}

/// Returns the sentence behind a mark in a message, lines joined and cut.
pub(super) fn after(message: &str, mark: &str) -> String {
    let rest = message.split_once(mark).map_or(message, |(_, rest)| rest);
    let words: Vec<&str> = rest.split_whitespace().collect();
    short(words.join(" ").trim_start_matches([':', ' ']))
}
