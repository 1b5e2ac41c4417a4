//! An image cannot be had, for a reason in words that are not known.

use super::images::{self, ImageFault};
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "image-pull", title: "An image cannot be pulled", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::Other);
    let found = all.iter().map(|ill| {
        images::diagnosis(graph, ill, CAUSE.id, &format!("cannot be pulled: {}", short(&ill.said)))
            .mended_by(images::change(ill, "Correct the image, or its imagePullPolicy,"))
    });
    found.collect()
}
