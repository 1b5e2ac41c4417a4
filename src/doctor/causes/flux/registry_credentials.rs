//! A registry refuses the credentials of a source or of an image that is scanned.

use super::failure::then_reconcile;
use super::transport::{Trouble, address, host, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "registry-credentials", title: "A registry refuses the credentials", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, &["OCIRepository", "ImageRepository"], Trouble::Credentials).map(|failure| {
        let object = failure.object();
        let secret = failure.live.text("/spec/secretRef/name");
        let with = if secret.is_empty() { "without credentials (it has no spec.secretRef)".to_owned() } else { format!("with the credentials of Secret {}/{secret}", object.namespace) };
        let message = format!("{} may not read {} {with}: {}", object.told(), address(&failure), reason(failure.message()));
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(format!("Put a docker-registry Secret that {} takes into the object's namespace and name it in spec.secretRef, or mend the token in it; a registry also refuses a repository that does not exist.", host(&failure)), "Ready True"))
            .documented("https://fluxcd.io/flux/components/source/ocirepositories/#secret-reference");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
