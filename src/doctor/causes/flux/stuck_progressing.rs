//! A status reports work whose time is long over, and nobody does it.

use super::controllers::{keeper, ready};
use super::failure::{flux_objects, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::kinds;
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "stuck-progressing", title: "A status reports work that nobody does", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    // What is being deleted has its own cause.
    let stuck = flux_objects(graph).filter(|(live, _, flux)| flux.is_stuck && !live.is_deleting());
    let found = stuck.filter_map(|(live, _, flux)| {
        let object = live.object;
        // A controller that does not run is the cause itself.
        if keeper(graph, object).is_some_and(|deployment| ready(&deployment) == 0) {
            return None;
        }
        let condition = live.condition("Reconciling").or_else(|| live.condition("Ready"))?;
        let (until, _) = flux.until?;
        let message = format!(
            "{} is stuck: its status says {}, whose time was over {} ago",
            object.told(),
            short(&condition.message),
            age(graph.now, until)
        );
        let found = Diagnosis::new(CAUSE.id, object, message)
            .unless_deeper()
            .seen_all([live.condition_evidence(&condition)])
            .look_at(graph.describe(object))
            .documented("https://fluxcd.io/flux/components/helm/helmreleases/#resetting-remediation-retries");
        if !kinds::HELM_RELEASE.is(object) {
            return Some(then_reconcile(graph, found, object));
        }
        let line = graph.shell("flux reconcile helmrelease {} -n {} --reset", &[&object.name, &object.namespace]);
        let why = "The controller was ended within the action: it begins anew, with its retries counted from zero.";
        Some(found.mended_by(Remedy::new(line, why, "Ready True").by("reconcile-reset", object)))
    });
    found.collect()
}
