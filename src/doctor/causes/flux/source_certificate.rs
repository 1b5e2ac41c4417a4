//! The certificate of a source's server is not trusted.

use super::transport::{Trouble, by_host, of_host, reason};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "source-certificate", title: "The certificate of a source's server is not trusted", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let hosts = by_host(graph, Trouble::Certificate);
    let found = hosts.iter().filter_map(|(host, failures)| {
        let why = failures.first().map(|failure| reason(failure.message())).unwrap_or_default();
        let found = of_host(graph, CAUSE.id, failures, &format!("the certificate of {host} is not trusted ({why})"))?;
        let line = graph.shell("openssl s_client -connect {} -showcerts", &[&if host.contains(':') { host.clone() } else { format!("{host}:443") }]);
        let why = "Renew the certificate on the server; one of a private authority needs its ca.crt in the Secret of the source (spec.secretRef, or certSecretRef). Then push.";
        Some(found.look_at(line).mended_by(Remedy::change(why, "the source is Ready")).documented("https://fluxcd.io/flux/components/source/gitrepositories/#https-certificate-authority"))
    });
    found.collect()
}
