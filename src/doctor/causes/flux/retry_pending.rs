//! What failed is mended, and its controller has not tried again yet.

use super::failure::{Failure, kustomizations, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::objects;
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::clock::until;
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "retry-pending", title: "The fault is mended, and Flux has not tried again yet", find };

/// A health check that failed is repeated at the retry interval only, however long what it waited for is healthy.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found =
        kustomizations(graph).filter(|failure| failure.said.reason == "HealthCheckFailed").filter_map(|failure| {
            let named = objects(failure.message());
            let is_ready = |object: &ObjectRef| graph.row(object).is_some_and(|row| row.state == State::Ready);
            (!named.is_empty() && named.iter().all(is_ready))
                .then(|| of(graph, &failure, "what its health check waited for is ready now"))
        });
    found.collect()
}

/// Says that a failure is of the past.
pub(super) fn of(graph: &LiveGraph, failure: &Failure<'_>, mended: &str) -> Diagnosis {
    let object = failure.object();
    let next = graph.row(object).and_then(|row| row.flux.as_ref()?.next_after(graph.now));
    let when = next.map(|next| format!(" (in {})", until(graph.now, next))).unwrap_or_default();
    let message = format!("{} failed, but {mended}: Flux has not tried again yet{when}", object.told());
    then_reconcile(graph, failure.found(CAUSE.id, message).warning().look_at(graph.describe(object)), object)
        .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#retry-interval")
}
