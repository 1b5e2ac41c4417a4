//! The API server refuses pods for a reason in words that are not known.

use super::refusals::{self, Admission};
use crate::doctor::message::between;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ObjectRef;

pub(super) const CAUSE: Cause = Cause { id: "pod-refused", title: "The API server refuses pods", find };

/// What admission says of classes that are missing (kube-apiserver 1.34): `no PriorityClass with name P was found`, `pod
/// rejected: RuntimeClass "R" not found`.
const CLASSES: &[(&str, &str, &str, &str)] = &[
    ("no PriorityClass with name ", " was found", "scheduling.k8s.io", "PriorityClass"),
    ("RuntimeClass \"", "\" not found", "node.k8s.io", "RuntimeClass"),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = refusals::refused(graph, Admission::Other);
    let found = all.iter().map(|one| {
        let message =
            format!("The API server refuses the pods of {}{}", one.workload.told(), refusals::plain(&one.said));
        let missing = CLASSES.iter().find_map(|(mark, end, group, kind)| {
            let name = between(&one.said, mark, end)?;
            Some(ObjectRef::new(kind, group, "", name.trim()))
        });
        let found = one.diagnosis(CAUSE.id, &one.workload, message).look_at(graph.describe(&one.workload));
        let found = match &missing {
            Some(class) => found.lacking(class).mended_by(Remedy::change(
                format!("Add {} before what uses it, or correct its name in the pod template, and push.", class.told()),
                "the controller makes the pods",
            )),
            None => found.mended_by(Remedy::change(
                "Correct the pod template as the message says, and push.",
                "the controller makes the pods",
            )),
        };
        found.documented("https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/")
    });
    found.collect()
}
