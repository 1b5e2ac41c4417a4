//! Two programs wrote an object at the same moment.

use super::failure::{appliers, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::between;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "write-conflict", title: "Two programs wrote an object at once", find };

/// The API server says `Operation cannot be fulfilled on RESOURCE "NAME": the object has been modified; please apply your
/// changes to the latest version and try again`. The next attempt reads it anew.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed =
        appliers(graph).filter(|failure| failure.says("the object has been modified; please apply your changes"));
    let found = failed.map(|failure| {
        let named = between(failure.message(), "cannot be fulfilled on ", ":").unwrap_or("an object");
        let message = format!(
            "{} wrote {named} while another program did: the next attempt reads it anew",
            failure.object().told()
        );
        let found = failure
            .found(CAUSE.id, message)
            .warning()
            .look_at(graph.describe(failure.object()))
            .documented("https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions");
        then_reconcile(graph, found, failure.object())
    });
    found.collect()
}
