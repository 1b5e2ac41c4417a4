//! A webhook that judges pods does not answer.

use super::pods::joined;
use super::refusals::{self, Admission};
use super::routing::Workloads;
use crate::doctor::causes::admission_webhooks::{WebhookCall, configured, is_call_of};
use crate::doctor::causes::flux::is_webhook_refusing_appliers;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::{ObjectRef, State};

pub(super) const CAUSE: Cause =
    Cause { id: "pod-webhook-down", title: "A webhook that judges pods does not answer", find };

/// `Internal error occurred: failed calling webhook "m.example.org": failed to call webhook: Post
/// "https://hook.hooks.svc:443/mutate?timeout=10s": dial tcp 10.96.1.2:443: connect: connection refused`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::WebhookDown);
    joined(all.iter().filter_map(|one| {
        let said = one.said.as_str();
        let call = WebhookCall::parse(said)?;
        let answered_by = call.answered_by();
        // It holds back what Flux applies as well, and is told there.
        if is_webhook_refusing_appliers(graph, &answered_by) {
            return None;
        }
        let WebhookCall { name: webhook, service } = call;
        let why = said.split_once("failed to call webhook: ").map_or(said, |(_, why)| why);
        // Its own workload may be what is broken, with a cause of its own.
        let workload = service.as_ref().and_then(|service| {
            let live = graph.get(service).found()?;
            Workloads::of(graph)
                .behind(&live)
                .into_iter()
                .find(|live| graph.row(live.object).is_some_and(|row| row.state != State::Ready))
        });
        let configuration = configured(graph, webhook, service.as_ref()).map(|(live, _)| live.object);
        let object = workload.map(|live| live.object).or(configuration).unwrap_or(&one.workload);
        let message = format!("Webhook {webhook} does not answer, so pods of {} are refused: {}", one.workload.told(), short(why));
        let mut found = one.diagnosis(CAUSE.id, object, message).unless_deeper();
        if let Some(service) = &service {
            let slices = format!("kubernetes.io/service-name={}", service.name);
            found = found.look_at(graph.shell("kubectl get endpointslices -n {} -l {}", &[&service.namespace, &slices]));
        }
        let found = found
            .look_at(graph.shell("kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations", &[]))
            .mended_by(Remedy::change(
                "Bring the webhook's pods back first: until then nothing that it judges can be created. Where it cannot start without itself, except its namespace by namespaceSelector.",
                "the controller makes the pods at its next try, at the latest 17 minutes after",
            ))
            .documented("https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy");
        Some((answered_by, found))
    }))
}

/// Finds the workloads whose pods are refused because one Service does not answer as a webhook.
pub(in crate::doctor::causes) fn pods_refused_by(graph: &LiveGraph, answered_by: &str) -> Vec<ObjectRef> {
    let refused = refusals::refused(graph, Admission::WebhookDown).into_iter();
    refused.filter(|one| is_call_of(&one.said, answered_by)).map(|one| one.workload).collect()
}
