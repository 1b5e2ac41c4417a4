//! The pods of a Flux controller run, and none of them leads.

use super::controllers::{deployments, ready, unanswered};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Lookup, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "controller-without-leader", title: "No pod of a Flux controller leads", find };

/// The leader renews its Lease every few seconds (controller-runtime: 35 s until it is lost); a hung API server delays that.
const LOST_SECONDS: i64 = 180;

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let running = deployments(graph).filter(|live| ready(live) > 0 && !unanswered(graph, live).is_empty());
    let found = running.filter_map(|live| {
        let object = live.object;
        let lease = live.beside("Lease", "coordination.k8s.io", &format!("{}-leader-election", object.name));
        let Lookup::Found(lease) = graph.get(&lease) else { return None };
        let renewed = lease.time("/spec/renewTime")?;
        if graph.now.duration_since(renewed).as_secs() < LOST_SECONDS {
            return None;
        }
        let holder = lease.text("/spec/holderIdentity");
        let message = format!("{} has no leader: its Lease was renewed {} ago", object.told(), age(graph.now, renewed));
        let line = graph.shell("kubectl rollout restart deployment {} -n {}", &[&object.name, &object.namespace]);
        Some(
            Diagnosis::new(CAUSE.id, object, message)
                .seen(
                    format!("spec.renewTime: {renewed}, spec.holderIdentity: {holder}"),
                    Some(renewed),
                    lease.object.told(),
                )
                .explaining(unanswered(graph, &live))
                .look_at(graph.yaml(lease.object))
                .mended_by(
                    Remedy::new(
                        line,
                        "A new pod takes the Lease once it has expired.",
                        "spec.renewTime is of these seconds",
                    )
                    .by("restart", object),
                )
                .documented("https://kubernetes.io/docs/concepts/architecture/leases/#leader-election"),
        )
    });
    found.collect()
}
