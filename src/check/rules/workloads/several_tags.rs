//! One image at several tags in one environment.

use crate::check::image::Image;
use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use std::collections::BTreeMap;

pub(in crate::check) const RULE: Rule = Rule {
    id: "image-several-tags",
    about: "one image at several versions in one environment",
    check: RuleInput::World(check),
};

/// Common images whose versions need not agree.
const TOOLS: [&str; 12] = [
    "busybox", "alpine", "debian", "ubuntu", "kubectl", "curl", "bash", "redis", "valkey", "postgres", "python", "node",
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for pods in world.pods() {
        for container in pods.containers() {
            let image = text(container, "/image");
            let parts = Image::parse(image);
            let Image { name, tag, .. } = parts;
            if tag.is_empty() || TOOLS.contains(&parts.last()) {
                continue;
            }
            match seen.get(name) {
                Some((other, place)) if *other != tag => {
                    let message = format!("it runs {name} at {tag}, and {place} runs it at {other}");
                    let why = "one of them was forgotten when the other was upgraded: their formats and faults differ";
                    let fix = "bring both to one version, best by images: in one kustomization.yaml";
                    found.push(world.finding(&RULE, pods.object, image, message, why, fix).hint());
                }
                Some(_) => {}
                None => drop(seen.insert(name, (tag, &pods.object.object.name))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app().and(
            "apps/v1 Deployment web/other",
            "
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:2.0.0
",
        )];
        let silent = [
            app().and(
                "apps/v1 Deployment web/other",
                "
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec:
      containers:
        - name: main
          image: docker.io/a/b:1.0.0
",
            ),
            app().image("docker.io/library/redis:7").and(
                "apps/v1 Deployment web/other",
                "
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec:
      containers:
        - name: main
          image: docker.io/library/redis:8
",
            ),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
