//! A variable that Flux leaves unreplaced, because its Kustomization has no substitution.
//!
//! Scripts, dashboards and templates use the same form for their own variables, so the rule reports only those that are
//! surely meant for Flux: in a field where Kubernetes rejects such a text, or with a name that another Kustomization of
//! the environment defines.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Other, Rule, RuleInput};
use crate::model::known;
use crate::render::{Object, Rendered, SWITCH};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-variable-left",
    about: "a variable of Flux that stays as it is written, because its Kustomization has no spec.postBuild that defines any",
    check: RuleInput::World(check),
};

/// The form of a variable that Flux replaces; a dollar sign before it prevents that.
const FORM: &str = r"(?:^|[^$])(\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=][^}]*)?\})";

/// Fields that hold texts of other programs.
const OWN: [&str; 10] = [
    "data",
    "stringData",
    "binaryData",
    "command",
    "args",
    "script",
    "patches",
    "postBuild",
    "valuesFrom",
    "lifecycle",
];

/// Kinds that hold texts of other programs, or describe them.
const HOLDERS: [&str; 4] = ["ConfigMap", "Secret", "CustomResourceDefinition", "GrafanaDashboard"];

/// Holds a variable and its place.
struct Left<'a> {
    object: &'a Object,
    form: String,
    /// Whether Kubernetes rejects such a text there, for any name.
    refused: bool,
}

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let Ok(form) = Regex::new(FORM) else { return };
    let defined = defined(world);
    for one in world.rendering.of.iter().filter(|one| one.env == world.env && !one.substituted && !one.is_unsure()) {
        let left: Vec<Left<'_>> = one.objects.iter().flat_map(|object| left(object, &form, &defined)).collect();
        let Some(first) = left.iter().find(|left| left.refused).or(left.first()) else { continue };
        let finding = told(world, one, first, &left);
        let is_same = |known: &&mut Finding| {
            known.rule == RULE.id
                && known.env == finding.env
                && (&known.file, known.line, &known.message, &known.why)
                    == (&finding.file, finding.line, &finding.message, &finding.why)
        };
        match found.iter_mut().find(is_same) {
            Some(known) => known.kustomizations.extend(finding.kustomizations),
            None => found.push(finding),
        }
    }
}

fn told(world: &World<'_>, one: &Rendered, first: &Left<'_>, all: &[Left<'_>]) -> Finding {
    let forms: BTreeSet<&str> = all.iter().map(|left| left.form.as_str()).collect();
    let forms: Vec<&str> = forms.into_iter().collect();
    let stay = if forms.len() == 1 { "stays as it is" } else { "stay as they are" };
    let message = format!("{} {stay} written: spec.postBuild of what applies it defines nothing", forms.join(", "));
    let fix = "add substitute or substituteFrom to spec.postBuild of the Kustomization, or write the value where the variable stands";
    let why = if first.refused {
        "Kubernetes refuses the object, or nobody is ever reached under the name"
    } else {
        "others of the environment put a value in its place; here the text itself arrives"
    };
    let mut finding = world.finding(&RULE, first.object, &first.form, message, why, fix).concerning(one.shown());
    let mut named = BTreeSet::from([first.object.object.to_string()]);
    for other in all.iter().filter(|other| named.insert(other.object.object.to_string())) {
        let (file, line) = world.place(other.object, &other.form);
        let (env, object) = (Some(world.env.to_owned()), Some(other.object.object.to_string()));
        finding.others.push(Other { env, file, line, object });
    }
    if first.refused { finding } else { finding.warning() }
}

/// Returns the names that Kustomizations of the environment define.
fn defined(world: &World<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for object in world.kustomizations() {
        let build = at(&object.body, "/spec/postBuild");
        let own = at(build, "/substitute").as_object().into_iter().flatten();
        found.extend(own.map(|(name, _)| name.clone()));
        for source in list(build, "/substituteFrom") {
            let known = world.find(text(source, "/kind"), &object.object.namespace, text(source, "/name"));
            for part in ["/data", "/stringData"] {
                let keys = known.map(|known| at(&known.body, part)).and_then(Value::as_object).into_iter().flatten();
                found.extend(keys.map(|(name, _)| name.clone()));
            }
        }
    }
    found
}

/// Finds the variables in an object that are surely meant for Flux.
fn left<'a>(object: &'a Object, form: &Regex, defined: &BTreeSet<String>) -> Vec<Left<'a>> {
    let switch = |part: &str| at(&object.body, part).get(SWITCH).is_some();
    if switch("/metadata/annotations") || switch("/metadata/labels") {
        return Vec::new();
    }
    let mut texts = Vec::new();
    collect(&object.body, &mut Vec::new(), &mut texts);
    let words: BTreeSet<&str> = texts.iter().map(|(_, text)| *text).collect();
    let mut found = Vec::new();
    for (path, text) in &texts {
        for captures in form.captures_iter(text) {
            let (Some(form), Some(name)) = (captures.get(1), captures.get(2)) else { continue };
            let refused = is_refused(object, path);
            // A variable that the object itself names is not Flux's; a text of several lines may be a program.
            let is_own = || {
                HOLDERS.contains(&object.kind())
                    || path.iter().any(|part| OWN.contains(part))
                    || text.contains('\n')
                    || words.contains(name.as_str())
            };
            if refused || defined.contains(name.as_str()) && !is_own() {
                found.push(Left { object, form: form.as_str().to_owned(), refused });
            }
        }
    }
    found
}

/// Tells whether Kubernetes rejects braces at a place: names, hosts, images, and references of Flux.
fn is_refused(object: &Object, path: &[&str]) -> bool {
    if matches!(path, ["metadata", "name" | "namespace"]) {
        return true;
    }
    match (object.object.group.as_str(), object.kind()) {
        ("networking.k8s.io", "Ingress") => {
            matches!(path, ["spec", "rules", "host"] | ["spec", "tls", "hosts"] | ["spec", "ingressClassName"])
        }
        ("gateway.networking.k8s.io", _) => matches!(path, ["spec", "hostnames"] | ["spec", "listeners", "hostname"]),
        ("cert-manager.io", "Certificate") => matches!(path, ["spec", "dnsNames"]),
        ("", "PersistentVolumeClaim") => matches!(path, ["spec", "storageClassName"]),
        ("apps" | "batch", _) | ("", "Pod") => {
            matches!(path, [.., "containers" | "initContainers", "image"])
        }
        (known::SOURCE, _) => matches!(path, ["spec", "url"]),
        (known::KUSTOMIZE, "Kustomization") => matches!(path, ["spec", "path"] | ["spec", "sourceRef", "name"]),
        _ => false,
    }
}

/// Collects the texts of a value, each with the keys that lead to it; indexes of lists are left out.
fn collect<'a>(value: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<(Vec<&'a str>, &'a str)>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                path.push(key);
                collect(field, path, found);
                path.pop();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::String(text) => found.push((path.clone(), text)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: web}
spec: {rules: [{host: 'app.${DOMAIN}'}]}
",
        "=== staging root
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: other, namespace: flux-system}
spec: {path: ./other, postBuild: {substitute: {DOMAIN: example.org}}}
=== staging apps
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {values: {url: 'https://${DOMAIN}/'}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: two, namespace: web}
spec: {values: {url: 'https://${DOMAIN:=a}/'}}
",
    ];
    const SILENT: &[&str] = &["=== staging root
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: other, namespace: flux-system}
spec: {path: ./other, postBuild: {substitute: {DOMAIN: example.org, APP: a}}}
=== staging apps
---
apiVersion: v1
kind: ConfigMap
metadata: {name: script, namespace: web}
data: {run.sh: 'echo ${DOMAIN}'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: web}
spec:
  template:
    spec:
      containers:
        - name: main
          command: [sh, -c, 'echo ${APP}']
          env: [{name: DOMAIN, value: a}, {name: URL, value: 'https://${DOMAIN}/'}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec: {values: {a: '${DS_PROMETHEUS}', b: '$${DOMAIN}', config: \"line\\n${DOMAIN}\\n\"}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: two, namespace: web, annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}
spec: {values: {a: '${DOMAIN}'}}
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
