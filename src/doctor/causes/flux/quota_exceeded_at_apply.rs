//! A quota of the namespace has no room for what is applied.

use super::failure::{kustomizations, then_push};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "quota-exceeded-at-apply", title: "A quota refuses what is applied", find };

/// The API server says `… is forbidden: exceeded quota: Q, requested: R, used: U, limited: L`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = kustomizations(graph).filter_map(|failure| {
        let name = between(failure.message(), "exceeded quota: ", ", requested")?;
        let (_, numbers) = failure.message().split_once(&format!("exceeded quota: {name}, "))?;
        let at = failure.named();
        let quota = ObjectRef::new("ResourceQuota", "", &at.namespace, name);
        let message = format!("{} has no room for {}: {}", quota.told(), at.told(), short(numbers));
        let found = failure
            .found_at(CAUSE.id, &quota, message)
            .explaining([at.clone()])
            .look_at(graph.describe(&quota))
            .documented("https://kubernetes.io/docs/concepts/policy/resource-quotas/");
        Some(then_push(
            graph,
            found,
            failure.object(),
            "Raise the ResourceQuota, or ask for less in the namespace, and push.",
        ))
    });
    found.collect()
}
