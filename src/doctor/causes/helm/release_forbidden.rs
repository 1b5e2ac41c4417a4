//! helm-controller may not make an object of a chart, or a quota is full.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "release-forbidden", title: "A release may not make one of its objects", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::Forbidden).map(|failure| diagnosis(graph, &failure)).collect()
}

/// The API server: `deployments.apps "web" is forbidden: User "system:serviceaccount:apps:deployer" cannot create resource
/// …`, `services "web" is forbidden: exceeded quota: small, requested: …, used: …, limited: …`.
fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let why = failure.said.split_once(" is forbidden: ").map_or_else(|| failure.words(), |(_, why)| short(why));
    let what = failure.refused().map_or_else(|| "an object".to_owned(), |(kind, name)| format!("{kind} {name}"));
    let diagnosis = failure.diagnosis(graph, CAUSE.id, &format!("{what} is forbidden: {why}"));
    if let Some(quota) = between(&failure.said, "exceeded quota: ", ",") {
        let quota = ObjectRef::new("ResourceQuota", "", &failure.namespace, quota);
        return diagnosis.look_at(graph.describe(&quota)).mended_by(Remedy::change(
            "Raise the ResourceQuota, or ask for less in the release's values.",
            "Ready True, and the quota has room",
        ));
    }
    match between(&failure.said, "User \"", "\"") {
        Some(user) => diagnosis.look_at(graph.shell("kubectl auth can-i --list --as {} -n {}", &[user, &failure.namespace])).mended_by(
            Remedy::change(
                "Bind a Role with these rights to that service account: the release is applied as spec.serviceAccountName, or as the controller's --default-service-account.",
                "Ready True",
            ),
        ).documented(&format!("{MANUAL}#service-account-reference")),
        None => diagnosis.look_at(graph.yaml(failure.live.object)),
    }
}
