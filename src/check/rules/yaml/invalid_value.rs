//! A value that the API server refuses for its kind.

use super::schema::{Definitions, InvalidValue, refused};
use super::{kubernetes, validation};
use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "invalid-value",
    about: "a value of the wrong type or form, or a required field that is missing, as the API server judges the kind",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let definitions = Definitions::find(world);
    for object in world.objects() {
        let schemas = definitions.schemas(object);
        let of_schema = schemas.into_iter().map(|schema| refused(schema, &object.body)).min_by_key(Vec::len);
        let mut faults = of_schema.unwrap_or_default();
        faults.extend(kubernetes::read(&object.body).refused);
        faults.extend(validation::refused(&object.body));
        faults.extend(together(object));
        // `flux-no-prune` reports that one.
        let is_told = |fault: &InvalidValue| fault.path == "spec.prune" && fault.what.starts_with("is missing");
        for fault in faults.into_iter().filter(|fault| !is_told_as_text(fault) && !is_told(fault)) {
            let key = fault.path.rsplit(['.', ']']).next().unwrap_or_default();
            let needle = if key.is_empty() { String::new() } else { format!("{key}:") };
            let message = format!("{} {}", fault.path, fault.what);
            let why =
                "the API server refuses the object, and nothing that its Kustomization applies with it is applied";
            let fix = format!("correct it; `kubectl explain {}` says what is allowed", explained(object, &fault.path));
            found.push(world.finding(&RULE, object, &needle, message, why, fix));
        }
    }
}

/// The blocks in which `text-needed` reports what is no text.
const TEXTS: [&str; 6] = [
    "data.",
    "stringData.",
    "metadata.labels.",
    "metadata.annotations.",
    "spec.template.metadata.labels.",
    "spec.template.metadata.annotations.",
];

fn is_told_as_text(fault: &InvalidValue) -> bool {
    fault.what.ends_with("a text is required") && TEXTS.iter().any(|block| fault.path.starts_with(block))
}

/// Finds the fields of Flux's kinds that exclude or need each other, which their definitions say in CEL or their
/// controllers refuse.
fn together(object: &Object) -> Vec<InvalidValue> {
    let body = &object.body;
    let has = |pointer: &str| !at(body, pointer).is_null();
    let fault = |path: &str, what: &str| InvalidValue { path: path.to_owned(), what: what.to_owned() };
    let mut found = Vec::new();
    match (object.object.group.as_str(), object.kind()) {
        (known::HELM, "HelmRelease") if text(body, "/apiVersion").ends_with("/v2") => {
            if has("/spec/chart") && has("/spec/chartRef") {
                found.push(fault("spec.chartRef", "stands beside spec.chart, and only one of them is allowed"));
            } else if has("/spec") && !has("/spec/chart") && !has("/spec/chartRef") {
                found.push(fault("spec.chart", "is missing, and so is spec.chartRef: one of them is required"));
            }
        }
        (known::SOURCE, "HelmRepository") => {
            let (kind, url) = (text(body, "/spec/type"), text(body, "/spec/url"));
            if url.starts_with("oci://") && kind != "oci" {
                found.push(fault("spec.type", "is not oci, and the address begins with oci://"));
            } else if kind == "oci" && url.contains("://") && !url.starts_with("oci://") {
                found.push(fault("spec.url", "does not begin with oci://, and spec.type is oci"));
            }
        }
        (known::SOURCE, "OCIRepository") => {
            let url = text(body, "/spec/url");
            let last = url.rsplit('/').next().unwrap_or_default();
            if url.matches('/').count() > 2 && last.contains(':') && !url.contains("${") {
                found.push(fault("spec.url", "holds a tag, which belongs into spec.ref.tag"));
            }
        }
        _ => {}
    }
    found
}

/// Returns the argument of `kubectl explain`.
fn explained(object: &Object, path: &str) -> String {
    let mut parts = path.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once(']').map_or("", |(_, rest)| rest));
    }
    format!("{}.{plain}", object.kind().to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, found, object};

    fn flux(kind: &str, spec: &str) -> String {
        let group = match kind {
            "Kustomization" => "kustomize.toolkit.fluxcd.io/v1",
            "HelmRelease" => "helm.toolkit.fluxcd.io/v2",
            "Alert" => "notification.toolkit.fluxcd.io/v1beta3",
            _ => "source.toolkit.fluxcd.io/v1",
        };
        format!("---\napiVersion: {group}\nkind: {kind}\nmetadata: {{name: a, namespace: flux-system}}\nspec: {spec}\n")
    }

    #[test]
    fn the_kinds_of_flux_are_judged_without_their_definitions() {
        let whole = "interval: 10m, path: ./a, prune: true, sourceRef: {kind: GitRepository, name: a}";
        let chart = "chart: {spec: {chart: a, sourceRef: {kind: HelmRepository, name: a}}}";
        let fires = [
            flux("Kustomization", &format!("{{{whole}, retryInterval: 30}}")),
            flux("Kustomization", &format!("{{{whole}, timeout: 1d}}")),
            flux("Kustomization", &format!("{{{whole}, postBuild: {{substitute: {{A: 5}}}}}}")),
            flux("Kustomization", &format!("{{{whole}, dependsOn: [a]}}")),
            flux("Kustomization", &format!("{{{whole}, decryption: {{provider: age}}}}")),
            flux("Kustomization", "{path: ./a, prune: true, sourceRef: {kind: GitRepository, name: a}}"),
            flux(
                "Kustomization",
                &whole.replace("GitRepository", "gitrepository").replacen("interval", "{interval", 1).replacen(
                    "name: a}",
                    "name: a}}",
                    1,
                ),
            ),
            flux("HelmRelease", &format!("{{{chart}}}")),
            flux("HelmRelease", "{interval: 1h}"),
            flux("HelmRelease", &format!("{{interval: 1h, {chart}, chartRef: {{kind: OCIRepository, name: a}}}}")),
            flux(
                "HelmRelease",
                &format!("{{interval: 1h, {}}}", chart.replace("chart: a,", "chart: a, version: 1.0,")),
            ),
            flux("GitRepository", "{interval: 1m, url: \"git@github.com:a/b.git\"}"),
            flux("HelmRepository", "{interval: 1m, url: \"oci://ghcr.io/a\"}"),
            flux("HelmRepository", "{interval: 1m, type: oci, url: \"https://ghcr.io/a\"}"),
            flux("OCIRepository", "{interval: 1m, url: \"oci://ghcr.io/a/b:1.0\"}"),
            flux("OCIRepository", "{interval: 1m, url: \"ghcr.io/a/b\"}"),
            flux(
                "Alert",
                "{providerRef: {name: a}, eventSeverity: warn, eventSources: [{kind: Kustomization, name: a}]}",
            ),
        ];
        let silent = [
            flux("Kustomization", &format!("{{{whole}, timeout: \"${{TIMEOUT}}\", suspend: false}}")),
            flux(
                "HelmRelease",
                &format!("{{interval: 1h, {chart}, values: {{a: [1, {{b: c}}]}}, install: {{crds: CreateReplace}}}}"),
            ),
            flux("HelmRelease", "{interval: 1h, chartRef: {kind: OCIRepository, name: a}}"),
            flux("GitRepository", "{interval: 1m, url: \"ssh://git@github.com:22/a/b.git\", ref: {branch: main}}"),
            flux("OCIRepository", "{interval: 1m, url: \"oci://localhost:5000/a/b\", ref: {semver: \">=1.0\"}}"),
            flux("HelmRepository", "{interval: 1m, type: oci, url: \"oci://ghcr.io/a\"}"),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }

    #[test]
    fn the_kinds_of_kubernetes_are_judged_by_their_types() {
        let fires = [
            object("v1 Service web/a", "spec: {type: LoadBalancerr, ports: [{port: 80}]}"),
            object("v1 Service web/a", "spec: {ports: [{port: \"80\"}]}"),
            object(
                "batch/v1 CronJob web/a",
                "spec: {schedule: daily, jobTemplate: {spec: {template: {spec: {restartPolicy: Never}}}}}",
            ),
        ];
        assert_rule(&super::RULE, &fires, &[app()]);
        let told = found(
            &super::RULE,
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: web}\nspec: {ports: [{port: \"80\"}]}\n",
        );
        assert_eq!(told, ["staging Service/web/a: spec.ports[0].port is \"80\", and a whole number is required"]);
    }

    #[test]
    fn a_definition_of_the_environment_counts() {
        let thing = |spec: &str| {
            format!("---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: things.example.org}}
spec:
  group: example.org
  names: {{kind: Thing, plural: things}}
  scope: Namespaced
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, required: [n], properties: {{n: {{type: integer, minimum: 1}}, e: {{type: string, enum: [a, b]}}, p: {{x-kubernetes-int-or-string: true}}}}}}}}}}}}}}]
---
apiVersion: example.org/v1
kind: Thing
metadata: {{name: a, namespace: web}}
spec: {spec}
")
        };
        let fires = ["{n: \"5\"}", "{n: 0}", "{e: a}", "{n: 1, e: c}"].map(thing);
        let silent =
            ["{n: 1}", "{n: 1, e: a, p: http}", "{n: 1, p: 80}", "{n: \"${N}\"}", "{n: 1, e: null}"].map(thing);
        assert_rule(&super::RULE, &fires, &silent);
    }
}
