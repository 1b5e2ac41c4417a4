//! What the tests of rules stand on: objects written as YAML, as if a repository rendered to them.

use std::path::Path;

use super::world::World;
use super::{Look, Rule};
use crate::model::Nodes;
use crate::render::{Object, Origin, Rendered, Rendering};
use crate::yaml;

/// Renders documents; a line `=== ENV KUSTOMIZATION` says where those below it belong, else to `apps` of `staging`.
pub fn rendering(text: &str) -> Rendering {
    let mut rendering = Rendering::default();
    let mut begin = |head: &str, body: &str| {
        let (env, name) = head.trim().split_once(' ').unwrap_or(("staging", "apps"));
        let objects: Vec<serde_json::Value> = yaml::documents_as(body).expect("YAML");
        let objects = objects.into_iter().filter(|body| !body.is_null()).map(|body| {
            let origin = Origin { file: format!("{name}.yaml"), line: Some(1), ..Origin::default() };
            Object::new(body, origin, Vec::new())
        });
        rendering.of.push(Rendered {
            env: env.to_owned(),
            namespace: "flux-system".to_owned(),
            name: name.to_owned(),
            objects: objects.collect(),
            finding: None,
            undefined: Vec::new(),
            unknown: Vec::new(),
        });
    };
    for part in text.split("=== ") {
        match part.split_once('\n') {
            Some((head, body)) if text.contains("=== ") => begin(head, body),
            _ if !part.is_empty() => begin("staging apps", part),
            _ => {}
        }
    }
    rendering
}

/// Returns what a rule finds in documents: `ENV Kind/namespace/name: message`.
pub fn found(rule: &Rule, text: &str) -> Vec<String> {
    found_in(Path::new("/nonexistent"), &Nodes::default(), rule, text)
}

/// Returns what a rule finds in documents that come from files of a folder and are to run on nodes.
pub fn found_in(root: &Path, nodes: &Nodes, rule: &Rule, text: &str) -> Vec<String> {
    let rendering = rendering(text);
    let mut found = Vec::new();
    let mut envs: Vec<&str> = rendering.of.iter().map(|one| one.env.as_str()).collect();
    envs.sort_unstable();
    envs.dedup();
    let Look::World(look) = rule.look else { panic!("{} is no rule of objects", rule.id) };
    for env in envs {
        look(&World::new(env, &rendering, root).with_nodes(nodes.clone()), &mut found);
    }
    found
        .iter()
        .map(|one| {
            assert_eq!(one.rule, rule.id);
            assert!(!one.why.is_empty() && !one.fix.is_empty(), "{one:?}");
            let env = one.env.as_deref().unwrap_or_default();
            format!("{env} {}: {}", one.object.as_deref().unwrap_or_default(), one.message)
        })
        .collect()
}

/// Asserts that a rule finds something in each text, about the object that begins it, and nothing in the others.
pub fn assert_rule(rule: &Rule, fires: &[&str], silent: &[&str]) {
    for text in fires {
        assert_eq!(found(rule, text).len(), 1, "{} in\n{text}\nfound {:#?}", rule.id, found(rule, text));
    }
    for text in silent {
        assert_eq!(found(rule, text), Vec::<String>::new(), "{} in\n{text}", rule.id);
    }
}
