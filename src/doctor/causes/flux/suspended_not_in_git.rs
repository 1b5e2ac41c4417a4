//! A Flux object is suspended by hand, and Git does not say so.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::failure::flux_objects;
use super::suspension::{against_git, declared_evidence};
use super::{ancestor_suspended, dependency_suspended, suspended_for_weeks};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;
use crate::model::{FluxFacts, ObjectRef};

pub(super) const CAUSE: Cause = Cause { id: "suspended-not-in-git", title: "Suspended by hand, against Git", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let suspended = flux_objects(graph).filter(|(live, _, flux)| {
        flux.suspended.is_some() && !has_end_ahead(graph, flux) && against_git(graph, live).is_some()
    });
    let suspended: Vec<_> = suspended.collect();
    if suspended.is_empty() {
        return Vec::new();
    }
    let told = told_elsewhere(graph);
    let own = suspended.iter().filter(|(live, ..)| !told.contains(live.object));
    own.filter_map(|(live, _, flux)| diagnosis(graph, live, flux)).collect()
}

/// Tells whether it was said until when it is suspended, and that is to come: it was meant so.
fn has_end_ahead(graph: &LiveGraph, flux: &FluxFacts) -> bool {
    let until = flux.suspended.as_ref().and_then(|suspension| suspension.until.as_ref()?.parse::<Timestamp>().ok());
    until.is_some_and(|until| until > graph.now)
}

/// Collects the objects whose suspension another cause tells.
fn told_elsewhere(graph: &LiveGraph) -> BTreeSet<ObjectRef> {
    let others = [&dependency_suspended::CAUSE, &ancestor_suspended::CAUSE, &suspended_for_weeks::CAUSE];
    others.iter().flat_map(|cause| (cause.find)(graph)).map(|found| found.object).collect()
}

fn diagnosis(graph: &LiveGraph, live: &LiveObject<'_>, flux: &FluxFacts) -> Option<Diagnosis> {
    let (declared, writer) = against_git(graph, live)?;
    let suspension = flux.suspended.as_ref()?;
    // An annotation names the person, managedFields the program.
    let by = suspension.by.as_ref().filter(|by| **by != writer.manager).map(|by| format!(" by {by}"));
    let since = writer.at.or(suspension.since);
    let ago = since.map(|since| format!(", {} ago", age(graph.now, since))).unwrap_or_default();
    let reason = suspension.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let message = format!(
        "{} was suspended by hand{}{ago}{reason}, and Git does not say so: nothing from Git reaches it",
        live.object.told(),
        by.unwrap_or_else(|| writer.told()),
    );
    let mut field = live.field_evidence("spec.suspend", "true");
    field.at = since;
    let resume = graph.resume(live.object)?;
    Some(
        Diagnosis::new(CAUSE.id, live.object, message)
            .warning()
            .seen_all([field])
            .seen_all(declared_evidence(graph, live))
            .look_at(graph.yaml(live.object))
            .mended_by(
                Remedy::new(
                    resume,
                    "It takes what Git declares again; look first at what that changes.",
                    "Ready True with the present revision",
                )
                .by("resume", live.object),
            )
            .mended_by(Remedy::change(
                format!(
                    "If it is to stay suspended, say so: put suspend: true into its spec in {} and push.",
                    declared.file
                ),
                "the file says what is live",
            ))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend"),
    )
}
