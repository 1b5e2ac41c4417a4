//! No tag of an image fits a policy.

use super::failure::{failed_kind, then_reconcile};
use crate::doctor::Cause;
use crate::doctor::message::short;
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "image-policy-no-match", title: "No tag of an image fits a policy", find };

/// image-reflector-controller 1.0 says `version list argument cannot be empty` where its filter leaves no tag, and
/// `unable to determine latest version from provided list` where no tag fits.
const SAID: &[&str] =
    &["version list argument cannot be empty", "unable to determine latest version", "cannot determine latest tag"];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let failed = failed_kind(graph, "ImagePolicy")
        .filter(|failure| failure.says_any(SAID) || failure.said.reason == "InvalidPolicy");
    let found = failed.map(|failure| {
        let (object, live) = (failure.object(), failure.live);
        let pattern = live.text("/spec/filterTags/pattern");
        let range = live.text("/spec/policy/semver/range");
        let rule = match (pattern, range) {
            ("", "") => "its policy".to_owned(),
            ("", range) => format!("the range {range}"),
            (pattern, "") => format!("the pattern {pattern}"),
            (pattern, range) => format!("the pattern {pattern} with the range {range}"),
        };
        let images = live.text("/spec/imageRepositoryRef/name");
        let message = if failure.said.reason == "InvalidPolicy" {
            format!("{} is not valid: {}", object.told(), short(failure.message()))
        } else {
            format!("{} finds no tag: none of ImageRepository {images} fits {}", object.told(), short(&rule))
        };
        let found = failure
            .found(CAUSE.id, message)
            .look_at(graph.yaml(&live.beside("ImageRepository", &object.group, images)))
            .mended_by(Remedy::change("Compare the pattern with the tags in status.lastScanResult of the ImageRepository, correct it, and push.", "Ready True with the newest tag"))
            .documented("https://fluxcd.io/flux/components/image/imagepolicies/#filter-tags");
        then_reconcile(graph, found, object)
    });
    found.collect()
}
