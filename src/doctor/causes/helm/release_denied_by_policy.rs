//! A policy refuses an object of a chart.

use super::failure::{WhyFailed, failures};
use super::{MANUAL, failing};
use crate::doctor::Cause;
use crate::doctor::message::{self, between, short};
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::{Condition, ObjectRef};

pub(super) const CAUSE: Cause =
    Cause { id: "release-denied-by-policy", title: "A policy refuses an object of a chart", find };

/// The API server: `admission webhook "NAME" denied the request: WHY`, `ValidatingAdmissionPolicy 'NAME' with binding
/// 'BINDING' denied request: WHY`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let undecided = failing(graph, "StateError").filter_map(|(live, ready)| of_drift(graph, &live, &ready));
    let found = failures(graph, WhyFailed::Policy).map(|failure| {
        let said = &failure.said;
        let webhook = between(said, "admission webhook \"", "\"").map(|name| format!("admission webhook {name}"));
        let policy =
            between(said, "ValidatingAdmissionPolicy '", "'").map(|name| format!("ValidatingAdmissionPolicy {name}"));
        let who = webhook.or(policy).unwrap_or_else(|| "admission".to_owned());
        let why = said.split_once("denied the request: ").or_else(|| said.split_once("denied request: "));
        let why = why.map_or_else(|| failure.words(), |(_, why)| short(why));
        let object = failure.refused().map(|(kind, name)| format!(" {kind} {name}")).unwrap_or_default();
        failure
            .diagnosis(graph, CAUSE.id, &format!("{who} refuses{object}: {why}"))
            .look_at(graph.shell(
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies",
                &[],
            ))
            .mended_by(Remedy::change(
                "Change the values so that the object keeps the policy; or the policy, if it is wrong about this one.",
                "Ready True",
            ))
            .documented("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/")
    });
    found.chain(undecided).collect()
}

/// Where drift is detected, helm-controller asks the server by dry runs: `Could not determine release state: unable to
/// determine cluster state: Deployment/apps/web dry-run failed (Invalid): … ValidatingAdmissionPolicy 'P' … denied request: WHY`.
fn of_drift(graph: &LiveGraph, live: &LiveObject<'_>, ready: &Condition) -> Option<Diagnosis> {
    let said = ready.message.as_str();
    let (_, why) = said.split_once("denied the request: ").or_else(|| said.split_once("denied request: "))?;
    let webhook = between(said, "admission webhook \"", "\"").map(|name| format!("admission webhook {name}"));
    let policy =
        between(said, "ValidatingAdmissionPolicy '", "'").map(|name| format!("ValidatingAdmissionPolicy {name}"));
    let who = webhook.or(policy)?;
    let what = message::objects(said).first().map_or_else(|| "an object".to_owned(), ObjectRef::told);
    let message = format!(
        "{} cannot be compared with the cluster (spec.driftDetection): {who} refuses {what}: {}",
        live.object.told(),
        short(why)
    );
    Some(
        Diagnosis::new(CAUSE.id, live.object, message)
            .seen_all([live.condition_evidence(ready)])
            .look_at(graph.describe(live.object))
            .look_at(graph.shell("kubectl get validatingadmissionpolicies,validatingwebhookconfigurations", &[]))
            .mended_by(Remedy::change(
                "Except helm-controller's service account or the object in the policy, or change the values so that the object keeps it; spec.driftDetection.ignore leaves a field out. Then push.",
                "Ready True",
            ))
            .documented(&format!("{MANUAL}#drift-detection")),
    )
}
