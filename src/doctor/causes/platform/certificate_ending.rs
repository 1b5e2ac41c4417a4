//! A certificate is over, or its renewal is late.

use super::certificate_not_issued::is_explained;
use super::certificates::{self, Chain, condition_is};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause = Cause { id: "certificate-ending", title: "A certificate is not renewed", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let chains = certificates::chains(graph);
    let late = chains.iter().filter(|chain| certificates::is_late(graph.now, &chain.certificate));
    late.filter_map(|chain| diagnosis(graph, chain)).collect()
}

fn diagnosis(graph: &LiveGraph, chain: &Chain<'_>) -> Option<Diagnosis> {
    if is_explained(graph, chain) {
        return None;
    }
    let certificate = &chain.certificate;
    let end = certificate.time("/status/notAfter")?;
    let renewal = certificate.time("/status/renewalTime");
    let is_over = end <= graph.now;
    let names = chain.names().join(", ");
    let when = match renewal {
        _ if is_over => format!("ended {} ago and is still served", age(graph.now, end)),
        Some(renewal) => {
            format!("ends in {}; its renewal was due {} ago", age(end, graph.now), age(graph.now, renewal))
        }
        None => format!("ends in {}, and no renewal is planned", age(end, graph.now)),
    };
    let object = certificate.object;
    let message = format!("{} for {names} {when}", object.told());
    let (namespace, name) = (&object.namespace, &object.name);
    let mut found =
        Diagnosis::new(CAUSE.id, object, message)
            .seen(format!("status.notAfter: {end}"), Some(end), object.told())
            .explaining(chain.links())
            .look_at(graph.describe(object))
            .look_at(graph.shell(
                "kubectl logs -n {} deployment/cert-manager --tail=50",
                &[&certificates::cluster_namespace(graph)],
            ))
            .mended_by(Remedy::new(
                graph.shell("cmctl renew {} -n {}", &[name, namespace]),
                "It asks for a new certificate at once; look first whether cert-manager runs.",
                "a new CertificateRequest, and a later notAfter",
            ))
            .documented("https://cert-manager.io/docs/usage/certificate/#issuance-triggers");
    if let Some(renewal) = renewal {
        found = found.seen(format!("status.renewalTime: {renewal}"), Some(renewal), object.told());
    }
    if let Some(issuing) = condition_is(certificate, "Issuing", "True") {
        found = found.seen(issuing.says(), issuing.at, format!("{} condition Issuing=True", object.told()));
    }
    Some(if is_over { found } else { found.warning() })
}
