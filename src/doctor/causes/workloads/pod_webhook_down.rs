//! A webhook that judges pods does not answer.

use super::pods::joined;
use super::refusals::{self, Admission};
use super::routing::Workloads;
use crate::doctor::causes::admission_webhooks::{configured, service_in};
use crate::doctor::message::{between, short};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::State;

pub(super) const CAUSE: Cause =
    Cause { id: "pod-webhook-down", title: "A webhook that judges pods does not answer", find };

/// `Internal error occurred: failed calling webhook "m.example.org": failed to call webhook: Post
/// "https://hook.hooks.svc:443/mutate?timeout=10s": dial tcp 10.96.1.2:443: connect: connection refused`.
fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::WebhookDown);
    joined(all.iter().map(|one| {
        let said = one.said.as_str();
        let webhook = between(said, "failed calling webhook \"", "\"").unwrap_or_default();
        let why = said.split_once("failed to call webhook: ").map_or(said, |(_, why)| why);
        let service = service_in(said);
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
        (format!("{webhook} {}", service.map(|service| service.told()).unwrap_or_default()), found)
    }))
}
