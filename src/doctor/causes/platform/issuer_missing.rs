//! A certificate names an issuer that is not there.

use super::certificates::{self, Stop};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "issuer-missing", title: "A certificate names an issuer that is missing", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = certificates::chains(graph).into_iter().filter_map(|chain| {
        let Stop::IssuerMissing(issuer) = &chain.stop else { return None };
        // The issuer of a fresh installation comes a moment later.
        if !graph.is_past(chain.certificate.created(), 60) {
            return None;
        }
        let place = if issuer.namespace.is_empty() { "the cluster" } else { "the certificate's namespace" };
        let message = format!("{} is missing in {place}: {} is not issued", issuer.told(), chain.certificate.object.told());
        let found = Diagnosis::new(CAUSE.id, issuer, message)
            .lacking(issuer)
            .seen_all([chain.certificate.field_evidence("spec.issuerRef", &format!("{} {}", issuer.kind, issuer.name))])
            .look_at(graph.shell("kubectl get clusterissuers,issuers -A", &[]))
            .mended_by(Remedy::change(
                "Add the issuer, or name one that is there in issuerRef (or in the annotation cert-manager.io/cluster-issuer of the Ingress): a ClusterIssuer has to be named by its kind.",
                "the CertificateRequest goes on within a minute",
            ))
            .documented("https://cert-manager.io/docs/configuration/issuers/");
        Some(chain.add_to(graph, found))
    });
    found.collect()
}
