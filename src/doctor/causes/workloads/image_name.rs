//! The name of an image is none.

use super::images::{self, ImageFault};
use crate::doctor::{Cause, Diagnosis, LiveGraph};

pub(super) const CAUSE: Cause = Cause { id: "image-name-invalid", title: "The name of an image is not valid", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::Name);
    let found = all.iter().map(|ill| {
        let image = ill.container.image();
        let why = if image.contains("${") || image.contains("{{") {
            "is no image name: a variable in it was not replaced"
        } else if image.chars().any(char::is_uppercase) {
            "is no image name: a repository is written in small letters"
        } else {
            "is no image name: REGISTRY/REPOSITORY:TAG was expected"
        };
        images::diagnosis(graph, ill, CAUSE.id, why).mended_by(images::change(ill, "Write the name of the image anew"))
    });
    found.collect()
}
