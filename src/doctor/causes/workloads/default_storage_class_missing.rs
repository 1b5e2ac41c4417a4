//! A claim names no `StorageClass`, and no class is the default.

use super::claims::{self, Unbound};
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause {
    id: "default-storage-class-missing",
    title: "A claim names no StorageClass, and none is the default",
    find,
};

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = claims::waiting(graph, Unbound::NoDefault);
    let found = all.iter().map(|one| {
        let message = format!("{} names no StorageClass, and no StorageClass is the default", one.claim.object.told());
        let first = graph.all("storage.k8s.io", "StorageClass").next().map(|class| class.object.name.clone());
        let mut found = one.diagnosis(graph, CAUSE.id, message).look_at(graph.shell("kubectl get storageclasses", &[]));
        found = found.mended_by(Remedy::change(
            "Name a storageClassName in the claim, or give one StorageClass the annotation storageclass.kubernetes.io/is-default-class: \"true\", and push.",
            "the claim is Bound",
        ));
        if let Some(name) = first {
            found = found.mended_by(Remedy::new(
                graph.shell("kubectl annotate storageclass {} storageclass.kubernetes.io/is-default-class=true", &[&name]),
                "The claims that wait are given the default class by themselves; Flux may take the annotation back if it is not in the repository.",
                "(default) behind the class's name, and the claim is Bound",
            ));
        }
        found.documented("https://kubernetes.io/docs/tasks/administer-cluster/change-default-storage-class/")
    });
    found.collect()
}
