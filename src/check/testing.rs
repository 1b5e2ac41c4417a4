//! Fixtures for tests of rules: objects written as YAML, in the place of a rendered repository.

use std::path::Path;

use super::world::World;
use super::{Finding, Rule, RuleInput};
use crate::model::Nodes;
use crate::render::{Object, Origin, Rendered, Rendering};
use crate::yaml;

/// Renders documents; a line `=== ENV KUSTOMIZATION` says where those below it belong, else they belong to `apps` of
/// `staging`.
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
            ..Rendered::default()
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

/// Holds objects as YAML, built from the parts that matter.
pub struct Objects(String);

impl AsRef<str> for Objects {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The image of [`app`].
const IMAGE: &str = "docker.io/a/b:1.0.0";

/// Returns the Deployment `app` of the namespace `web`, with one container.
pub fn app() -> Objects {
    workload("Deployment", "web/app")
}

/// Returns a workload of a kind, by its namespace and name, with one container.
pub fn workload(kind: &str, name: &str) -> Objects {
    let head = format!("apps/v1 {kind} {name}");
    let template = "  template:\n    metadata: {labels: {app: app}}\n    spec:\n      containers:\n";
    let spec = format!(
        "spec:\n  selector: {{matchLabels: {{app: app}}}}\n{template}        - name: main\n          image: {IMAGE}"
    );
    object(&head, &spec)
}

/// Returns an object by `API KIND NAMESPACE/NAME`, with the lines below its metadata.
pub fn object(head: &str, body: &str) -> Objects {
    let [api, kind, name] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{head}") };
    let metadata = match name.split_once('/') {
        Some((namespace, name)) => format!("{{name: {name}, namespace: {namespace}}}"),
        None => format!("{{name: {name}}}"),
    };
    yaml(&format!("apiVersion: {api}\nkind: {kind}\nmetadata: {metadata}\n{}", body.trim_start_matches('\n')))
}

/// Returns an object as written.
pub fn yaml(text: &str) -> Objects {
    Objects(format!("---\n{}\n", text.trim_matches('\n')))
}

impl Objects {
    fn with(self, before: &str, indent: &str, lines: &str) -> Self {
        let lines: String = lines.trim_matches('\n').lines().flat_map(|line| [indent, line, "\n"]).collect();
        Self(self.0.replacen(before, &(lines + before), 1))
    }

    /// Adds lines to the `spec` of a workload.
    pub fn spec(self, lines: &str) -> Self {
        self.with("  selector:", "  ", lines)
    }

    /// Adds lines to the `spec` of its pods.
    pub fn pod(self, lines: &str) -> Self {
        self.with("      containers:\n", "      ", lines)
    }

    /// Adds lines to its container.
    pub fn container(self, lines: &str) -> Self {
        let lines: String = lines.trim_matches('\n').lines().flat_map(|line| ["          ", line, "\n"]).collect();
        Self(self.0 + &lines)
    }

    /// Replaces the image.
    pub fn image(self, image: &str) -> Self {
        Self(self.0.replacen(IMAGE, image, 1))
    }

    /// Adds other objects.
    pub fn beside(self, other: Self) -> Self {
        Self(self.0 + &other.0)
    }

    /// Adds an object, in the form that [`object`] takes.
    pub fn and(self, head: &str, body: &str) -> Self {
        self.beside(object(head, body))
    }

    /// Adds an object as written.
    pub fn and_yaml(self, text: &str) -> Self {
        self.beside(yaml(text))
    }
}

/// Returns what a rule finds in documents: `ENV Kind/namespace/name: message`.
pub fn found(rule: &Rule, text: &str) -> Vec<String> {
    found_in(Path::new("/nonexistent"), &Nodes::default(), rule, text)
}

/// Returns what a rule finds in documents, with the files of a folder and with nodes.
pub fn found_in(root: &Path, nodes: &Nodes, rule: &Rule, text: &str) -> Vec<String> {
    let rendering = rendering(text);
    let found = run_rule(root, nodes, rule, &rendering);
    assert_namesakes(root, nodes, rule, &rendering);
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

/// A group that no rule checks, and whose kinds create nothing themselves: a kind of an unknown group might.
const STRANGER: &str = "upgrade.cattle.io";

/// The rules about objects of any kind, with the reason why the group does not matter.
pub const OF_ANY_GROUP: &[(&str, &str)] = &[
    ("flux-namespace", "an object of any kind needs its namespace"),
    ("flux-applied-twice", "two Kustomizations take an object of any kind from each other"),
    ("flux-variable-left", "a variable of Flux may stand in an object of any kind"),
    ("text-needed", "labels and annotations are text in every kind"),
];

/// Asserts that a rule ignores a kind of the same name in another group: with all objects of such a kind the rule finds
/// nothing, and with one it finds nothing about that one.
fn assert_namesakes(root: &Path, nodes: &Nodes, rule: &Rule, rendering: &Rendering) {
    if OF_ANY_GROUP.iter().any(|(id, _)| *id == rule.id) {
        return;
    }
    let count = rendering.of.iter().map(|one| one.objects.len()).sum();
    let disguised = |which: Option<usize>| {
        let mut of = rendering.clone();
        let mut names = Vec::new();
        for (at, object) in of.of.iter_mut().flat_map(|one| one.objects.iter_mut()).enumerate() {
            if which.is_none_or(|which| which == at) {
                let version = object.api_version.rsplit('/').next().unwrap_or_default();
                object.body["apiVersion"] = format!("{STRANGER}/{version}").into();
                *object = Object::new(object.body.clone(), object.origin.clone(), object.changed_by.clone());
                names.push(object.object.to_string());
            }
        }
        let found = run_rule(root, nodes, rule, &of);
        let about: Vec<_> =
            found.into_iter().filter(|one| one.object.as_ref().is_none_or(|it| names.contains(it))).collect();
        assert!(about.is_empty(), "{} takes a namesake for its own: {about:#?}", rule.id);
    };
    disguised(None);
    (0..count).for_each(|at| disguised(Some(at)));
}

fn run_rule(root: &Path, nodes: &Nodes, rule: &Rule, rendering: &Rendering) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut envs: Vec<&str> = rendering.of.iter().map(|one| one.env.as_str()).collect();
    envs.sort_unstable();
    envs.dedup();
    let RuleInput::World(look) = rule.check else { panic!("{} is no rule of objects", rule.id) };
    for env in envs {
        look(&World::new(env, rendering, root).with_nodes(nodes.clone()), &mut found);
    }
    found
}

/// Asserts that a rule finds a fault in each text, about its first object, and none in the others.
pub fn assert_rule<T: AsRef<str>>(rule: &Rule, fires: &[T], silent: &[T]) {
    for text in fires.iter().map(AsRef::as_ref) {
        assert_eq!(found(rule, text).len(), 1, "{} in\n{text}\nfound {:#?}", rule.id, found(rule, text));
    }
    for text in silent.iter().map(AsRef::as_ref) {
        assert_eq!(found(rule, text), Vec::<String>::new(), "{} in\n{text}", rule.id);
    }
}
