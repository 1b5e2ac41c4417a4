//! An image whose tag moves.

use crate::check::image::Image;
use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "image-moving-tag",
    about: "an image without a tag, or at one that moves",
    check: RuleInput::World(check),
};

/// Tags that each release moves.
const MOVING: [&str; 11] =
    ["latest", "main", "master", "edge", "nightly", "dev", "develop", "stable", "rolling", "beta", "release"];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for pods in world.pods() {
        let mut told = Vec::new();
        for container in pods.containers() {
            let image = text(container, "/image");
            let Image { tag, digest, .. } = Image::parse(image);
            let moves = digest.is_empty() && (tag.is_empty() || MOVING.contains(&tag));
            if image.is_empty() || image.contains("${") || !moves || told.contains(&image) {
                continue;
            }
            told.push(image);
            let message = format!("the tag of {image} moves");
            let why =
                "two nodes may run two versions, a restart is an upgrade, and no revert of a commit takes it back";
            let fix = "name the version, best with its digest; Renovate proposes the next as a commit";
            // A kustomization may have set the tag.
            let put_in = format!("newTag: {tag}");
            let needle = if world.says(pods.object, image) { image } else { put_in.as_str() };
            let habit = "tags of images move";
            found.push(world.finding(&RULE, pods.object, needle, message, why, fix).warning().habit(habit));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().image("docker.io/a/b:latest"), app().image("registry:5000/a/b")];
        let silent = [
            app(),
            app().image("docker.io/a/b@sha256:abc"),
            app().image("registry:5000/a/b:1.2"),
            app().image("a/b:latest@sha256:abc"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
