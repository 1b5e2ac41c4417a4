//! An object waits for one that is not there.

use super::failure::{appliers, then_push};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause =
    Cause { id: "dependency-missing", title: "dependsOn names an object that is not there", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let waiting = appliers(graph).filter(|failure| failure.said.reason == "DependencyNotReady");
    let found = waiting.filter_map(|failure| {
        let object = failure.object();
        let on = graph.row(object)?.flux.as_ref()?.depends_on.clone();
        // Only what the message names: the controller checks them in their order, and stops at the first.
        let missing = on
            .iter()
            .find(|one| failure.says(&format!("'{}/{}'", one.namespace, one.name)) && graph.get(one).is_absent())?;
        let message = format!("{} waits for {}, which does not exist", object.told(), missing.told());
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.shell("kubectl get {} -A", &[&missing.whole_kind().to_lowercase()]))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies");
        let what = format!(
            "Correct or remove the entry {} of its spec.dependsOn, or add {}, and push.",
            missing.name,
            missing.told()
        );
        Some(then_push(graph, found, object, what))
    });
    found.collect()
}
