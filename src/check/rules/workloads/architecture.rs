//! An image for another architecture than the nodes have.

use serde_json::Value;

use crate::check::image::Image;
use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "image-architecture",
    about: "an image, or a nodeSelector, for an architecture that no node of the environment has, by [check.nodes] in .fluxdeck.toml, or in the cockpit by the cluster",
    check: RuleInput::World(check),
};

/// Words for architectures in the names of images, as organisations of Docker Hub and as tags, with the word of
/// Kubernetes for each (github.com/docker-library/official-images, "Architectures other than amd64?").
const NAMES: [(&str, &str); 8] = [
    ("amd64", "amd64"),
    ("x86_64", "amd64"),
    ("arm64v8", "arm64"),
    ("arm64", "arm64"),
    ("aarch64", "arm64"),
    ("arm32v7", "arm"),
    ("armv7", "arm"),
    ("armhf", "arm"),
];

/// Returns the one architecture that the name of an image states: `amd64/nginx:1`, `example/app:1.2-arm64`.
fn architecture(image: &str) -> Option<&'static str> {
    let Image { name, tag, .. } = Image::parse(image);
    let path = name.strip_prefix("docker.io/").unwrap_or(name);
    let organisation = path.split_once('/').map_or("", |(first, _)| first);
    let says = |(name, _): &&(&str, &str)| {
        organisation == *name
            || tag.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_', '.']))
    };
    NAMES.iter().find(says).map(|(_, architecture)| *architecture)
}

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let nodes = &world.nodes.architectures;
    if nodes.is_empty() {
        return;
    }
    let has = |architecture: &str| nodes.iter().any(|node| node == architecture);
    let there = nodes.join(" and ");
    for pods in world.pods() {
        let selected = at(pods.spec, "/nodeSelector").get("kubernetes.io/arch").and_then(Value::as_str);
        if let Some(selected) = selected.filter(|selected| !has(selected)) {
            let message = format!("it asks for nodes of {selected}, and {} has {there}", world.env);
            let why = "the pods stay Pending: didn't match Pod's node affinity/selector";
            let settings = if world.nodes.are_told { ", or [check.nodes] in .fluxdeck.toml" } else { "" };
            let fix = format!("correct kubernetes.io/arch for this environment{settings}");
            found.push(world.finding(&RULE, pods.object, "kubernetes.io/arch", message, why, fix));
        }
        for container in pods.containers() {
            let image = text(container, "/image");
            let Some(own) = architecture(image).filter(|own| !has(own)) else { continue };
            let message = format!("the image {image} is for {own}, and the nodes of {} are {there}", world.env);
            let why =
                "the container ends at once: exec format error, or the image is not pulled: no match for platform";
            let fix = "take the image without the architecture in its name, or the one for the nodes";
            found.push(world.finding(&RULE, pods.object, image, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::testing::found_in;
    use crate::model::Nodes;

    fn found(pod: &str, architectures: &[&str]) -> usize {
        let architectures = architectures.iter().map(|&one| one.to_owned()).collect();
        let nodes = Nodes { architectures, ..Nodes::default() };
        let text = format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: web}}\nspec: {pod}\n");
        found_in(Path::new("/nonexistent"), &nodes, &super::RULE, &text).len()
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        for pod in [
            "{containers: [{name: a, image: amd64/nginx:1}]}",
            "{containers: [{name: a, image: \"docker.io/amd64/nginx:1\"}]}",
            "{containers: [{name: a, image: \"example.org:5000/app:1.2-x86_64\"}]}",
            "{initContainers: [{name: a, image: \"a/b:amd64\"}]}",
            "{nodeSelector: {kubernetes.io/arch: amd64}}",
        ] {
            assert_eq!(found(pod, &["arm64"]), 1, "{pod}");
            assert_eq!(found(pod, &["arm64", "amd64"]), 0, "{pod}");
            assert_eq!(found(pod, &[]), 0, "nothing is known: {pod}");
        }
        for pod in [
            "{containers: [{name: a, image: arm64v8/nginx:1}]}",
            "{containers: [{name: a, image: \"nginx:1.2\"}]}",
            "{containers: [{name: a, image: \"example.org/amd64-tools:1\"}]}",
            "{containers: [{name: a, image: \"a/b:notamd64\"}]}",
            "{nodeSelector: {kubernetes.io/arch: arm64}}",
        ] {
            assert_eq!(found(pod, &["arm64"]), 0, "{pod}");
        }
    }
}
