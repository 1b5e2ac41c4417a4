//! The SSH host key of a git server is not the known one.

use super::failure::then_reconcile;
use super::transport::{Trouble, host, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "git-host-key", title: "The host key of a git server is not the known one", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, &["GitRepository"], Trouble::HostKey).map(|failure| {
        let object = failure.object();
        let host = host(&failure);
        let secret = failure.live.text("/spec/secretRef/name");
        let how = if failure.says("mismatch") { "is another than" } else { "does not match" };
        let message = format!("{} cannot be fetched: the host key of {host} {how} known_hosts in Secret {}/{secret} ({})", object.told(), object.namespace, reason(failure.message()));
        let (name, port) = host.split_once(':').unwrap_or((&host, "22"));
        let found = failure
            .found(CAUSE.id, message)
            .look_at(crate::model::ShellLine::new("ssh-keyscan -p {} {}", &[port, name]))
            .mended_by(Remedy::change("Compare the server's present keys with what its operator publishes; where they are right, put them into known_hosts of the Secret, and push.", "the source is Ready"))
            .documented("https://fluxcd.io/flux/components/source/gitrepositories/#ssh-authentication");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
