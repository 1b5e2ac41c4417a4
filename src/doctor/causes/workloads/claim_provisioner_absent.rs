//! The provisioner of a claim does not answer.

use super::claims::{self, Unbound};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause =
    Cause { id: "claim-provisioner-absent", title: "The provisioner of a claim does not answer", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = claims::waiting(graph, Unbound::ProvisionerAbsent);
    let found = all.iter().map(|one| {
        let driver = ObjectRef::new("CSIDriver", "storage.k8s.io", "", one.provisioner);
        // Provisioners that are no CSI drivers have names with a slash: rancher.io/local-path.
        let is_csi = !one.provisioner.contains('/');
        let is_missing = is_csi && graph.get(&driver).is_absent();
        let why = if is_missing { "does not answer, and no CSIDriver has its name" } else { "does not answer" };
        let message =
            format!("The volume of {} is not made: provisioner {} {why}", one.claim.object.told(), one.provisioner);
        one.diagnosis(graph, CAUSE.id, message)
            .seen(
                format!("StorageClass {} provisioner: {}", one.class, one.provisioner),
                None,
                format!("StorageClass/{}", one.class),
            )
            .look_at(graph.shell("kubectl get csidrivers", &[]))
            .look_at(graph.shell("kubectl describe storageclass {}", &[one.class]))
            .mended_by(Remedy::change(
                "Bring the storage driver's controller up (its HelmRelease, its pods), or name another StorageClass.",
                "events of the claim say Provisioning, then ProvisioningSucceeded",
            ))
            .documented("https://kubernetes.io/docs/concepts/storage/dynamic-provisioning/")
    });
    found.collect()
}
