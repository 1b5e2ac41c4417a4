//! The ServiceAccount of pods is missing.

use super::pods::joined;
use super::refusals::{self, Admission};
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "service-account-missing", title: "The ServiceAccount of pods is missing", find };

/// `pods "web-" is forbidden: error looking up service account web/runner: serviceaccount "runner" not found`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::ServiceAccount);
    joined(all.iter().filter_map(|one| {
        let name = between(&one.said, "serviceaccount \"", "\"")?;
        let namespace = &one.workload.namespace;
        let account = ObjectRef::new("ServiceAccount", "", namespace, name);
        let is_there = graph.get(&account).found().is_some();
        let verb = if is_there { "was" } else { "is" };
        let message = format!(
            "ServiceAccount {namespace}/{name} of {} {verb} missing, so its pods are refused",
            one.workload.told()
        );
        let found = one
            .diagnosis(CAUSE.id, &one.workload, message)
            .look_at(graph.shell("kubectl get serviceaccounts -n {}", &[namespace]))
            .mended_by(Remedy::change(
                format!(
                    "Declare ServiceAccount {name} in namespace {namespace}, or correct serviceAccountName, and push."
                ),
                "the controller makes the pods at its next try, at the latest 17 minutes after",
            ))
            .documented("https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/");
        Some((account.to_string(), if is_there { refusals::mended(graph, found) } else { found.lacking(&account) }))
    }))
}
