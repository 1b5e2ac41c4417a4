//! A registry has no such image to scan.

use super::failure::then_reconcile;
use super::transport::{Trouble, reason, troubled};
use crate::doctor::Cause;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "image-missing", title: "A registry has no such image to scan", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let found = troubled(graph, &["ImageRepository"], Trouble::Missing).map(|failure| {
        let object = failure.object();
        let image = failure.live.text("/spec/image");
        let message = format!(
            "{} scans {image}, which the registry does not have ({})",
            object.told(),
            reason(failure.message())
        );
        let found = failure
            .found(CAUSE.id, message)
            .seen_all([failure.live.field_evidence("spec.image", image)])
            .look_at(graph.describe(object))
            .mended_by(Remedy::change(
                "Correct spec.image (without a tag), and push.",
                "Ready True with the number of tags",
            ))
            .documented("https://fluxcd.io/flux/components/image/imagerepositories/#image");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
