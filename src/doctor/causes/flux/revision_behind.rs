//! A Kustomization is Ready with an older revision than its source fetched.

use jiff::SignedDuration;

use super::controllers::{keeper, ready};
use super::failure::{flux_objects, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::kinds;
use crate::model::clock::{age, go_duration};
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "revision-behind", title: "The applied revision is older than the fetched one", find };

/// A new artifact is applied at once; later than interval and timeout together nobody does so any more.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    // A controller that does not run is the cause itself.
    let is_kept = |object: &ObjectRef| keeper(graph, object).is_none_or(|deployment| ready(&deployment) > 0);
    behind(graph).into_iter().filter(|found| is_kept(&found.object)).collect()
}

/// Diagnoses each Kustomization that is behind its source.
pub(super) fn behind(graph: &LiveGraph) -> Vec<Diagnosis> {
    let behind =
        flux_objects(graph).filter(|(live, row, _)| kinds::KUSTOMIZATION.is(live.object) && row.state == State::Ready);
    let found = behind.filter_map(|(live, _, flux)| {
        let source = flux.source.as_ref()?;
        let fetched = graph.row(source)?.flux.as_ref()?;
        let at = fetched.fetched?;
        if fetched.suspended.is_some()
            || fetched.revision.is_empty()
            || fetched.revision == flux.revision
            || flux.revision.is_empty()
        {
            return None;
        }
        let interval = SignedDuration::try_from(flux.interval?).ok()?;
        let timeout = go_duration(live.text("/spec/timeout"))
            .and_then(|time| SignedDuration::try_from(time).ok())
            .unwrap_or(interval);
        let limit = interval.saturating_add(timeout).saturating_add(SignedDuration::from_mins(2));
        if graph.now.duration_since(at) < limit {
            return None;
        }
        let object = live.object;
        let (old, new) = (kinds::short_revision(&flux.revision), kinds::short_revision(&fetched.revision));
        let message = format!(
            "{} is Ready with {old}, but {} fetched {new} {} ago: nothing applies it",
            object.told(),
            source.told(),
            age(graph.now, at)
        );
        let mut revision = live.field_evidence("status.lastAppliedRevision", &flux.revision);
        revision.at = flux.since;
        let artifact = graph.peek(source)?.field_evidence("status.artifact.revision", &fetched.revision);
        let found = Diagnosis::new(CAUSE.id, object, message)
            .warning()
            .unless_deeper()
            .seen_all([revision, artifact])
            .look_at(graph.shell("flux logs --kind Kustomization --name {} -n {}", &[&object.name, &object.namespace]))
            .documented(
                "https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-when-kustomizations-reconcile",
            );
        Some(then_reconcile(graph, found, object))
    });
    found.collect()
}
