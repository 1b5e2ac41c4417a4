//! The registry has no such image.

use super::images::{self, ImageFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph};
use crate::model::ShellLine;

pub(super) const CAUSE: Cause = Cause { id: "image-not-found", title: "The registry has no such image", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::NotFound);
    let found = all.iter().map(|ill| {
        let image = ill.container.image();
        images::diagnosis(
            graph,
            ill,
            CAUSE.id,
            &format!("is not there: {} has no such name or tag", images::host(image)),
        )
        .look_at(ShellLine::new("docker manifest inspect {}", &[image]))
        .mended_by(images::change(ill, "Correct the name or the tag"))
    });
    found.collect()
}
